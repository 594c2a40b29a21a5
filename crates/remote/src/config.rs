//! Which service, which model, which key.

use std::{env, fmt, path::Path, time::Duration};

use lavr_model::{Capabilities, ModelError, ModelErrorKind, Price, PriceTable};
use lavr_types::Secret;
use reqwest::Url;

use crate::{Dialect, Retry};

/// Room for what a model thinks before it speaks, at services whose models do.
const THOUGHT_TOKENS: usize = 4096;

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
    /// What the service speaks.
    pub dialect: Dialect,
    /// The address that the dialect's path is appended to, such as `http://localhost:8080/v1` for chat completions.
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
    /// How many tokens the model may think before it speaks, beyond the limit of the reply.
    pub thought_tokens: usize,
    /// What its tokens cost. Without it, the price that was noted for the model at this address counts
    /// ([`PriceTable::built_in`]), if there is one.
    pub price: Option<Price>,
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
            .field("dialect", &self.dialect)
            .field("base_url", &without_password(&self.base_url))
            .field("key", &self.key)
            .field("model", &self.model)
            .field("images", &self.images)
            .field("native_tools", &self.native_tools)
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

/// In one line, for people: the model, where it is, what it can do, and what it costs.
impl fmt::Display for RemoteConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = match &self.key {
            Some(_) => format!("key from {}", self.key_variable),
            None => format!("no key ({} is not set)", self.key_variable),
        };
        let eyes = match (self.images, self.images_in_tool_results) {
            (false, _) => "sees no images",
            (true, false) => "sees images",
            (true, true) => "sees images, in results too",
        };
        let calls = if self.native_tools { "own tool calls" } else { "no tool calls of its own" };
        let cost = match self.price() {
            Some(price) => format!("${} in, ${} out a million tokens", price.input, price.output),
            None => "price unknown".to_owned(),
        };
        let base = without_password(&self.base_url);
        write!(formatter, "{} at {base} ({}); {key}; {eyes}; {calls}; {cost}", self.model, self.dialect)
    }
}

impl RemoteConfig {
    /// A model at an address that speaks chat completions, without a key: it sees images, calls tools and follows schemas.
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self::speaking(Dialect::ChatCompletions, base_url, model)
    }

    /// As [`Self::new`], for a service that speaks this dialect ([`Dialect::base_url`] is where it comes from).
    pub fn speaking(dialect: Dialect, base_url: impl Into<String>, model: impl Into<String>) -> Self {
        let base_url: String = base_url.into();
        let thinks = matches!(dialect, Dialect::Responses | Dialect::Anthropic | Dialect::Gemini);
        Self {
            dialect,
            base_url: base_url.trim_end_matches('/').to_owned(),
            key: None,
            key_variable: "LAVR_API_KEY".to_owned(),
            model: model.into(),
            images: true,
            images_in_tool_results: matches!(dialect, Dialect::Responses | Dialect::Anthropic),
            max_images: 8,
            // A square of this side is what every model of Anthropic sees pixel for pixel; larger ones are shrunk there, and
            // what a model says of places in them no longer fits (docs: "Coordinates and bounding boxes").
            longest_side: if dialect == Dialect::Anthropic { 1092 } else { 1024 },
            native_tools: true,
            schema: if dialect == Dialect::Ollama { SchemaMode::AsItIs } else { SchemaMode::default() },
            // Ollama sets so much memory aside.
            context_tokens: if dialect == Dialect::Ollama { 8192 } else { 128_000 },
            thought_tokens: if thinks { THOUGHT_TOKENS } else { 0 },
            price: None,
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
    /// out by accident. `LAVR_PROVIDER` says what the service speaks ([`Dialect::name`], else `openai`), `LAVR_BASE_URL`
    /// where it is, else the provider's own variable (`OPENAI_BASE_URL`, `ANTHROPIC_BASE_URL`, `OLLAMA_HOST`), else its
    /// public address.
    ///
    /// The key is `LAVR_API_KEY`. The provider's own (`OPENAI_API_KEY`, `ANTHROPIC_API_KEY`, `GEMINI_API_KEY` or
    /// `GOOGLE_API_KEY`, `OLLAMA_API_KEY`) goes to the provider alone, not to another address in `LAVR_BASE_URL`.
    ///
    /// `LAVR_MODEL_IMAGES=0` says that the model sees no images, `LAVR_MODEL_TOOLS=0` that it has no tool calls of its own,
    /// `LAVR_MODEL_SCHEMA=0` that it follows no schema; `LAVR_MODEL_TOOL_IMAGES` (0 or 1) whether images may stand within
    /// results. `LAVR_MODEL_MAX_IMAGES`, `LAVR_MODEL_IMAGE_SIDE`, `LAVR_MODEL_CONTEXT` and `LAVR_MODEL_THOUGHT_TOKENS` are
    /// numbers for the fields of those names. `LAVR_PRICES` names a file with prices ([`PriceTable`]) that go before those
    /// that were noted.
    ///
    /// # Errors
    /// When an address or a provider is set for lavr but no model, a value is none of those allowed, or the file with
    /// prices cannot be read.
    pub fn from_environment() -> Result<Option<Self>, ModelError> {
        Self::from_variables(|name| env::var(name).ok().filter(|value| !value.trim().is_empty()))
    }

    fn from_variables(get: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, ModelError> {
        let invalid =
            |message: String| ModelError::new(ModelErrorKind::InvalidRequest, "remote model", message);
        let Some(model) = get("LAVR_MODEL") else {
            return match ["LAVR_BASE_URL", "LAVR_PROVIDER"].into_iter().find(|name| get(name).is_some()) {
                Some(set) => Err(invalid(format!(
                    "{set} is set, but LAVR_MODEL is not: set it to the model's name at that service"
                ))),
                None => Ok(None),
            };
        };
        let dialect = match get("LAVR_PROVIDER") {
            Some(name) => name.trim().parse::<Dialect>().map_err(invalid)?,
            None => Dialect::default(),
        };
        let own_address = own_address(dialect, &get);
        let base_url = get("LAVR_BASE_URL").map(|url| url.trim().to_owned());
        let mut config = Self::speaking(dialect, base_url.as_ref().unwrap_or(&own_address), model.trim());
        // A provider's key is for the provider.
        let own = [own_address.as_str(), dialect.base_url()].map(host_of).contains(&config.host());
        let own_keys = if own { dialect.key_variables() } else { &[] };
        for variable in ["LAVR_API_KEY"].iter().chain(own_keys) {
            if let Some(key) = get(variable) {
                config.key = Some(Secret::new(key.trim()));
                (*variable).clone_into(&mut config.key_variable);
                break;
            }
        }
        if let (None, Some(variable)) = (&config.key, own_keys.first()) {
            (*variable).clone_into(&mut config.key_variable);
        }
        config.set_abilities(&get)?;
        if let Some(path) = get("LAVR_PRICES") {
            let table =
                PriceTable::load(Path::new(path.trim())).map_err(|error| invalid(error.to_string()))?;
            config.price = table.find(config.host().as_deref(), &config.model).map(|quote| quote.price);
        }
        Ok(Some(config))
    }

    /// What the environment says of the model itself.
    fn set_abilities(&mut self, get: impl Fn(&str) -> Option<String>) -> Result<(), ModelError> {
        let switch = |name: &str| {
            get(name).map(|value| !matches!(value.trim().to_lowercase().as_str(), "0" | "false" | "no"))
        };
        self.images = switch("LAVR_MODEL_IMAGES").unwrap_or(self.images);
        self.native_tools = switch("LAVR_MODEL_TOOLS").unwrap_or(self.native_tools);
        self.images_in_tool_results = switch("LAVR_MODEL_TOOL_IMAGES").unwrap_or(self.images_in_tool_results);
        if switch("LAVR_MODEL_SCHEMA") == Some(false) {
            self.schema = SchemaMode::Off;
        }
        let number = |name: &str, otherwise: usize| match get(name) {
            None => Ok(otherwise),
            Some(value) => value.trim().parse().map_err(|_| {
                let message = format!("{name} is `{value}`, but must be a whole number");
                ModelError::new(ModelErrorKind::InvalidRequest, &self.model, message)
            }),
        };
        let max_images = number("LAVR_MODEL_MAX_IMAGES", self.max_images)?;
        let longest_side = number("LAVR_MODEL_IMAGE_SIDE", self.longest_side as usize)?;
        let context_tokens = number("LAVR_MODEL_CONTEXT", self.context_tokens)?;
        let thought_tokens = number("LAVR_MODEL_THOUGHT_TOKENS", self.thought_tokens)?;
        self.max_images = max_images;
        self.longest_side = u32::try_from(longest_side.max(1)).unwrap_or(u32::MAX);
        self.context_tokens = context_tokens;
        self.thought_tokens = thought_tokens;
        Ok(())
    }

    /// The host of the address; `None` where it is no address.
    pub fn host(&self) -> Option<String> {
        host_of(&self.base_url)
    }

    /// The price that counts: the one that was set, else the one that was noted.
    fn price(&self) -> Option<Price> {
        let noted = || PriceTable::built_in().find(self.host().as_deref(), &self.model);
        self.price.or_else(|| noted().map(|quote| quote.price))
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
            thought_tokens: self.thought_tokens,
            price: self.price(),
        }
    }
}

fn host_of(address: &str) -> Option<String> {
    Url::parse(address).ok()?.host_str().map(str::to_owned)
}

/// Where the provider's own variable says that its service is, else its public address.
fn own_address(dialect: Dialect, get: impl Fn(&str) -> Option<String>) -> String {
    let said = match dialect {
        Dialect::ChatCompletions | Dialect::Responses => get("OPENAI_BASE_URL"),
        // That variable is the address without the version.
        Dialect::Anthropic => get("ANTHROPIC_BASE_URL").map(|url| {
            let url = url.trim().trim_end_matches('/').trim_end_matches("/v1").to_owned();
            format!("{url}/v1")
        }),
        Dialect::Gemini => None,
        Dialect::Ollama => get("OLLAMA_HOST").map(|host| ollama_address(host.trim())),
    };
    said.map_or_else(|| dialect.base_url().to_owned(), |url| url.trim().to_owned())
}

/// Ollama's variable says where its server listens: a host, a port, both, or a whole address.
fn ollama_address(host: &str) -> String {
    let (scheme, host) = host.split_once("://").unwrap_or(("http", host));
    let host = host.trim_end_matches('/');
    let (name, port) = match host.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => {
            (name, port)
        }
        _ if scheme == "https" => (host, "443"),
        _ => (host, "11434"),
    };
    // Where it listens everywhere, it is reached here.
    let name = if matches!(name, "" | "0.0.0.0" | "[::]") { "127.0.0.1" } else { name };
    format!("{scheme}://{name}:{port}")
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
    fn a_providers_key_goes_to_the_provider_alone() {
        let at = |address: &'static str| {
            let get = |name: &str| match name {
                "LAVR_MODEL" => Some("m".to_owned()),
                "LAVR_BASE_URL" => Some(address.to_owned()),
                "OPENAI_API_KEY" => Some("sk-openai".to_owned()),
                _ => None,
            };
            RemoteConfig::from_variables(get).unwrap().unwrap()
        };
        let elsewhere = at("http://localhost:8080/v1");
        assert_eq!((elsewhere.key, elsewhere.key_variable.as_str()), (None, "LAVR_API_KEY"));
        assert_eq!(at("https://api.openai.com/v1").key, Some(Secret::new("sk-openai")));
    }

    #[test]
    fn each_provider_has_its_address_and_its_key() {
        let variables: &[(&str, &str)] = &[
            ("LAVR_MODEL", "m"),
            ("OPENAI_API_KEY", "o"),
            ("ANTHROPIC_API_KEY", "a"),
            ("GOOGLE_API_KEY", "g"),
            ("ANTHROPIC_BASE_URL", "https://proxy.example/"),
            ("OLLAMA_HOST", "0.0.0.0"),
        ];
        let of = |dialect: Dialect| {
            let get = |name: &str| match name {
                "LAVR_PROVIDER" => Some(dialect.name().to_owned()),
                _ => variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
            };
            let config = RemoteConfig::from_variables(get).unwrap().unwrap();
            assert_eq!(config.dialect, dialect);
            (config.base_url, config.key_variable, config.key.map(|key| key.reveal().to_owned()))
        };
        let expected = |url: &str, variable: &str, key: Option<&str>| {
            (url.to_owned(), variable.to_owned(), key.map(str::to_owned))
        };
        let openai = expected("https://api.openai.com/v1", "OPENAI_API_KEY", Some("o"));
        assert_eq!(of(Dialect::ChatCompletions), openai);
        assert_eq!(of(Dialect::Responses), openai);
        assert_eq!(
            of(Dialect::Anthropic),
            expected("https://proxy.example/v1", "ANTHROPIC_API_KEY", Some("a"))
        );
        let google = "https://generativelanguage.googleapis.com/v1beta";
        assert_eq!(of(Dialect::Gemini), expected(google, "GOOGLE_API_KEY", Some("g")));
        assert_eq!(of(Dialect::Ollama), expected("http://127.0.0.1:11434", "OLLAMA_API_KEY", None));
    }

    #[test]
    fn what_is_no_provider_and_no_number_is_told_with_what_there_is() {
        let error = with(&[("LAVR_MODEL", "m"), ("LAVR_PROVIDER", "claude")]).unwrap_err();
        assert!(error.message.contains("anthropic"), "{error}");
        let error = with(&[("LAVR_MODEL", "m"), ("LAVR_MODEL_CONTEXT", "lots")]).unwrap_err();
        assert!(error.message.contains("LAVR_MODEL_CONTEXT"), "{error}");
        assert!(with(&[("LAVR_PROVIDER", "gemini")]).unwrap_err().message.contains("LAVR_PROVIDER"));
    }

    #[test]
    fn where_ollama_listens_is_where_it_is_asked() {
        for (host, address) in [
            ("127.0.0.1:8000", "http://127.0.0.1:8000"),
            (":8000", "http://127.0.0.1:8000"),
            ("box", "http://box:11434"),
            ("https://box.example", "https://box.example:443"),
            ("http://box:1/", "http://box:1"),
        ] {
            assert_eq!(ollama_address(host), address);
        }
    }

    #[test]
    fn switches_limit_what_the_model_can_do() {
        let config = with(&[("LAVR_MODEL", "m"), ("LAVR_MODEL_IMAGES", "0"), ("LAVR_MODEL_SCHEMA", "0")]);
        let capabilities = config.unwrap().unwrap().capabilities();
        assert!(!capabilities.images && !capabilities.schema && capabilities.native_tools);
        assert_eq!(capabilities.max_images, 0);
    }

    #[test]
    fn a_price_is_the_users_else_what_was_noted_for_that_address() {
        let noted = RemoteConfig::new(Dialect::Responses.base_url(), "gpt-4.1-2025-04-14");
        assert_eq!(noted.capabilities().price.map(|price| price.output), Some(8.0));
        assert_eq!(RemoteConfig::new("http://localhost:8080/v1", "gpt-4.1").capabilities().price, None);
        let own = RemoteConfig { price: Some(Price::new(1.0, 2.0)), ..noted };
        assert_eq!(own.capabilities().price, Some(Price::new(1.0, 2.0)));

        let missing = with(&[("LAVR_MODEL", "m"), ("LAVR_PRICES", "/nowhere/prices.toml")]).unwrap_err();
        assert!(missing.message.contains("/nowhere/prices.toml"), "{missing}");
    }

    #[test]
    fn neither_key_nor_password_is_shown() {
        let config = RemoteConfig::new("https://user:pass@host/v1", "m").with_key("sk-secret");
        let shown = format!("{config:?}");
        assert!(!shown.contains("sk-secret") && !shown.contains("pass@"), "{shown}");
        assert!(shown.contains("https://host/v1"), "{shown}");
        let told = config.to_string();
        assert!(!told.contains("sk-secret") && !told.contains("pass@"), "{told}");
        assert!(told.contains("m at https://host/v1 (openai)") && told.contains("price unknown"), "{told}");
    }
}
