//! Taking one member out of a package, without trusting the package.

use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    path::Path,
};

use flate2::read::GzDecoder;
use zip::{ZipArchive, result::ZipError};

use crate::SourceFailure;

/// How a package is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// A wheel.
    Zip,
    /// An npm package.
    TarGzip,
}

/// Copies the member (or the whole archive, where `member` is empty) to `output`, `limit` bytes at most, and says how many bytes it had. Nothing else of the package is
/// unpacked, so no path in it matters.
pub(crate) fn extract(
    archive: &Path,
    packing: Packing,
    member: &str,
    limit: u64,
    output: &mut impl Write,
) -> Result<u64, SourceFailure> {
    let mut file =
        BufReader::with_capacity(1 << 20, File::open(archive).map_err(SourceFailure::io("open", archive))?);
    if member.is_empty() {
        return bounded(&mut file, limit, output);
    }
    match packing {
        Packing::Zip => {
            let mut wheel = ZipArchive::new(file).map_err(|error| unusable(error.to_string()))?;
            let mut entry = wheel.by_name(member).map_err(|error| match error {
                ZipError::FileNotFound => absent(member),
                error => unusable(error.to_string()),
            })?;
            bounded(&mut entry, limit, output)
        }
        Packing::TarGzip => {
            let mut tarball = tar::Archive::new(GzDecoder::new(file));
            for entry in tarball.entries().map_err(|error| unusable(error.to_string()))? {
                let mut entry = entry.map_err(|error| unusable(error.to_string()))?;
                if entry.header().entry_type().is_file()
                    && entry.path().is_ok_and(|path| path == Path::new(member))
                {
                    return bounded(&mut entry, limit, output);
                }
            }
            Err(absent(member))
        }
    }
}

/// Copies `limit` bytes at most; more is a failure, since a small package may inflate without end.
pub(crate) fn bounded(
    input: &mut impl Read,
    limit: u64,
    output: &mut impl Write,
) -> Result<u64, SourceFailure> {
    let mut buffer = vec![0; 1 << 20];
    let mut copied = 0;
    loop {
        let read = match input.read(&mut buffer) {
            Ok(0) => return Ok(copied),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unusable(error.to_string())),
        };
        copied += read as u64;
        if copied > limit {
            return Err(unusable(format!("it holds more than the {limit} bytes that are wanted")));
        }
        output.write_all(&buffer[..read]).map_err(SourceFailure::io("write", "the cache"))?;
    }
}

fn unusable(message: String) -> SourceFailure {
    SourceFailure::Archive { message }
}

fn absent(member: &str) -> SourceFailure {
    unusable(format!("it has no member {member}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_wanted_is_a_failure_and_not_written() {
        let mut output = Vec::new();
        let error = bounded(&mut io::repeat(7), 10, &mut output).unwrap_err();
        assert!(error.to_string().contains("more than the 10 bytes"), "{error}");
        assert!(output.is_empty());
    }

    #[test]
    fn no_archive_at_all_is_said_so() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.whl");
        std::fs::write(&path, b"PK\x03\x04 nonsense").unwrap();
        for packing in [Packing::Zip, Packing::TarGzip] {
            let error = extract(&path, packing, "a", 10, &mut Vec::new()).unwrap_err();
            assert!(matches!(error, SourceFailure::Archive { .. }), "{error}");
        }
    }
}
