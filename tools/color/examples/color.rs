//! Measures the colours of pictures, or of boxes in them.
//!
//! ```text
//! cargo run --release -p lavr-color --example color -- examples/pictures/coffee.jpg
//! cargo run --release -p lavr-color --example color -- examples/pictures/dogs.jpg@292,365,438,527
//! ```

use std::error::Error;

use lavr_color::MeasureOptions;
use lavr_image::Limits;
use lavr_types::{Rect, Size};

#[expect(clippy::print_stdout, reason = "an example's output")]
fn main() -> Result<(), Box<dyn Error>> {
    for argument in std::env::args().skip(1) {
        let (path, sides) = argument.split_once('@').unwrap_or((&argument, ""));
        let pixels = lavr_image::decode(&std::fs::read(path)?, path, &Limits::default())?.pixels;
        let region = if sides.is_empty() {
            Size::new(pixels.width(), pixels.height()).bounds()
        } else {
            let sides: Vec<f64> = sides.split(',').map(str::parse).collect::<Result<_, _>>()?;
            Rect::from(<[f64; 4]>::try_from(sides).map_err(|_| "a box is left,top,right,bottom")?)
        };
        let report = lavr_color::measure(&pixels, region, None, MeasureOptions::default());
        println!("{argument}: {:?}", report.quality);
        for color in report.colors {
            println!("  {:<7} {:>3.0} %  {}", color.name, color.share * 100.0, color.hex);
        }
    }
    Ok(())
}
