//! An HTTP endpoint as a tool.

use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use lavr_tool::{DynTool, ToolContext, ToolError};
use lavr_types::{FailureKind, Observation, Secret, ToolSpec};
use reqwest::{
    Client, Method as Verb, RequestBuilder, Response, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER},
    redirect::Policy,
};
use serde_json::{Map, Value};

use crate::{
    arguments::{as_text, image_in, outward},
    file::{Body, Http, Method},
    mapping::{Given, Mapping},
};

/// The most bytes of an error's body that are read.
const MOST_ERROR_BYTES: usize = 64 << 10;
/// The most characters of it that a planner reads.
const MOST_WORDS: usize = 300;

/// An endpoint that is asked once a call.
pub(crate) struct HttpTool {
    pub(crate) spec: ToolSpec,
    pub(crate) mapping: Mapping,
    pub(crate) http: Http,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    /// What no message may show.
    pub(crate) secrets: Vec<Secret>,
    pub(crate) client: Client,
}

/// A client that goes where it is sent and nowhere else: a redirect is an answer like any other.
pub(crate) fn client() -> reqwest::Result<Client> {
    // Fails when the process has a provider already, which then serves as well.
    _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().redirect(Policy::none()).build()
}

impl HttpTool {
    async fn request(
        &self,
        given: &Map<String, Value>,
        context: &ToolContext,
    ) -> Result<RequestBuilder, ToolError> {
        let verb = match self.http.method {
            Method::Get => Verb::GET,
            Method::Post => Verb::POST,
            Method::Put => Verb::PUT,
        };
        let request = |url: Url| self.client.request(verb.clone(), url).headers(self.headers.clone());
        Ok(match self.http.body {
            Body::Json => request(self.url.clone()).json(&Value::Object(self.outward(given, context).await?)),
            Body::Query => request(self.with_query(&self.outward(given, context).await?)),
            Body::Image => {
                let image = self.images(given, context).await?.into_iter().next();
                let (_, png) = image.ok_or_else(|| ToolError::invalid_arguments("name the image"))?;
                request(self.with_query(&self.others(given))).header(CONTENT_TYPE, "image/png").body(png)
            }
            Body::Multipart => {
                let form = Form::new(&self.others(given), &self.images(given, context).await?);
                request(self.url.clone()).header(CONTENT_TYPE, form.content_type).body(form.body)
            }
        })
    }

    async fn outward(
        &self,
        given: &Map<String, Value>,
        context: &ToolContext,
    ) -> Result<Map<String, Value>, ToolError> {
        outward(given.clone(), &self.mapping.images, self.http.images, None, context).await
    }

    /// The arguments that are no images.
    fn others(&self, given: &Map<String, Value>) -> Map<String, Value> {
        let others = given.iter().filter(|(name, _)| !self.mapping.images.contains(name));
        others.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// The images of a call as PNG files, with the names of their arguments.
    async fn images(
        &self,
        given: &Map<String, Value>,
        context: &ToolContext,
    ) -> Result<Vec<(String, Vec<u8>)>, ToolError> {
        let mut images = Vec::new();
        for name in &self.mapping.images {
            let values = match given.get(name) {
                Some(Value::Array(items)) => items.iter().collect(),
                Some(value) => vec![value],
                None => Vec::new(),
            };
            for value in values {
                images.push((name.clone(), context.image(image_in(value, name)?)?));
            }
        }
        let encode = move || images.into_iter().map(|(name, image)| Ok((name, image.png()?))).collect();
        context.blocking(encode).await
    }

    fn with_query(&self, arguments: &Map<String, Value>) -> Url {
        let mut url = self.url.clone();
        if !arguments.is_empty() {
            url.query_pairs_mut().extend_pairs(arguments.iter().map(|(name, value)| (name, as_text(value))));
        }
        url
    }

    /// What a status other than success means: whose fault it is, and whether another try may help.
    async fn failure(&self, status: StatusCode, response: Response) -> ToolError {
        let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        let body = at_most(response, MOST_ERROR_BYTES).await.unwrap_or_default();
        let body = String::from_utf8_lossy(&body).into_owned();
        let body = self.secrets.iter().fold(body, |body, secret| secret.blot_out(&body));
        let words: String = body.trim().chars().take(MOST_WORDS).collect();
        let name = &self.spec.name;
        let (kind, message) = match status.as_u16() {
            400 | 413 | 415 | 422 => {
                (FailureKind::InvalidArguments, format!("`{name}` refused the arguments: {words}"))
            }
            408 | 504 => (FailureKind::TimedOut, format!("the service of `{name}` took too long")),
            401 | 403 => (
                FailureKind::Unavailable,
                format!("the service of `{name}` does not let us in; use another tool"),
            ),
            404 | 405 | 410 | 300..400 => (
                FailureKind::Unavailable,
                format!("the service of `{name}` is not at its address; use another tool"),
            ),
            429 | 502 | 503 => {
                (FailureKind::Transient, format!("the service of `{name}` is busy or down; try again later"))
            }
            _ => (FailureKind::Failed, format!("the service of `{name}` failed ({status})")),
        };
        let error = ToolError::new(kind, message).caused_by(format!("{status}: {body}"));
        match wait {
            Some(seconds) => error.retry_after(Duration::from_secs(seconds)),
            None => error,
        }
    }
}

#[async_trait]
impl DynTool for HttpTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: Value, context: &ToolContext) -> Result<Observation<Value>, ToolError> {
        let Value::Object(given) = arguments else {
            return Err(ToolError::invalid_arguments("the arguments must be an object"));
        };
        let request = self.request(&given, context).await?;
        // The address may carry a key.
        let response = request.send().await.map_err(|error| {
            let message = format!("the service of `{}` cannot be reached; use another tool", self.spec.name);
            ToolError::unavailable(message).caused_by(error.without_url())
        })?;
        let status = response.status();
        if !status.is_success() {
            return Err(self.failure(status, response).await);
        }
        let name = &self.spec.name;
        let body = at_most(response, self.http.most_bytes).await.map_err(|error| match error {
            BodyError::TooMuch => {
                ToolError::failed(format!("`{name}` gave more than {} bytes", self.http.most_bytes))
            }
            BodyError::Broken(error) => ToolError::unavailable(format!("the answer of `{name}` broke off"))
                .caused_by(error.without_url()),
        })?;
        let given_back = Given::read(self.mapping.answer.output, body, name)?;
        self.mapping.observed(given_back, given, context).await
    }
}

enum BodyError {
    TooMuch,
    Broken(reqwest::Error),
}

/// The body, as far as the limit allows.
async fn at_most(response: Response, limit: usize) -> Result<Vec<u8>, BodyError> {
    let (mut pieces, mut body) = (response.bytes_stream(), Vec::new());
    while let Some(piece) = pieces.next().await {
        let piece = piece.map_err(BodyError::Broken)?;
        if body.len() + piece.len() > limit {
            return Err(BodyError::TooMuch);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// A form with files (RFC 7578).
struct Form {
    content_type: String,
    body: Vec<u8>,
}

impl Form {
    fn new(fields: &Map<String, Value>, files: &[(String, Vec<u8>)]) -> Self {
        let boundary = boundary(files);
        let mut body = Vec::new();
        for (name, value) in fields {
            let head =
                format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n", quoted(name));
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(as_text(value).as_bytes());
            body.extend_from_slice(b"\r\n");
        }
        for (number, (name, png)) in files.iter().enumerate() {
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"image{}.png\"\r\n\
                 Content-Type: image/png\r\n\r\n",
                quoted(name),
                number + 1
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(png);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        Self { content_type: format!("multipart/form-data; boundary={boundary}"), body }
    }
}

/// The name of a field as a form has it.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// A line that no part begins with: it changes from process to process and cannot be foretold by who writes a part.
fn boundary(files: &[(String, Vec<u8>)]) -> String {
    use std::hash::{BuildHasher as _, RandomState};
    let number = RandomState::new().hash_one(files.len());
    format!("lavr-{number:016x}{:016x}", RandomState::new().hash_one(number))
}
