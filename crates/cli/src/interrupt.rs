//! Ctrl-C: once to stop at the next safe place, twice to stop at once.

use lavr_tool::CancellationToken;
use tokio::runtime::Runtime;

pub(crate) fn listen(runtime: &Runtime) -> CancellationToken {
    let cancel = CancellationToken::new();
    let told = cancel.clone();
    runtime.spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            told.cancel();
        }
        if tokio::signal::ctrl_c().await.is_ok() {
            std::process::exit(130);
        }
    });
    cancel
}
