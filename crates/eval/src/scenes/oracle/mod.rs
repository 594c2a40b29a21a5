//! Experts that read the truth of a scene and err at set rates: they measure the verifier's own logic, apart from
//! a detector's eyes.
//!
//! Each draws its errors from a generator keyed by the scene, the seed and what it looks at. The same look errs the same way
//! however often it is taken and whatever is asked of it, as a network does; another look (tiles, another region) errs
//! independently.

mod color;
mod detect;
mod rates;
mod read;

use std::sync::Arc;

use lavr_image::{ImageError, ImageStore, RgbImage};
use lavr_tool::{Dispatcher, Registry, RegistryError};
use lavr_types::{ImageId, Rect};

use super::scene::Scene;
use crate::Random;

pub use color::OracleColor;
pub use detect::OracleDetect;
pub use rates::{Curve, Rates};
pub use read::OracleRead;

/// The oracle could not be put together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OracleError {
    /// The tools do not go together.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The scene's size is none that an image can have.
    #[error("the scene `{scene}` makes no picture: {source}")]
    Size {
        /// The scene.
        scene: String,
        /// Why.
        source: ImageError,
    },
}

/// A scene with the rates at which its experts err.
#[derive(Debug, Clone)]
pub struct Oracle {
    scene: Arc<Scene>,
    rates: Rates,
    seed: u64,
}

impl Oracle {
    /// An oracle that knows this scene. The seed chooses which errors it makes.
    pub fn new(scene: Scene, rates: Rates, seed: u64) -> Self {
        Self { scene: Arc::new(scene), rates, seed }
    }

    /// The scene.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// A detector, a reader and a color meter that know this scene, with the real tool for geometry.
    ///
    /// # Errors
    /// Where the tools do not go together.
    pub fn registry(&self) -> Result<Registry, RegistryError> {
        Registry::new()
            .with(OracleDetect(self.clone()))?
            .with(OracleRead(self.clone()))?
            .with(OracleColor(self.clone()))?
            .with(lavr_relate::Relate)
    }

    /// A dispatcher over these experts, and the image to ask about: blank, of the scene's size.
    ///
    /// # Errors
    /// Where the tools do not go together, or the size is none that an image can have.
    pub fn dispatcher(&self) -> Result<(Dispatcher, ImageId), OracleError> {
        let images = Arc::new(ImageStore::default());
        let size = self.scene.size;
        let image = images
            .insert(RgbImage::new(size.width, size.height))
            .map_err(|source| OracleError::Size { scene: self.scene.id.clone(), source })?;
        Ok((Dispatcher::new(self.registry()?, images), image))
    }

    /// The generator for one look.
    fn random(&self, tool: &str, look: &str) -> Random {
        Random::keyed(self.seed, &format!("{} {tool} {look}", self.scene.id))
    }
}

/// A region as a part of a key: whole pixels, so that rounding on the way makes no other look.
fn key_of(region: Rect) -> String {
    let [left, top, right, bottom] =
        [region.left, region.top, region.right, region.bottom].map(|side| side.round() as i64);
    format!("{left} {top} {right} {bottom}")
}

#[cfg(test)]
mod tests;
