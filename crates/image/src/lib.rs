//! The image store: pictures decoded once, within limits, and every crop or copy with its way back.
//!
//! ```
//! use image::RgbImage;
//! use lavr_image::ImageStore;
//! use lavr_types::{Rect, Region};
//!
//! let store = ImageStore::default();
//! let photo = store.insert(RgbImage::new(400, 300))?;
//! let crop = store.crop(photo, Rect::new(100.0, 50.0, 200.0, 150.0))?;
//! let seen = Region::in_pixels(crop, store.size_of(crop)?, Rect::new(10.0, 10.0, 20.0, 20.0));
//!
//! let on_photo = store.to_root(&seen)?;
//! assert_eq!((on_photo.image, on_photo.pixels()), (photo, Rect::new(110.0, 60.0, 120.0, 70.0)));
//! # Ok::<(), lavr_image::ImageError>(())
//! ```

mod decode;
mod error;
mod files;
mod folders;
mod kept;
mod limits;
mod open;
mod running;
mod store;

pub use decode::{Decoded, decode, read};
pub use error::ImageError;
pub use files::{ImageFile, ImageFiles};
pub use folders::{AllowedFile, AllowedFolders, FolderError};
pub use image::{Rgb, RgbImage};
pub use limits::Limits;
pub use running::Running;
pub use store::{ImageStore, Origin, StoredImage};
