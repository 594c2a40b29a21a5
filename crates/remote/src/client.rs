//! The model: asks, asks again, and streams what comes.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use async_trait::async_trait;
use futures::{StreamExt, stream};
use lavr_model::{
    CancellationToken, Capabilities, ChatModel, ModelError, ModelErrorKind, TurnRequest, TurnStream,
};
use lavr_types::ImageSource;
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{ACCEPT, CONTENT_TYPE},
};

use crate::{
    Dialect, RemoteConfig, Secret,
    dialect::{Draft, Quirks},
    failure::{self, Told},
    gate,
    images::Encoder,
    reading::Reading,
    retry,
};

/// How much of an error's body is read.
const MOST_ERROR_BYTES: usize = 64 << 10;

/// A chat model behind a service that speaks a [`crate::Dialect`].
pub struct RemoteModel {
    config: Arc<RemoteConfig>,
    capabilities: Capabilities,
    address: Url,
    client: Client,
    images: Arc<Encoder>,
    quirks: Mutex<Quirks>,
}

impl fmt::Debug for RemoteModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RemoteModel").field("config", &self.config).finish_non_exhaustive()
    }
}

impl RemoteModel {
    /// A model as `config` says, which gets its images from `images`. Nothing is sent yet.
    ///
    /// # Errors
    /// When the address is none, or requests to it are forbidden ([`crate::forbid_real_requests`]).
    pub fn new(config: RemoteConfig, images: Arc<dyn ImageSource>) -> Result<Self, ModelError> {
        let wrong = |message: String| ModelError::new(ModelErrorKind::InvalidRequest, &config.model, message);
        // The name may be a part of the address.
        if config.model.trim().is_empty() || config.model.contains(['?', '#', '\\']) {
            return Err(wrong(format!("`{}` is no name of a model; check LAVR_MODEL", config.model)));
        }
        let address = config.dialect.address(&config.base_url, &config.model);
        let address = Url::parse(&address).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let address = address.ok_or_else(|| {
            let base = crate::config::without_password(&config.base_url);
            let like = match config.dialect {
                Dialect::ChatCompletions | Dialect::Responses => "http://localhost:8080/v1",
                dialect => dialect.base_url(),
            };
            wrong(format!("`{base}` is no address; LAVR_BASE_URL should look like {like}"))
        })?;
        if !gate::allows(address.host_str()) {
            return Err(wrong("requests to real services are forbidden here".to_owned()));
        }
        // Fails when the process has a provider already, which then serves as well.
        _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .connect_timeout(config.connect_timeout)
            .read_timeout(config.silence)
            // A redirect would turn the request into another one, and might take the key elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("lavr/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| wrong(format!("no HTTPS can be had here: {error}")))?;
        let encoder = Encoder::new(images, config.longest_side);
        Ok(Self {
            capabilities: config.capabilities(),
            address,
            client,
            images: Arc::new(encoder),
            quirks: Mutex::default(),
            config: Arc::new(config),
        })
    }

    fn error(&self, kind: ModelErrorKind, message: impl Into<String>) -> ModelError {
        ModelError::new(kind, &self.config.model, message)
    }

    fn quirks(&self) -> Quirks {
        *self.quirks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The request's body, images and all.
    async fn body(&self, turn: &Arc<TurnRequest>, quirks: Quirks) -> Result<Vec<u8>, ModelError> {
        let (encoder, turn, capabilities) =
            (Arc::clone(&self.images), Arc::clone(turn), self.capabilities.clone());
        let (schema, dialect, model) = (self.config.schema, self.config.dialect, self.config.model.clone());
        let invalid = move |message: String| ModelError::new(ModelErrorKind::InvalidRequest, &model, message);
        // Encoding pictures takes a while.
        let work = tokio::task::spawn_blocking(move || {
            let pictures = encoder
                .pictures(&turn.shown(&capabilities), turn.longest_side)
                .map_err(|error| invalid(error.to_string()))?;
            let draft =
                Draft { turn: &turn, capabilities: &capabilities, schema, quirks, pictures: &pictures };
            dialect.body(&draft).map_err(|error| invalid(error.to_string()))
        });
        work.await.map_err(|error| {
            self.error(ModelErrorKind::Other, "the request could not be written").caused_by(error)
        })?
    }

    /// Asks until there is an answer to read, or no hope of one.
    async fn ask(&self, turn: TurnRequest) -> Result<Response, ModelError> {
        let turn = Arc::new(turn);
        let mut quirks = self.quirks();
        let mut body = self.body(&turn, quirks).await?;
        let mut repeat = 0;
        loop {
            let error = match self.ask_once(body.clone()).await {
                Ok(response) => return Ok(response),
                Err(Refusal::Quirk(told, error)) => {
                    let Some(learnt) = told.quirk(quirks) else { return Err(error) };
                    tracing::info!(model = self.config.model, ?learnt, "the service takes less; asking anew");
                    quirks = learnt;
                    *self.quirks.lock().unwrap_or_else(PoisonError::into_inner) = quirks;
                    body = self.body(&turn, quirks).await?;
                    continue;
                }
                Err(Refusal::Error(error)) => error,
            };
            if !error.is_transient() {
                return Err(error);
            }
            let Some(wait) = self.config.retry.wait(repeat, error.retry_after, rand::random()) else {
                return Err(error);
            };
            repeat += 1;
            tracing::info!(model = self.config.model, %error, repeat, ?wait, "asking again");
            tokio::time::sleep(wait).await;
        }
    }

    async fn ask_once(&self, body: Vec<u8>) -> Result<Response, Refusal> {
        let key = self.config.key.as_ref().map(Secret::reveal);
        let request = self.config.dialect.head(self.client.post(self.address.clone()), key);
        let request = request
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "text/event-stream, application/json");
        let response = request.body(body).send().await;
        let response = response.map_err(|error| Refusal::Error(failure::of_network(&self.config, &error)))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let asked = retry::asked(response.headers(), SystemTime::now());
        let told = Told::from_body(&head_of(response).await);
        let error = failure::of_status(&self.config, status, &told, asked);
        if matches!(status, StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY) {
            return Err(Refusal::Quirk(told, error));
        }
        Err(Refusal::Error(error))
    }
}

/// Why there is no answer to read.
enum Refusal {
    Error(ModelError),
    /// The service may take the request with something left out.
    Quirk(Told, ModelError),
}

/// The first bytes of a body.
async fn head_of(mut response: Response) -> Vec<u8> {
    let mut head = Vec::new();
    while let Ok(Some(bytes)) = response.chunk().await {
        head.extend_from_slice(&bytes[..bytes.len().min(MOST_ERROR_BYTES - head.len())]);
        if head.len() == MOST_ERROR_BYTES {
            break;
        }
    }
    head
}

#[async_trait]
impl ChatModel for RemoteModel {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn stream(&self, turn: TurnRequest, cancel: CancellationToken) -> Result<TurnStream, ModelError> {
        let response = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(self.error(ModelErrorKind::Cancelled, "the caller gave up")),
            response = self.ask(turn) => response?,
        };
        let reading = Reading::new(Arc::clone(&self.config), response, cancel);
        let events = stream::unfold(Some(reading), |reading| async move {
            let mut reading = reading?;
            match reading.next().await {
                Ok(Some(event)) => Some((Ok(event), Some(reading))),
                Ok(None) => None,
                // Nothing comes after a failure.
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(events.boxed())
    }
}
