//! The fetcher itself.

use std::{fmt, net::SocketAddr, sync::Arc};

use lavr_image::ImageStore;
use lavr_types::ImageId;
use reqwest::{
    Client, Response, StatusCode,
    header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, LOCATION},
};

use crate::{FetchError, FetchPolicy, Resolver, SystemResolver, address, target::Target};

/// Fetches from public addresses. Cloning shares the resolver.
#[derive(Clone)]
pub struct Fetcher {
    policy: FetchPolicy,
    resolver: Arc<dyn Resolver>,
}

/// What an address gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The bytes, within the limit.
    pub bytes: Vec<u8>,
    /// What the service says that they are. It may be wrong.
    pub media_type: Option<String>,
    /// Where they came from in the end.
    pub address: String,
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Fetcher").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl Default for Fetcher {
    fn default() -> Self {
        Self::new(FetchPolicy::default())
    }
}

impl Fetcher {
    /// A fetcher that asks the system for the addresses of names.
    pub fn new(policy: FetchPolicy) -> Self {
        Self::with_resolver(policy, Arc::new(SystemResolver))
    }

    /// With a resolver of one's own.
    pub fn with_resolver(policy: FetchPolicy, resolver: Arc<dyn Resolver>) -> Self {
        Self { policy, resolver }
    }

    /// What it may do.
    pub fn policy(&self) -> &FetchPolicy {
        &self.policy
    }

    /// Fetches a picture and takes it into the store, by its content and within the store's limits.
    ///
    /// # Errors
    /// As [`Self::get`], and when what came is no picture, damaged or over a limit.
    pub async fn image(&self, images: &ImageStore, address: &str) -> Result<ImageId, FetchError> {
        let fetched = self.get(address).await?;
        Ok(images.insert_encoded(&fetched.bytes, &format!("`{}`", fetched.address))?)
    }

    /// Fetches what is at an address. Dropping the future stops it.
    ///
    /// # Errors
    /// When the address, or one that it leads on to, is not allowed; when it cannot be reached, answers with an error,
    /// or exceeds a limit.
    pub async fn get(&self, address: &str) -> Result<Fetched, FetchError> {
        let target = Target::parse(address, &self.policy)?;
        let (shown, limit) = (target.shown(), self.policy.time);
        let late = |_| FetchError::TimedOut { address: shown, limit };
        tokio::time::timeout(limit, self.follow(target)).await.map_err(late)?
    }

    async fn follow(&self, start: Target) -> Result<Fetched, FetchError> {
        let first = start.shown();
        let mut target = start;
        for _ in 0..=self.policy.redirects {
            let response = self.ask(&target).await?;
            match response.status() {
                StatusCode::OK => return self.receive(&target, response).await,
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => {
                    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
                    let location = location.ok_or_else(|| status(&target, &response))?;
                    target = target.led_on(location, &self.policy)?;
                }
                _ => return Err(status(&target, &response)),
            }
        }
        Err(FetchError::Redirects { address: first, limit: self.policy.redirects })
    }

    /// The addresses that may be asked for a target. If one of them may not, none may: who answers with both a public
    /// and a private address means the private one.
    async fn checked(&self, target: &Target) -> Result<Vec<SocketAddr>, FetchError> {
        let ips = match target.host.parse() {
            Ok(ip) => vec![ip],
            Err(_) => self.resolver.resolve(&target.host).await.map_err(|source| FetchError::Unresolved {
                host: target.host.clone(),
                source: Some(source),
            })?,
        };
        if ips.is_empty() {
            return Err(FetchError::Unresolved { host: target.host.clone(), source: None });
        }
        ips.into_iter()
            .map(|ip| {
                let address = SocketAddr::new(ip, target.port);
                let refused = |why| FetchError::Refused { host: target.host.clone(), ip, why };
                if self.policy.permitted.contains(&address) {
                    Ok(address)
                } else if let Some(why) = address::refusal(ip) {
                    Err(refused(why))
                } else if !self.policy.ports.contains(&target.port) {
                    Err(refused("this port is not allowed there"))
                } else {
                    Ok(address)
                }
            })
            .collect()
    }

    /// Asks a target at exactly the addresses that were checked. Each request has a client of its own: nothing is left
    /// of one for another.
    async fn ask(&self, target: &Target) -> Result<Response, FetchError> {
        let addresses = self.checked(target).await?;
        let failed = |error: reqwest::Error| network(target, &error);
        // Fails when the process has a provider already, which then serves as well.
        _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder()
            .resolve_to_addrs(&target.host, &addresses)
            .dns_resolver(Nowhere)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(self.policy.connect)
            .pool_max_idle_per_host(0)
            .user_agent(concat!("lavr/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(failed)?;
        client.get(target.url.clone()).header(ACCEPT, "image/*").send().await.map_err(failed)
    }

    async fn receive(&self, target: &Target, mut response: Response) -> Result<Fetched, FetchError> {
        let header =
            |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (media_type, encoding) = (header(CONTENT_TYPE), header(CONTENT_ENCODING));
        if let Some(encoding) = encoding.filter(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
            return Err(FetchError::Encoding { address: target.shown(), encoding });
        }
        let limit = self.policy.bytes;
        let too_many = || FetchError::TooManyBytes { address: target.shown(), limit };
        if response.content_length().is_some_and(|length| length > limit) {
            return Err(too_many());
        }
        let mut bytes = Vec::new();
        // What is announced may be wrong: what comes is counted.
        while let Some(chunk) = response.chunk().await.map_err(|error| network(target, &error))? {
            if (bytes.len() + chunk.len()) as u64 > limit {
                return Err(too_many());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Fetched { bytes, media_type, address: target.shown() })
    }
}

/// Resolves nothing: the client knows the addresses of its one host, and is to ask no other.
struct Nowhere;

impl reqwest::dns::Resolve for Nowhere {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let refused = format!("the address of `{}` was not checked", name.as_str());
        Box::pin(async move { Err(refused.into()) })
    }
}

fn status(target: &Target, response: &Response) -> FetchError {
    FetchError::Status { address: target.shown(), status: response.status().as_u16() }
}

/// What happened, in the words of the innermost cause.
fn network(target: &Target, error: &reqwest::Error) -> FetchError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    FetchError::Network { address: target.shown(), message: cause.to_string() }
}
