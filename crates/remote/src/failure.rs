//! What a service's error means, and what to do about it.

use std::time::Duration;

use lavr_model::{ModelError, ModelErrorKind};
use reqwest::StatusCode;
use serde_json::Value;

use crate::{Dialect, RemoteConfig, config::without_password, dialect::Quirks};

/// The longest message of a service that is passed on, in characters.
const LONGEST: usize = 300;

/// An error as a service tells it: `{"error": {"message", "code", "type", "param"}}`, or near it.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) message: String,
    code: String,
    param: String,
    /// How long to wait, where it is told here and not in a header.
    pub(crate) retry_after: Option<Duration>,
}

impl Told {
    pub(crate) fn new(message: &str, code: &str) -> Self {
        Self { message: shortened(message), code: code.to_owned(), ..Self::default() }
    }

    pub(crate) fn from_body(body: &[u8]) -> Self {
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => {
                // Some services wrap it in a list.
                let value = value.get(0).unwrap_or(&value);
                Self::from_value(value.get("error").unwrap_or(value))
            }
            Err(_) => Self { message: shortened(&String::from_utf8_lossy(body)), ..Self::default() },
        }
    }

    pub(crate) fn from_value(error: &Value) -> Self {
        let text = |name: &str| match error.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let message = match error {
            Value::String(message) => message.clone(),
            // A list of what is wrong with each field, as some frameworks give it.
            _ => match error.get("detail") {
                Some(detail @ (Value::Array(_) | Value::Object(_))) => detail.to_string(),
                _ => [text("message"), text("detail")].concat(),
            },
        };
        let code = [text("code"), text("type"), text("status"), details_of(error)].join(" ");
        Self { message: shortened(&message), code, param: text("param"), retry_after: retry_delay(error) }
    }

    fn says(&self, words: &[&str]) -> bool {
        let all = format!("{} {}", self.message, self.code).to_lowercase();
        words.iter().any(|word| all.contains(word))
    }

    /// What the service turns out to refuse, if it is something that can be left out.
    pub(crate) fn quirk(&self, known: Quirks) -> Option<Quirks> {
        let about = |name: &str| self.param == name || self.message.contains(name);
        let mut quirks = known;
        if about("max_completion_tokens") || (about("max_tokens") && self.says(&["unsupported"])) {
            quirks.completion_tokens = true;
        }
        if about("temperature") {
            quirks.no_temperature = true;
        }
        if about("seed") {
            quirks.no_seed = true;
        }
        if about("stream_options") {
            quirks.no_stream_options = true;
        }
        if about("reasoning.encrypted_content") || self.says(&["encrypted content"]) {
            quirks.no_encrypted_thoughts = true;
        }
        (quirks != known).then_some(quirks)
    }
}

/// The error for an answer that is no success.
pub(crate) fn of_status(
    config: &RemoteConfig,
    status: StatusCode,
    told: &Told,
    retry_after: Option<Duration>,
) -> ModelError {
    let variable = &config.key_variable;
    let (base, model) = (without_password(&config.base_url), &config.model);
    let (kind, advice) = match status.as_u16() {
        401 | 403 if config.key.is_none() => {
            (ModelErrorKind::Unauthorized, format!("the service wants a key; set {variable}"))
        }
        401 | 403 => (ModelErrorKind::Unauthorized, format!("the service refuses the key in {variable}")),
        404 => (
            ModelErrorKind::InvalidRequest,
            format!(
                "nothing is at {}, or it has no model `{model}`; check LAVR_BASE_URL{}, LAVR_MODEL and LAVR_PROVIDER",
                config.dialect.address(&base, model),
                if config.dialect == Dialect::Ollama { "" } else { " (it often ends in /v1)" },
            ),
        ),
        400 if told.says(&["api_key_invalid", "api key not valid"]) => {
            (ModelErrorKind::Unauthorized, format!("the service refuses the key in {variable}"))
        }
        400 | 402 | 429 if told.says(&["insufficient_quota", "billing", "credit balance"]) => {
            (ModelErrorKind::Unauthorized, format!("the account of the key in {variable} has no credit left"))
        }
        429 => (ModelErrorKind::RateLimited, "the service asks to slow down".to_owned()),
        400 | 413 | 422
            if told.says(&[
                "context_length",
                "context length",
                "context window",
                "context size",
                "too long",
                "too many tokens",
                "maximum number of tokens",
            ]) =>
        {
            (ModelErrorKind::InvalidRequest, "the request is longer than the model can take".to_owned())
        }
        413 => (
            ModelErrorKind::InvalidRequest,
            "the request is too large; send fewer or smaller images".to_owned(),
        ),
        400 | 422 if told.says(&["image"]) => (
            ModelErrorKind::InvalidRequest,
            "the service refuses the request; if the model sees no images, set LAVR_MODEL_IMAGES=0"
                .to_owned(),
        ),
        408 | 409 | 425 | 500..=599 => {
            (ModelErrorKind::Transient, format!("the service failed (HTTP {status})"))
        }
        300..=399 => (
            ModelErrorKind::InvalidRequest,
            format!("{base} redirects elsewhere; set LAVR_BASE_URL to where it leads"),
        ),
        _ => (ModelErrorKind::InvalidRequest, format!("the service refuses the request (HTTP {status})")),
    };
    let mut error = ModelError::new(kind, model, with_told(config, advice, &told.message));
    error.retry_after = retry_after.or(told.retry_after);
    error
}

/// The error for a failure that is told in the middle of a stream.
pub(crate) fn in_stream(config: &RemoteConfig, told: &Told) -> ModelError {
    let kind = if told.says(&[
        "context_length",
        "context length",
        "invalid_",
        "invalid argument",
        "image_",
        "missing_thought",
    ]) {
        ModelErrorKind::InvalidRequest
    } else if told.says(&["authentication_error", "permission_error"]) {
        ModelErrorKind::Unauthorized
    } else if told.says(&["rate_limit", "rate limit", "resource_exhausted", "429"]) {
        ModelErrorKind::RateLimited
    } else {
        ModelErrorKind::Transient
    };
    let advice = "the service failed in the middle of its reply".to_owned();
    let mut error = ModelError::new(kind, &config.model, with_told(config, advice, &told.message));
    error.retry_after = told.retry_after;
    error
}

/// The error for a request that got no answer, or a reply that broke.
pub(crate) fn of_network(config: &RemoteConfig, error: &reqwest::Error) -> ModelError {
    let base = without_password(&config.base_url);
    let message = if error.is_connect() {
        format!("{base} cannot be reached ({}); check LAVR_BASE_URL and the network", innermost(error))
    } else if error.is_timeout() {
        format!("{base} was silent for {} s", config.silence.as_secs())
    } else {
        format!("the connection to {base} broke ({})", innermost(error))
    };
    ModelError::new(ModelErrorKind::Transient, &config.model, message)
}

fn with_told(config: &RemoteConfig, advice: String, told: &str) -> String {
    let told = config.key.as_ref().map_or_else(|| told.to_owned(), |key| key.blot_out(told));
    if told.is_empty() { advice } else { format!("{advice} (it says: {told})") }
}

/// The innermost cause: the outer ones repeat the address.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    if cause.is::<reqwest::Error>() { "no further word".to_owned() } else { cause.to_string() }
}

/// Google's services tell more in a list: `"details": [{"reason": "API_KEY_INVALID"}, {"retryDelay": "17s"}]`.
fn details(error: &Value) -> impl Iterator<Item = &Value> {
    error.get("details").and_then(Value::as_array).into_iter().flatten()
}

fn details_of(error: &Value) -> String {
    let reasons: Vec<_> = details(error).filter_map(|detail| detail.get("reason")?.as_str()).collect();
    reasons.join(" ")
}

fn retry_delay(error: &Value) -> Option<Duration> {
    let delay = details(error).find_map(|detail| detail.get("retryDelay")?.as_str())?;
    Duration::try_from_secs_f64(delay.strip_suffix('s')?.parse().ok()?).ok()
}

/// One line, not too long: services send whole pages.
fn shortened(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{} ...", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> ModelError {
        let config = RemoteConfig::new("http://host/v1", "m").with_key("sk-1");
        of_status(&config, StatusCode::from_u16(status).unwrap(), &Told::from_body(body.as_bytes()), None)
    }

    #[test]
    fn each_failure_says_what_to_do() {
        use ModelErrorKind::{InvalidRequest, RateLimited, Transient, Unauthorized};
        for (status, body, kind, says) in [
            (
                401,
                r#"{"error":{"message":"bad key sk-1"}}"#,
                Unauthorized,
                "LAVR_API_KEY (it says: bad key (secret))",
            ),
            (404, "<html>Not Found</html>", InvalidRequest, "LAVR_BASE_URL (it often ends in /v1)"),
            (429, r#"{"error":{"code":"rate_limit_exceeded"}}"#, RateLimited, "slow down"),
            (429, r#"{"error":{"code":"insufficient_quota"}}"#, Unauthorized, "no credit"),
            (
                400,
                r#"{"error":{"code":"context_length_exceeded","message":"x"}}"#,
                InvalidRequest,
                "longer than",
            ),
            (400, r#"{"error":"image_url is not supported"}"#, InvalidRequest, "LAVR_MODEL_IMAGES=0"),
            (400, r#"{"detail":"what?"}"#, InvalidRequest, "it says: what?"),
            (400, r#"{"error":{"details":[{"reason":"API_KEY_INVALID"}]}}"#, Unauthorized, "refuses the key"),
            (
                400,
                r#"{"type":"error","error":{"message":"Your credit balance is too low"}}"#,
                Unauthorized,
                "no credit",
            ),
            (503, "", Transient, "503"),
            (529, r#"{"type":"error","error":{"type":"overloaded_error"}}"#, Transient, "529"),
            (302, "", InvalidRequest, "redirects"),
        ] {
            let error = of(status, body);
            assert_eq!(error.kind, kind, "{status} {body}: {error}");
            assert!(error.message.contains(says), "{status} {body}: {error}");
            assert!(!error.message.contains("sk-1"), "{error}");
        }
    }

    #[test]
    fn without_a_key_the_error_says_where_to_put_one() {
        let config = RemoteConfig::new("http://host/v1", "m");
        let error = of_status(&config, StatusCode::UNAUTHORIZED, &Told::default(), None);
        assert!(error.message.contains("set LAVR_API_KEY"), "{error}");
    }

    #[test]
    fn a_wait_that_is_told_in_the_body_counts() {
        let error = of(429, r#"{"error":{"status":"RESOURCE_EXHAUSTED","details":[{"retryDelay":"1.5s"}]}}"#);
        assert_eq!(
            (error.kind, error.retry_after),
            (ModelErrorKind::RateLimited, Some(Duration::from_millis(1500)))
        );
    }

    #[test]
    fn a_long_page_is_shortened() {
        let error = of(500, &"word\n".repeat(1000));
        assert!(error.message.len() < 500 && error.message.ends_with(" ...)"), "{error}");
    }

    #[test]
    fn what_can_be_left_out_is_learnt_once() {
        let told = Told::from_body(
            br#"{"error":{"message":"Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."}}"#,
        );
        let quirks = told.quirk(Quirks::default()).unwrap();
        assert!(quirks.completion_tokens && !quirks.no_temperature);
        assert_eq!(told.quirk(quirks), None);

        let told = Told::from_body(br#"{"detail":[{"type":"extra_forbidden","loc":["body","seed"]}]}"#);
        assert!(told.quirk(quirks).unwrap().no_seed);
        let told = Told::from_body(br#"[{"error":{"message":"Unknown name \"stream_options\""}}]"#);
        assert!(told.quirk(quirks).unwrap().no_stream_options);
    }
}
