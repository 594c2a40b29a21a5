//! Why a checkpoint cannot be read.

use std::path::PathBuf;

/// A checkpoint cannot be made into a network.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file cannot be opened or read.
    #[error("cannot read the checkpoint {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is none that `torch.save` writes.
    #[error("the checkpoint {} is not a file of torch.save: {reason}; is it whole?", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A part of the network is one that is not known here, or is built otherwise.
    #[error(
        "the network in the checkpoint {} cannot be read: {place}: {reason}. Detectors of YOLOv8, YOLO11 and YOLO26 \
         can, with and without masks; export any other as ONNX",
        path.display()
    )]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// Where in the network, as the training library names it (`model.10.m.0`).
        place: String,
        /// What is there.
        reason: String,
    },
}

/// What is wrong, before the file is known: [`CheckpointError`] without its path.
#[derive(Debug)]
pub(crate) enum Fault {
    Read(std::io::Error),
    Format(String),
    Unsupported { place: String, reason: String },
}

impl Fault {
    pub(crate) fn unsupported(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Unsupported { place: place.into(), reason: reason.into() }
    }

    pub(crate) fn in_file(self, path: &std::path::Path) -> CheckpointError {
        let path = path.to_owned();
        match self {
            Self::Read(source) => CheckpointError::Read { path, source },
            Self::Format(reason) => CheckpointError::Format { path, reason },
            Self::Unsupported { place, reason } => CheckpointError::Unsupported { path, place, reason },
        }
    }
}
