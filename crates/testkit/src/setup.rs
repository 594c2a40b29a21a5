//! The program under test, without the setup of whoever runs the tests.

use std::{ffi::OsStr, process::Command};

/// What tells where models and programs are found, and whether anything may be fetched: the tests need the same.
const KEPT: [&str; 6] =
    ["LAVR_HOME", "LAVR_MODELS", "LAVR_OFFLINE", "LAVR_PIP", "LAVR_NPM", "LAVR_FORBID_REQUESTS"];

/// A program that neither reads the setup of the person who runs the tests (models, tools, planner, telemetry, logging) nor keeps
/// its runs among that person's: it has only the variables that a test gives it.
pub fn without_setup(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_setup(name)) {
        command.env_remove(name);
    }
    command.env("LAVR_NO_TRACE", "1");
    command
}

fn is_setup(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let ours = ["LAVR_", "OTEL_"].iter().any(|start| name.starts_with(start));
    (ours && !KEPT.contains(&&*name)) || name == "RUST_LOG"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_set_up_goes_and_the_way_to_the_models_stays() {
        for (name, goes) in [
            ("LAVR_TOOLS", true),
            ("LAVR_MODEL_IMAGE_SIDE", true),
            ("LAVR_RUNS", true),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", true),
            ("RUST_LOG", true),
            ("LAVR_HOME", false),
            ("LAVR_MODELS", false),
            ("PATH", false),
        ] {
            assert_eq!(is_setup(OsStr::new(name)), goes, "{name}");
        }
        let command = without_setup("lavr");
        let told = command.get_envs().find(|(name, _)| *name == "LAVR_NO_TRACE").and_then(|(_, value)| value);
        assert_eq!(told, Some(OsStr::new("1")));
    }
}
