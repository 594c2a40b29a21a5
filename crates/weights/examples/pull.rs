//! Pulls the models named on the command line: `cargo run -p lavr-weights --example pull -- onnxruntime`.

use lavr_weights::{Progress, ProgressEvent, Store};

struct Lines;

impl Progress for Lines {
    #[expect(clippy::print_stderr, reason = "this is a program")]
    fn event(&self, model: &str, file: &str, event: &ProgressEvent<'_>) {
        eprintln!("{model}/{file}: {event:?}");
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, reason = "this is a program")]
async fn main() -> Result<(), lavr_weights::WeightsError> {
    let store = Store::open_default()?.with_progress(std::sync::Arc::new(Lines));
    for model in std::env::args().skip(1) {
        for path in store.pull(&model).await? {
            println!("{}", path.display());
        }
    }
    Ok(())
}
