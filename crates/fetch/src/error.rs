//! Why nothing was fetched.

use std::{net::IpAddr, time::Duration};

use lavr_image::ImageError;

/// Nothing was fetched. Addresses are shown without what stands before an `@` or behind a `?`: there may be a key in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The text is no address that is fetched from.
    #[error("`{address}` is not fetched: {why}")]
    Address {
        /// The address.
        address: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The name leads to an address that is not of the public internet.
    #[error("`{host}` is not fetched from: it leads to {ip}, and {why}; only public addresses are allowed")]
    Refused {
        /// The host.
        host: String,
        /// Where it leads.
        ip: IpAddr,
        /// What is there.
        why: &'static str,
    },
    /// The name leads nowhere.
    #[error("no address is known for `{host}`: check the spelling and the network")]
    Unresolved {
        /// The host.
        host: String,
        /// What the resolver said.
        source: Option<std::io::Error>,
    },
    /// The answer led on too often.
    #[error("`{address}` leads on more than {limit} times: give the address that it ends at")]
    Redirects {
        /// The address.
        address: String,
        /// The limit.
        limit: u32,
    },
    /// The service answered with something else than a picture to take.
    #[error("`{address}` answered with status {status}: look at it in a browser")]
    Status {
        /// The address.
        address: String,
        /// The HTTP status.
        status: u16,
    },
    /// The answer is in a form that is not read.
    #[error("`{address}` sent its answer packed as {encoding}, which was not asked for")]
    Encoding {
        /// The address.
        address: String,
        /// The content coding.
        encoding: String,
    },
    /// The answer is too long.
    #[error("`{address}` sends more than the {limit} bytes allowed: take a smaller picture")]
    TooManyBytes {
        /// The address.
        address: String,
        /// The limit.
        limit: u64,
    },
    /// It took too long.
    #[error("`{address}` took longer than {} s: try again, or download it first", limit.as_secs_f64())]
    TimedOut {
        /// The address.
        address: String,
        /// The limit.
        limit: Duration,
    },
    /// The connection failed.
    #[error("`{address}` could not be fetched: {message}")]
    Network {
        /// The address.
        address: String,
        /// What happened.
        message: String,
    },
    /// What came is no picture.
    #[error(transparent)]
    Image(#[from] ImageError),
}
