//! Writes the network of a checkpoint as an ONNX file.
//!
//!     cargo run --release -p lavr-checkpoint --example convert -- best.pt best.onnx

use std::{error::Error, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(from), Some(to), None) = (paths.next(), paths.next(), paths.next()) else {
        return Err("give two files: the checkpoint, and the ONNX file to write".into());
    };
    std::fs::write(to, lavr_checkpoint::to_onnx(&from, 640)?)?;
    Ok(())
}
