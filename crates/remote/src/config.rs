//! Which service, which model, which key.

use std::{env, fmt, time::Duration};

use lavr_model::{Capabilities, ModelError, ModelErrorKind};
use lavr_types::Secret;

use crate::Retry;

/// The service that `OPENAI_API_KEY` is for.
const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";

/// How a schema for the reply is put to the service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SchemaMode {
    /// In the strict dialect ([`crate::strict`]); a schema that it cannot express goes out as it is, as a hint.
    #[default]
    StrictOrHint,
    /// In the strict dialect; a schema that it cannot express is an error.
    Strict,
    /// As it is. For services that take any schema, as llama.cpp's and vLLM's servers do.
    AsItIs,
    /// Not at all: the model is not said to follow schemas.
    Off,
}

/// Which service, which model, which key. [`fmt::Debug`] does not show the key.
#[derive(Clone)]
pub struct RemoteConfig {
    /// The address that `/chat/completions` is appended to, such as `http://localhost:8080/v1`.
    pub base_url: String,
    /// The key, where the service wants one.
    pub key: Option<Secret>,
    /// The variable that the key comes from, or that it should be put into: errors name it.
    pub key_variable: String,
    /// The model's name at the service.
    pub model: String,
    /// Whether the model sees images.
    pub images: bool,
    /// Whether images may stand inside tool results; else they follow in a user message.
    pub images_in_tool_results: bool,
    /// The most images that one request may hold; older ones are replaced by their alternative text.
    pub max_images: usize,
    /// The longest side of an image that is sent, in pixels.
    pub longest_side: u32,
    /// Whether the model calls tools in the service's own format.
    pub native_tools: bool,
    /// How a schema for the reply is put to the service.
    pub schema: SchemaMode,
    /// How many tokens of request and reply the model can hold.
    pub context_tokens: usize,
    /// How long a connection may take to stand.
    pub connect_timeout: Duration,
    /// How long the service may be silent, before its reply and within it.
    pub silence: Duration,
    /// What is done when a request fails in a way that may pass.
    pub retry: Retry,
    /// The most bytes of one reply.
    pub most_bytes: usize,
}

impl fmt::Debug for RemoteConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RemoteConfig")
            .field("base_url", &without_password(&self.base_url))
            .field("key", &self.key)
            .field("model", &self.model)
            .field("images", &self.images)
            .field("native_tools", &self.native_tools)
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

impl RemoteConfig {
    /// A model at an address, without a key: it sees images, calls tools and follows schemas.
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        let base_url: String = base_url.into();
        Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            key: None,
            key_variable: "LAVR_API_KEY".to_owned(),
            model: model.into(),
            images: true,
            images_in_tool_results: false,
            max_images: 8,
            longest_side: 1024,
            native_tools: true,
            schema: SchemaMode::default(),
            context_tokens: 128_000,
            connect_timeout: Duration::from_secs(10),
            silence: Duration::from_secs(180),
            retry: Retry::default(),
            most_bytes: 32 << 20,
        }
    }

    /// With a key.
    #[must_use]
    pub fn with_key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(Secret::new(key));
        self
    }

    /// As the environment says. `LAVR_MODEL` names the model; without it there is none, so that no picture goes
    /// out by accident. `LAVR_BASE_URL` (else `OPENAI_BASE_URL`, else the public service) and `LAVR_API_KEY`
    /// (else `OPENAI_API_KEY`) say where and with which key; `LAVR_MODEL_IMAGES=0` and `LAVR_MODEL_TOOLS=0` that
    /// the model sees no images or has no tool calls of its own, `LAVR_MODEL_SCHEMA=0` that it follows no schema.
    ///
    /// # Errors
    /// When an address is set for lavr but no model.
    pub fn from_environment() -> Result<Option<Self>, ModelError> {
        Self::from_variables(|name| env::var(name).ok().filter(|value| !value.trim().is_empty()))
    }

    fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, ModelError> {
        let Some(model) = get("LAVR_MODEL") else {
            if get("LAVR_BASE_URL").is_some() {
                let message =
                    "LAVR_BASE_URL is set, but LAVR_MODEL is not: set it to the model's name at that address";
                return Err(ModelError::new(ModelErrorKind::InvalidRequest, "remote model", message));
            }
            return Ok(None);
        };
        let base_url = get("LAVR_BASE_URL").or_else(|| get("OPENAI_BASE_URL"));
        let mut config = Self::new(base_url.unwrap_or_else(|| DEFAULT_BASE_URL.to_owned()), model);
        for variable in ["LAVR_API_KEY", "OPENAI_API_KEY"] {
            if let Some(key) = get(variable) {
                config.key = Some(Secret::new(key.trim()));
                variable.clone_into(&mut config.key_variable);
                break;
            }
        }
        let off = |name: &str| get(name).is_some_and(|value| matches!(value.trim(), "0" | "false" | "no"));
        config.images = !off("LAVR_MODEL_IMAGES");
        config.native_tools = !off("LAVR_MODEL_TOOLS");
        if off("LAVR_MODEL_SCHEMA") {
            config.schema = SchemaMode::Off;
        }
        Ok(Some(config))
    }

    pub(crate) fn capabilities(&self) -> Capabilities {
        Capabilities {
            name: self.model.clone(),
            images: self.images,
            images_in_tool_results: self.images_in_tool_results,
            max_images: if self.images { self.max_images } else { 0 },
            longest_side: self.longest_side,
            native_tools: self.native_tools,
            schema: self.schema != SchemaMode::Off,
            context_tokens: self.context_tokens,
        }
    }
}

/// An address may hold a password: `https://user:password@host/`.
pub(crate) fn without_password(address: &str) -> String {
    match (address.find("://"), address.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!("{}://{}", &address[..scheme], &address[at + 1..]),
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(variables: &'static [(&'static str, &'static str)]) -> Result<Option<RemoteConfig>, ModelError> {
        RemoteConfig::from_variables(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_key_for_other_programs_alone_makes_no_model() {
        assert!(with(&[("OPENAI_API_KEY", "sk-other")]).unwrap().is_none());
    }

    #[test]
    fn lavrs_own_variables_win() {
        let config = with(&[
            ("LAVR_MODEL", "m"),
            ("LAVR_BASE_URL", "http://here/v1/"),
            ("OPENAI_BASE_URL", "http://there"),
            ("LAVR_API_KEY", "one"),
            ("OPENAI_API_KEY", "two"),
        ]);
        let config = config.unwrap().unwrap();
        assert_eq!(
            (config.base_url.as_str(), config.key_variable.as_str()),
            ("http://here/v1", "LAVR_API_KEY")
        );
        assert_eq!(config.key, Some(Secret::new("one")));
    }

    #[test]
    fn an_address_without_a_model_is_an_error_that_says_what_to_set() {
        assert!(with(&[("LAVR_BASE_URL", "http://here")]).unwrap_err().message.contains("LAVR_MODEL"));
    }

    #[test]
    fn switches_limit_what_the_model_can_do() {
        let config = with(&[("LAVR_MODEL", "m"), ("LAVR_MODEL_IMAGES", "0"), ("LAVR_MODEL_SCHEMA", "0")]);
        let capabilities = config.unwrap().unwrap().capabilities();
        assert!(!capabilities.images && !capabilities.schema && capabilities.native_tools);
        assert_eq!(capabilities.max_images, 0);
    }

    #[test]
    fn neither_key_nor_password_is_shown() {
        let config = RemoteConfig::new("https://user:pass@host/v1", "m").with_key("sk-secret");
        let shown = format!("{config:?}");
        assert!(!shown.contains("sk-secret") && !shown.contains("pass@"), "{shown}");
        assert!(shown.contains("https://host/v1"), "{shown}");
    }
}
