//! Fetches pictures from addresses of the public web, and from nowhere else.
//!
//! An address that somebody hands in must not make this machine ask its own network: its router, its neighbours, the
//! service that gives a cloud machine its keys. So a [`Fetcher`] resolves the name itself, refuses every address that
//! is not of the public internet ([`address::refusal`]), connects to exactly the addresses that it checked, and does
//! the same anew at every redirect. It sends no cookie, no referer, no key, uses no proxy of the environment, and
//! stops at limits of size and time. What comes back is a picture or an error: the content decides, not its label.
//!
//! ```no_run
//! # async fn example() -> Result<(), lavr_fetch::FetchError> {
//! use lavr_fetch::Fetcher;
//! use lavr_image::ImageStore;
//!
//! let images = ImageStore::default();
//! let photo = Fetcher::default().image(&images, "https://example.org/photo.jpg").await?;
//! # Ok(())
//! # }
//! ```

pub mod address;
mod error;
mod fetcher;
mod policy;
mod resolver;
mod target;

pub use error::FetchError;
pub use fetcher::{Fetched, Fetcher};
pub use policy::FetchPolicy;
pub use resolver::{Resolver, SystemResolver};
