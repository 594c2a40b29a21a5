//! An HTTP service as an expert, without a line of Rust: a TOML file says how it is asked and what of its answer is
//! evidence. The service here finds the red part of a picture; it runs within this program, on a free port.
//!
//!     cargo run --release --example http_tool

#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::net::Ipv4Addr;

use axum::{Json, Router, body::Bytes, routing::post};
use lavr::{
    declared,
    image::{Limits, Rgb, RgbImage, decode},
    prelude::*,
    types::{CallId, ToolCall},
};
use serde_json::{Value, json};

/// The declaration, as it would stand in `tools/red_things.toml`; `lavr tools check FILE` tells what is wrong with one,
/// and `lavr ask --tools DIR` uses it. `docs/tools.md` explains each field.
const DECLARATION: &str = r#"
    description = "Finds red things."
    capability = "detect"                     # so it may stand in for the detector, and the verifier may ask it
    trust = "measured"                        # a service of ours, not of a stranger
    timeout = 10

    [arguments]
    required = ["image"]
    properties.image = { type = "string", format = "image-id", description = "The image to look at." }

    [http]
    url = "http://127.0.0.1:${RED_PORT}/red"
    body = "image"                            # a PNG file; see docs/tools.md for JSON with base64, and forms

    [[result.evidence]]
    each = "/things"                          # JSON pointers into the answer
    box = "/place"
    form = "size"                             # left, top, width, height
    frame = "unit"                            # 0 to 1
    label = "/name"
    score = "/sure"
"#;

/// The service: any language would do.
async fn find_red(png: Bytes) -> Json<Value> {
    let Ok(picture) = decode(&png, "the picture", &Limits::default()) else {
        return Json(json!({ "error": "no picture" }));
    };
    let (width, height) = picture.pixels.dimensions();
    let red = picture
        .pixels
        .enumerate_pixels()
        .filter(|(.., Rgb([red, green, blue]))| *red > 150 && *green < 90 && *blue < 90);
    let places: Vec<(u32, u32)> = red.map(|(x, y, _)| (x, y)).collect();
    let (Some(left), Some(top)) = (places.iter().map(|p| p.0).min(), places.iter().map(|p| p.1).min()) else {
        return Json(json!({ "things": [] }));
    };
    let right = places.iter().map(|p| p.0).max().unwrap_or(left) + 1;
    let bottom = places.iter().map(|p| p.1).max().unwrap_or(top) + 1;
    let share = |pixels: u32, of: u32| f64::from(pixels) / f64::from(of);
    let place =
        [share(left, width), share(top, height), share(right - left, width), share(bottom - top, height)];
    Json(json!({ "things": [{ "name": "red thing", "place": place, "sure": 0.9 }] }))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/red", post(find_red))).await });

    // Values of the environment stay out of files and logs. Here there is no secret, only a port: put in by hand.
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("red_things.toml");
    std::fs::write(&file, DECLARATION.replace("${RED_PORT}", &port.to_string()))?;

    let mut registry = Registry::new();
    for declaration in declared::read(&file)? {
        for tool in declaration.tools().await? {
            registry = registry.with_dyn(tool)?;
        }
    }
    let images = Arc::new(ImageStore::default());
    let on_white = |x, y| (20..60).contains(&x) && (30..50).contains(&y);
    let picture =
        RgbImage::from_fn(200, 100, |x, y| if on_white(x, y) { Rgb([200, 30, 40]) } else { Rgb([255; 3]) });
    let picture = images.insert(picture)?;
    let dispatcher = Dispatcher::new(registry, images);
    let call = ToolCall {
        id: CallId("call_1".into()),
        tool: "red_things".into(),
        arguments: json!({ "image": picture }),
    };
    for record in dispatcher.dispatch(vec![call], &CancellationToken::new()).await {
        let seen = record.outcome.map_err(|failure| failure.message)?;
        println!("value: {}", seen.value);
        for fact in seen.evidence {
            println!(
                "evidence: {} at {:?}, score {}",
                fact.value,
                <[f64; 4]>::from(fact.region.pixels()),
                fact.score
            );
        }
    }
    Ok(())
}
