//! The verifier bench on controlled scenes, known down to the last thing in them.

use std::{collections::HashMap, io::Cursor, path::Path, sync::Arc};

use async_trait::async_trait;
use lavr_model::CancellationToken;
use lavr_tool::Dispatcher;
use lavr_types::ImageId;
use lavr_verify::{Thresholds, Verifier, VerifierOptions};

use super::verifier::{VerifierBench, sample_name};
use crate::{
    EvalError, Picture, Response, Sample, Subject, Task,
    metrics::verifier::{CaptionKind, Record},
    scenes::{
        KINDS, Scene, compose,
        oracle::{Oracle, Rates},
        random_scene,
        render::Studio,
    },
    subject::verified,
};

/// What it measures, for people.
pub const ABOUT: &str = "The verifier bench on controlled scenes: things, colors, places and signs known to the last \
pixel, captions composed from what is true with one to three errors planted in each. Variants: `perfect` (the default), \
`mild` and `weak` ask oracle experts that read the truth and err at set rates (misses, doubles, false finds, box jitter, \
misread letters), so that the verifier's logic is measured apart from a detector's eyes; `rendered` draws the scenes from \
cut-outs of photographed things and asks the real experts. Everything follows from --seed. The generator is this \
project's own.";

/// What its data is, for people.
pub const DATA: &str = "for `rendered`, the folder with cutouts/, cutouts.json and calibration.json (crates/eval/scenes of \
the source); the oracle variants need none";

/// Scenes of an oracle variant.
const ORACLE_SCENES: u64 = 240;

/// Scenes of the rendered variant: drawing and looking take time.
const RENDERED_SCENES: u64 = 80;

/// How far apart the scenes of two neighbouring seeds are.
const SEED_STRIDE: u64 = 10_000;

/// Who looks at the scenes.
#[derive(Debug, Clone, PartialEq)]
pub enum Variant {
    /// Oracle experts that err at these rates.
    Oracle(Rates),
    /// The experts of the program, on drawn pictures.
    Rendered,
}

impl Variant {
    /// The variant of a name; the first where none is given.
    ///
    /// # Errors
    /// When there is no such variant; the error names them all.
    pub fn named(name: Option<&str>) -> Result<Self, EvalError> {
        Ok(match name {
            None | Some("perfect") => Self::Oracle(Rates::perfect()),
            Some("mild") => Self::Oracle(Rates::mild()),
            Some("weak") => Self::Oracle(Rates::like_nanodet()),
            Some("rendered") => Self::Rendered,
            Some(other) => {
                let known = "perfect, mild, weak, rendered";
                return Err(EvalError::Unfit(format!(
                    "scenes have no variant `{other}`; there are: {known}"
                )));
            }
        })
    }
}

/// The scenes of an oracle variant with their captions.
pub fn oracle_scenes(seed: u64) -> Vec<(Scene, Record)> {
    (0..ORACLE_SCENES)
        .map(|place| seed.wrapping_mul(SEED_STRIDE).wrapping_add(place))
        .map(|seed| {
            let scene = random_scene(seed);
            let record = compose(&scene, seed);
            (scene, record)
        })
        .collect()
}

/// The bench for oracle experts.
pub fn with_oracle(seed: u64) -> VerifierBench {
    VerifierBench::new("scenes", oracle_scenes(seed).into_iter().map(|(_, record)| (record, None)))
}

/// The bench for real experts, drawn from the cut-outs in a folder.
///
/// # Errors
/// When the folder is not as expected, no cut-out of it is seen by the experts, or a scene can't be drawn.
pub fn rendered(folder: &Path, seed: u64) -> Result<VerifierBench, EvalError> {
    let unfit = |message: String| EvalError::Unfit(message);
    let studio = Studio::open(folder).map_err(|error| unfit(error.to_string()))?;
    let mut drawn = Vec::new();
    for place in 0..RENDERED_SCENES {
        let seed = seed.wrapping_mul(SEED_STRIDE).wrapping_add(place);
        let scene = studio
            .random_scene(seed)
            .ok_or_else(|| unfit("calibration.json names no cut-out that the experts see".into()))?;
        let pixels = studio.render(&scene).map_err(|error| unfit(error.to_string()))?;
        let mut bytes = Cursor::new(Vec::new());
        pixels.write_to(&mut bytes, image::ImageFormat::Png).map_err(|error| {
            unfit(format!("the scene `{}` can't be written as a picture: {error}", scene.id))
        })?;
        let record = compose(&scene, seed);
        drawn.push((record, Some(Picture::bytes(format!("{}.png", scene.id), bytes.into_inner()))));
    }
    Ok(VerifierBench::new("scenes", drawn))
}

/// Makes a verifier over the experts of one scene.
pub type MakeVerifier = dyn Fn(Dispatcher) -> Verifier + Send + Sync;

/// A verifier that asks oracle experts about each scene.
pub struct OracleVerifier {
    name: String,
    seed: u64,
    rates: Rates,
    /// By the names of samples.
    scenes: HashMap<String, Arc<Scene>>,
    verifier: Box<MakeVerifier>,
}

impl OracleVerifier {
    /// Evaluates the verifiers that a function makes, on the scenes of [`with_oracle`] with the same seed.
    pub fn new(
        name: impl Into<String>,
        rates: Rates,
        seed: u64,
        verifier: impl Fn(Dispatcher) -> Verifier + Send + Sync + 'static,
    ) -> Self {
        let mut scenes = HashMap::new();
        for (scene, record) in oracle_scenes(seed) {
            let scene = Arc::new(scene);
            for kind in [CaptionKind::Planted, CaptionKind::Control] {
                scenes.insert(sample_name(&record.id, kind), Arc::clone(&scene));
            }
        }
        Self { name: name.into(), seed, rates, scenes, verifier: Box::new(verifier) }
    }

    /// The verifier as it stands. Experts that miss little are trusted where they find nothing; those that err like the
    /// embedded detector get the thresholds of the embedded detector.
    pub fn standard(rates: Rates, seed: u64) -> Self {
        let mut thresholds = Thresholds::builtin().clone();
        if rates != Rates::like_nanodet() {
            thresholds = thresholds.trusting(KINDS.iter().map(|kind| kind.label));
        }
        let options = VerifierOptions { thresholds: Arc::new(thresholds), ..VerifierOptions::default() };
        let verifier = move |dispatcher| Verifier::new(dispatcher, options.clone());
        Self::new("verifier with oracle experts", rates, seed, verifier)
    }
}

#[async_trait]
impl Subject for OracleVerifier {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn can(&self, task: &Task) -> bool {
        matches!(task, Task::Verify(_))
    }

    async fn answer(&self, sample: &Sample, _: Option<ImageId>, cancel: &CancellationToken) -> Response {
        let (Task::Verify(text), Some(scene)) = (&sample.task, self.scenes.get(&sample.id)) else {
            return Response::failed("this is no scene that the oracle knows");
        };
        let oracle = Oracle::new(Scene::clone(scene), self.rates.clone(), self.seed);
        match oracle.dispatcher() {
            Ok((dispatcher, image)) => verified(&(self.verifier)(dispatcher), text, image, cancel).await,
            Err(error) => Response::failed(error.to_string()),
        }
    }
}
