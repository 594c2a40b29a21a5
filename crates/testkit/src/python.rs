//! Python with packages of a pinned version, for tests against programs that are written in it.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    process::Command,
};

/// The interpreter of a virtual environment with these packages (`name==version`), made in `folder` on first use.
/// `folder` is where tests may leave things: `env!("CARGO_TARGET_TMPDIR")`.
///
/// # Errors
/// When Python or the packages cannot be had.
pub fn python_with(folder: &Path, packages: &[&str]) -> io::Result<PathBuf> {
    let home = made_once(folder, "python", packages, |home| {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(home))?;
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"];
        run(Command::new(home.join("bin/python")).args(install).args(packages))
    })?;
    Ok(home.join("bin/python"))
}

/// A folder for packages, made on first use.
pub(crate) fn made_once(
    folder: &Path,
    kind: &str,
    packages: &[&str],
    make: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<PathBuf> {
    let name: String =
        packages.join("-").chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let home = folder.join(format!("{kind}-{name}"));
    let whole = home.join("whole");
    std::fs::create_dir_all(folder)?;
    // Tests of several programs may want it at the same time.
    let lock = File::create(folder.join(format!("{kind}-{name}.lock")))?;
    lock.lock()?;
    if !whole.exists() {
        make(&home)?;
        File::create(whole)?;
    }
    Ok(home)
}

pub(crate) fn run(command: &mut Command) -> io::Result<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr))))
}
