//! A reader that knows what is written.

use lavr_tool::{Tool, ToolContext, ToolError};
use lavr_types::{
    Capability, ImageId, Observation, Quad, Rect,
    perception::{TextLine, TextLines},
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Oracle, key_of};
use crate::Random;

/// Letters that readers take for each other.
const ALIKE: &[[char; 2]] = &[
    ['O', '0'],
    ['I', 'l'],
    ['S', '5'],
    ['B', '8'],
    ['E', 'F'],
    ['C', 'G'],
    ['M', 'N'],
    ['P', 'R'],
    ['U', 'V'],
    ['T', 'I'],
    ['A', '4'],
    ['K', 'X'],
    ['H', 'N'],
    ['D', 'O'],
    ['L', 'I'],
    ['G', '6'],
    ['R', 'K'],
    ['Y', 'V'],
    ['W', 'V'],
];

/// The score of a line read right, and the most that a letter read wrong takes off it.
const SURE: f32 = 0.97;
const PENALTY: f64 = 0.25;

/// A reader that knows what is written.
pub struct OracleRead(pub(super) Oracle);

/// Arguments of the oracle's `ocr` and `color`: those of the real tools.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
pub struct RegionArgs {
    /// The image to look at.
    pub image: ImageId,
    /// Where to look, in pixels. Without it, the whole image.
    #[serde(default)]
    pub region: Option<Rect>,
}

impl Tool for OracleRead {
    const NAME: &'static str = "ocr";
    const DESCRIPTION: &'static str = "Reads the text in a made-up scene.";
    const CAPABILITY: Capability = Capability::ReadText;

    type Args = RegionArgs;
    type Output = TextLines;

    async fn call(
        &self,
        args: RegionArgs,
        context: &ToolContext,
    ) -> Result<Observation<TextLines>, ToolError> {
        let region = context.region(args.image, args.region)?.pixels();
        let oracle = &self.0;
        let mut random = oracle.random("ocr", &key_of(region));
        let mut lines: Vec<TextLine> = Vec::new();
        for text in &oracle.scene.texts {
            let unread = random.chance(oracle.rates.unread);
            let (read, wrong) = misread(&mut random, &text.text, oracle.rates.misread);
            let off: f64 = (0..wrong).map(|_| random.between(0.02, PENALTY)).sum();
            if !unread && text.bounds.share_inside(region) > 0.5 {
                let score = (f64::from(SURE) - off).max(0.5) as f32;
                lines.push(TextLine { text: read, quad: Quad::from(text.bounds), score });
            }
        }
        Ok(Observation::new(TextLines { lines }).untrusted())
    }
}

/// The text as it was read, and how many letters of it are wrong.
fn misread(random: &mut Random, text: &str, chance: f64) -> (String, usize) {
    let mut wrong = 0;
    let read = text
        .chars()
        .map(|letter| {
            if letter == ' ' || !random.chance(chance) {
                return letter;
            }
            let alike: Vec<char> = ALIKE
                .iter()
                .filter_map(|&[one, other]| match letter {
                    letter if letter == one => Some(other),
                    letter if letter == other => Some(one),
                    _ => None,
                })
                .collect();
            let Some(&other) = random.pick(&alike) else { return letter };
            wrong += 1;
            other
        })
        .collect();
    (read, wrong)
}
