//! What the dispatcher itself costs: one call of a tool that does nothing, and sixteen that wait side by side.
//!
//! ```text
//! cargo bench -p lavr-tool
//! ```

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::{sync::Arc, time::Duration};

use criterion::{Criterion, criterion_group, criterion_main};
use lavr_tool::{CancellationToken, Dispatcher, Registry, Tool, ToolContext, ToolError};
use lavr_types::{CallId, Observation, ToolCall};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Deserialize, JsonSchema)]
struct Wait {
    /// How long to wait.
    milliseconds: u64,
}

#[derive(Serialize, JsonSchema)]
struct Waited {}

struct Waits;

impl Tool for Waits {
    const NAME: &'static str = "waits";
    const DESCRIPTION: &'static str = "Waits.";
    const CACHEABLE: bool = false;
    type Args = Wait;
    type Output = Waited;

    async fn call(&self, args: Wait, _: &ToolContext) -> Result<Observation<Waited>, ToolError> {
        if args.milliseconds > 0 {
            tokio::time::sleep(Duration::from_millis(args.milliseconds)).await;
        }
        Ok(Observation::new(Waited {}))
    }
}

fn calls(count: usize, milliseconds: u64) -> Vec<ToolCall> {
    (0..count)
        .map(|index| ToolCall {
            id: CallId(format!("call_{index}")),
            tool: "waits".into(),
            arguments: json!({ "milliseconds": milliseconds }),
        })
        .collect()
}

fn dispatch(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let dispatcher = Dispatcher::new(Registry::new().with(Waits).unwrap(), Arc::default());
    let cancel = CancellationToken::new();
    for (name, count, milliseconds) in
        [("one call of nothing", 1, 0), ("16 calls of nothing", 16, 0), ("16 calls of 100 ms", 16, 100)]
    {
        let mut group = criterion.benchmark_group("dispatch");
        group.sample_size(if milliseconds == 0 { 100 } else { 10 });
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let records = runtime.block_on(dispatcher.dispatch(calls(count, milliseconds), &cancel));
                assert!(records.iter().all(|record| record.outcome.is_ok()));
            });
        });
        group.finish();
    }
}

criterion_group!(benches, dispatch);
criterion_main!(benches);
