//! A color meter that knows what colors things have.

use lavr_tool::{Tool, ToolContext, ToolError};
use lavr_types::{
    Capability, Observation, Rect,
    perception::{ColorQuality, ColorReport, ColorShare},
};

use super::{Oracle, key_of, read::RegionArgs};

/// Share of a thing that has its color; the rest is shade.
const SHARE: f32 = 0.85;

/// A box must overlap a thing's this much for its color to be measured; else the background's is.
const OVERLAP: f64 = 0.2;

/// Names that lie beside each other: where a measurement errs, it errs to one of these.
const NEAR: &[[&str; 2]] = &[
    ["orange", "brown"],
    ["orange", "yellow"],
    ["red", "orange"],
    ["red", "pink"],
    ["red", "brown"],
    ["pink", "purple"],
    ["blue", "purple"],
    ["gray", "white"],
    ["gray", "black"],
    ["gray", "blue"],
    ["brown", "black"],
    ["yellow", "white"],
    ["yellow", "green"],
    ["blue", "green"],
];

/// A color meter that knows what colors things have.
pub struct OracleColor(pub(super) Oracle);

impl Tool for OracleColor {
    const NAME: &'static str = "color";
    const DESCRIPTION: &'static str = "Measures colors in a made-up scene.";
    const CAPABILITY: Capability = Capability::MeasureColor;

    type Args = RegionArgs;
    type Output = ColorReport;

    async fn call(
        &self,
        args: RegionArgs,
        context: &ToolContext,
    ) -> Result<Observation<ColorReport>, ToolError> {
        let region = context.region(args.image, args.region)?.pixels();
        Ok(Observation::new(self.0.measure(region)))
    }
}

impl Oracle {
    fn measure(&self, region: Rect) -> ColorReport {
        let mut random = self.random("color", &key_of(region));
        let (shifted, mixed) =
            (random.chance(self.rates.color_shifted), random.chance(self.rates.color_mixed));
        let nearest = self
            .scene
            .objects
            .iter()
            .filter(|object| object.bounds.iou(region) >= OVERLAP)
            .max_by(|a, b| a.bounds.iou(region).total_cmp(&b.bounds.iou(region)));
        let Some(object) = nearest else {
            // The background of made-up scenes is pale gray.
            return ColorReport::new(ColorQuality::Clear, vec![share("gray", SHARE)]);
        };
        let Some(mut color) = object.color.as_deref() else {
            let colors = vec![share("black", 0.35), share("white", 0.3), share("brown", 0.25)];
            return ColorReport::new(ColorQuality::Mixed, colors);
        };
        if shifted {
            let near: Vec<&str> = NEAR
                .iter()
                .filter_map(|&[one, other]| match color {
                    name if name == one => Some(other),
                    name if name == other => Some(one),
                    _ => None,
                })
                .collect();
            color = random.pick(&near).copied().unwrap_or(color);
        }
        if mixed {
            let other = if color == "gray" { "black" } else { "gray" };
            let colors = vec![share(color, 0.45), share(other, 0.4)];
            return ColorReport::new(ColorQuality::Mixed, colors);
        }
        ColorReport::new(ColorQuality::Clear, vec![share(color, SHARE), share("gray", 0.05)])
    }
}

/// A share with the middle of its name's range as its color.
fn share(name: &str, share: f32) -> ColorShare {
    let hex = match name {
        "black" => "#101010",
        "white" => "#f4f4f4",
        "red" => "#c81e1e",
        "orange" => "#f08020",
        "yellow" => "#f0dc28",
        "green" => "#2a9a3a",
        "blue" => "#2850c8",
        "purple" => "#7a32a0",
        "pink" => "#f09ab4",
        "brown" => "#7a4a24",
        _ => "#969696",
    };
    ColorShare { name: name.to_owned(), share, hex: hex.to_owned() }
}
