//! The examples that connect lavr with other programs, run as a person runs them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests may fail the test")]

use std::{path::PathBuf, process::Command};

/// What an example prints. `cargo test` has built it beside this test.
fn printed(example: &str) -> String {
    let deps: PathBuf = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let program = deps.parent().unwrap().join("examples").join(example);
    let output = Command::new(&program).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let output =
        output.unwrap_or_else(|error| panic!("{}: {error}; build the examples first", program.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_client_of_ours_uses_a_server_of_ours() {
    let printed = printed("mcp_client");
    assert!(printed.contains("server_brightest: Finds the brightest quarter"), "{printed}");
    assert!(printed.contains("server_brightest Untrusted gave 1 images"), "{printed}");
    assert!(
        printed.contains("server_brightest failed: `server_brightest`: `picture` is no argument"),
        "{printed}"
    );
}

#[test]
fn an_http_service_becomes_an_expert() {
    let printed = printed("http_tool");
    assert!(printed.contains("evidence: \"red thing\" at [20.0, 30.0, 60.0"), "{printed}");
}
