//! From a text to an address that may be asked, as far as its spelling tells.

use reqwest::Url;

use crate::{FetchError, FetchPolicy};

/// Where a request would go. Nothing is resolved yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) url: Url,
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Target {
    /// Reads the address that a person or program handed in.
    pub(crate) fn parse(text: &str, policy: &FetchPolicy) -> Result<Self, FetchError> {
        Self::checked(text, Url::parse(text.trim()).ok(), policy)
    }

    /// Reads where an answer of this target leads on to.
    pub(crate) fn led_on(&self, location: &str, policy: &FetchPolicy) -> Result<Self, FetchError> {
        let next = Self::checked(location, self.url.join(location.trim()).ok(), policy)?;
        if self.url.scheme() == "https" && next.url.scheme() != "https" {
            return Err(refused(location, "it leads from https to http, where anybody may change it"));
        }
        Ok(next)
    }

    fn checked(text: &str, url: Option<Url>, policy: &FetchPolicy) -> Result<Self, FetchError> {
        let text = text.trim();
        // Such signs are dropped or turned by readers of addresses, each in its own way.
        if text.chars().any(|sign| sign.is_control() || sign.is_whitespace() || sign == '\\') {
            return Err(refused(text, "there are blanks, controls or backslashes in it: write it without"));
        }
        // `https:host` and `https:/host` are read as addresses, too, but nobody writes them who means well.
        let scheme_alone = text.split_once(':').is_some_and(|(scheme, rest)| {
            matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") && !rest.starts_with("//")
        });
        let url = url
            .filter(|_| !scheme_alone)
            .ok_or_else(|| refused(text, "it is no address: it should look like https://host/picture.jpg"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(refused(text, "only http and https are fetched"));
        }
        if !url.username().is_empty()
            || url.password().is_some()
            || authority(text).is_some_and(|it| it.contains('@'))
        {
            return Err(refused(text, "there is a user or a password in it: take them out"));
        }
        let host =
            url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() {
            return Err(refused(text, "it names no host"));
        }
        if host.parse::<std::net::Ipv4Addr>().is_ok() && authority(text).is_some_and(|it| host_of(it) != host)
        {
            return Err(refused(
                text,
                "its host is a number in disguise: write four numbers with dots, or a name",
            ));
        }
        let port = url.port_or_known_default().unwrap_or_default();
        if !policy.ports.contains(&port) && !policy.permitted.iter().any(|address| address.port() == port) {
            let ports: Vec<String> = policy.ports.iter().map(u16::to_string).collect();
            let why = format!("port {port} is not allowed, only {}", ports.join(" and "));
            return Err(refused(text, &why));
        }
        Ok(Self { url, host, port })
    }

    /// The address for people: without what may be a secret.
    pub(crate) fn shown(&self) -> String {
        shown(self.url.as_str())
    }
}

fn refused(text: &str, why: &str) -> FetchError {
    FetchError::Address { address: shown(text), why: why.to_owned() }
}

/// The part between `//` and the path, as it was written.
fn authority(text: &str) -> Option<&str> {
    let rest = text
        .split_once(':')
        .map_or(text, |(_, rest)| rest)
        .strip_prefix("//")
        .or_else(|| text.strip_prefix("//"))?;
    rest.split(['/', '?', '#']).next()
}

/// The authority without its port.
fn host_of(authority: &str) -> &str {
    authority.rsplit_once(':').map_or(authority, |(host, _)| host)
}

/// Without user and password, query and fragment; controls made visible, and no longer than a line.
fn shown(text: &str) -> String {
    let text = text.split(['?', '#']).next().unwrap_or_default();
    let text = match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!("{}://{}", &text[..scheme], &text[at + 1..]),
        _ => text.to_owned(),
    };
    let clean = text.chars().map(|sign| if sign.is_control() { char::REPLACEMENT_CHARACTER } else { sign });
    clean.take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(text: &str) -> String {
        match Target::parse(text, &FetchPolicy::default()) {
            Ok(target) => panic!("{text} is let through as {target:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn plain_addresses_are_read() {
        for (text, host, port) in [
            ("https://example.org/a.png", "example.org", 443),
            ("http://example.org:80/a.png?x=1#y", "example.org", 80),
            (" https://8.8.8.8/a.png ", "8.8.8.8", 443),
            ("https://[2606:4700::1111]/", "2606:4700::1111", 443),
            ("HTTPS://EXAMPLE.org", "example.org", 443),
            ("https://bücher.example/", "xn--bcher-kva.example", 443),
        ] {
            let target = Target::parse(text, &FetchPolicy::default()).unwrap();
            assert_eq!((target.host.as_str(), target.port), (host, port), "{text}");
        }
    }

    #[test]
    fn numbers_in_disguise_are_refused_even_where_they_are_public() {
        for text in [
            "http://134744072/",
            "http://0x8.8.8.8/",
            "http://0x08080808/",
            "http://010.8.8.8/",
            "http://8.8.2056/",
            "http://8.526344/",
            "http://８.8.8.8/",
            "http://8。8。8。8/",
            "http://2130706433/",
            "http://127.1/",
            "http://0177.0.0.1/",
            "http://%38.8.8.8/",
            "http://8.8.8.8./",
        ] {
            assert!(why(text).contains("number in disguise"), "{text}: {}", why(text));
        }
    }

    #[test]
    fn what_is_no_plain_address_is_refused_with_what_to_do() {
        for (text, words) in [
            ("ftp://example.org/a.png", "only http and https"),
            ("file:///etc/passwd", "only http and https"),
            ("data:image/png;base64,AAAA", "only http and https"),
            ("gopher://example.org:70/", "only http and https"),
            ("https://user:secret@example.org/", "user or a password"),
            ("https://user@example.org/", "user or a password"),
            ("https://@example.org/", "user or a password"),
            ("https://example.org:8080/", "port 8080 is not allowed, only 80 and 443"),
            ("http://example.org:22/", "port 22"),
            ("https://example.org\\@evil.example/", "backslashes"),
            ("https://exam\nple.org/", "controls"),
            ("https://example.org/a b", "blanks"),
            ("photo.png", "no address"),
            ("//example.org/a.png", "no address"),
            ("https://", "no address"),
            ("", "no address"),
            ("https:example.org", "no address"),
            ("https:/example.org", "no address"),
        ] {
            assert!(why(text).contains(words), "{text}: {}", why(text));
        }
        assert!(!why("https://user:secret@example.org/?key=secret").contains("secret"));
    }

    #[test]
    fn where_an_answer_leads_on_to_is_read_as_strictly() {
        let policy = FetchPolicy::default();
        let start = Target::parse("https://example.org/a/b.png", &policy).unwrap();
        let next = |location: &str| start.led_on(location, &policy);
        assert_eq!(next("../c.png").unwrap().url.as_str(), "https://example.org/c.png");
        assert_eq!(next("//cdn.example/c.png").unwrap().host, "cdn.example");
        assert_eq!(next("https://cdn.example/?a").unwrap().host, "cdn.example");
        for location in [
            "http://example.org/c.png",
            "//134744072/",
            "https://0x8.8.8.8/",
            "https://u:p@example.org/",
            "file:///etc/passwd",
            "https://example.org:8443/",
            "//u@example.org/",
        ] {
            assert!(next(location).is_err(), "{location}");
        }
    }
}
