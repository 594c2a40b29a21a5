//! Keys and passwords do not get into what is written: those that the process was given, and those in addresses.

use lavr_types::Secret;

/// What an environment variable is called that holds one.
const MARKS: [&str; 6] = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL"];

/// A shorter value would blot out words that are none.
const SHORTEST: usize = 8;

/// What stands in the place of user and password in an address.
const BLOT: &str = "(secret)";

/// The secrets that are known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Secrets(Vec<Secret>);

impl Secrets {
    /// What variables hold that are named like `LAVR_API_KEY` or `HF_TOKEN`, and the values of OTLP headers.
    pub(crate) fn from_environment() -> Self {
        Self::from_variables(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?))),
        )
    }

    fn from_variables(variables: impl Iterator<Item = (String, String)>) -> Self {
        let mut secrets = Vec::new();
        for (name, value) in variables {
            let name = name.to_ascii_uppercase();
            if MARKS.iter().any(|mark| name.contains(mark)) {
                secrets.push(value);
            } else if name.ends_with("_HEADERS") {
                // `name=value,name=value`
                secrets.extend(
                    value.split(',').filter_map(|pair| Some(pair.split_once('=')?.1.trim().to_owned())),
                );
            }
        }
        let mut all = Self::default();
        secrets.iter().for_each(|secret| all.add(secret));
        all
    }

    pub(crate) fn add(&mut self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        self.0.push(Secret::new(secret));
        // As it stands within a JSON string.
        let written = serde_json::to_string(secret).unwrap_or_default();
        let written = written.trim_matches('"');
        if written != secret {
            self.0.push(Secret::new(written));
        }
    }

    /// The text without them.
    pub(crate) fn blot_out(&self, text: String) -> String {
        let text = self.0.iter().fold(text, |text, secret| {
            if text.contains(secret.reveal()) { secret.blot_out(&text) } else { text }
        });
        without_credentials(text)
    }
}

/// Blots out `user:password` of each address `scheme://user:password@host`.
pub(crate) fn without_credentials(text: String) -> String {
    if !text.contains("://") {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let ends = |c: char| c.is_whitespace() || c.is_control() || "/\\?#\"'<>`".contains(c);
        let authority = after.find(ends).map_or(after, |end| &after[..end]);
        if let Some(host) = authority.rfind('@') {
            out.push_str(BLOT);
            rest = &after[host..];
        } else {
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_variables_of_such_names_hold_is_blotted_out_in_every_form_of_writing() {
        let variables = [
            ("LAVR_API_KEY", "planted-key-1"),
            ("HF_TOKEN", "hf_planted-2"),
            ("DB_PASSWORD", "quo\"te\\d-3"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "api-key=planted-key-4, x=short"),
            ("HOME", "/home/somebody"),
            ("EMPTY_KEY", ""),
        ];
        let secrets =
            Secrets::from_variables(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        let text = "planted-key-1 hf_planted-2 planted-key-4 short /home/somebody";
        assert_eq!(secrets.blot_out(text.into()), "(secret) (secret) (secret) short /home/somebody");
        let json = serde_json::to_string("it is quo\"te\\d-3!").unwrap();
        assert_eq!(secrets.blot_out(json), "\"it is (secret)!\"");
    }

    #[test]
    fn addresses_lose_their_user_and_password_and_nothing_else() {
        for (given, kept) in [
            (
                "see http://me:pass@host/a?b=c and https://host/x@y",
                "see http://(secret)@host/a?b=c and https://host/x@y",
            ),
            ("{\"u\":\"http://token@host\"}", "{\"u\":\"http://(secret)@host\"}"),
            ("a://b://c@d", "a://b://(secret)@d"),
            ("mail me@host", "mail me@host"),
            ("://", "://"),
            ("https://ü@ö/", "https://(secret)@ö/"),
        ] {
            assert_eq!(without_credentials(given.into()), kept);
        }
    }
}
