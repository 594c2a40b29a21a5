//! The verifier bench on controlled scenes, known down to the last thing in them.

use std::{
    collections::HashMap,
    io::Cursor,
    path::{Path, PathBuf},
    sync::Arc,
};

use async_trait::async_trait;
use lavr_model::CancellationToken;
use lavr_types::ImageId;
use lavr_verify::{Thresholds, Verifier, VerifierOptions};

use super::verifier::{VerifierBench, sample_name};
use crate::{
    EvalError, MakeMender, Mender, Picture, Response, Sample, Subject, Task,
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
pub const DATA: &str = "for `rendered`, the folder crates/eval/scenes of the source (cutouts/, cutouts.json and \
calibration.json): found by itself from inside of a checkout, since the pictures have licenses of their own and are no \
part of the program; the oracle variants need none";

/// Where a checkout has the cut-outs.
const FOLDER: &str = "crates/eval/scenes";

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

/// The folder with the cut-outs: the one that was given, else that of the checkout that the working folder is in.
///
/// # Errors
/// When there is neither; the error says where the folder is to be had.
pub fn folder(given: Option<&Path>) -> Result<PathBuf, EvalError> {
    if let Some(given) = given {
        return Ok(given.to_owned());
    }
    let here = std::env::current_dir().map_err(EvalError::file(Path::new("."), "read"))?;
    let found = here
        .ancestors()
        .map(|folder| folder.join(FOLDER))
        .find(|folder| folder.join("cutouts.json").is_file());
    found.ok_or_else(|| {
        EvalError::Unfit(format!(
            "the cut-outs that scenes are drawn from are not here: start from inside of a checkout of the source, or give its \
             folder with --data path/to/{FOLDER}"
        ))
    })
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

/// A verifier that asks oracle experts about each scene.
pub struct OracleVerifier {
    name: String,
    seed: u64,
    rates: Rates,
    thresholds: Thresholds,
    /// By the names of samples.
    scenes: HashMap<String, Arc<Scene>>,
    make: Box<MakeMender>,
}

impl OracleVerifier {
    /// Evaluates what a function makes, on the scenes of [`with_oracle`] with the same seed.
    ///
    /// A detector that misses little is trusted where it finds nothing. One that misses one thing in seven, of whatever
    /// kind, is trusted with no kind.
    pub fn new(name: impl Into<String>, rates: Rates, seed: u64, make: Box<MakeMender>) -> Self {
        let mut scenes = HashMap::new();
        for (scene, record) in oracle_scenes(seed) {
            let scene = Arc::new(scene);
            for kind in [CaptionKind::Planted, CaptionKind::Control] {
                scenes.insert(sample_name(&record.id, kind), Arc::clone(&scene));
            }
        }
        let trusted = if rates == Rates::like_nanodet() { &[][..] } else { KINDS };
        let thresholds = Thresholds::builtin().clone().trusting(trusted.iter().map(|kind| kind.label));
        Self { name: name.into(), seed, rates, thresholds, scenes, make }
    }

    /// The verifier as it stands.
    pub fn standard(rates: Rates, seed: u64) -> Self {
        let make = |dispatcher, thresholds: &Thresholds| -> Result<Box<dyn Mender>, EvalError> {
            let thresholds = Arc::new(thresholds.clone());
            Ok(Box::new(Verifier::new(
                dispatcher,
                VerifierOptions { thresholds, ..VerifierOptions::default() },
            )))
        };
        Self::new("verifier", rates, seed, Box::new(make))
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
            Ok((dispatcher, image)) => match (self.make)(dispatcher, &self.thresholds) {
                Ok(mender) => verified(&*mender, text, image, cancel).await,
                Err(error) => Response::failed(error.to_string()),
            },
            Err(error) => Response::failed(error.to_string()),
        }
    }
}
