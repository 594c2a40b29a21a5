//! How many threads the engines use, fixed once for the process, and the way off the async threads.

use std::{
    num::NonZero,
    sync::{Arc, OnceLock},
    thread::available_parallelism,
};

use rten::ThreadPool;
use tokio_util::sync::CancellationToken;

use crate::InferError;

static THREADS: OnceLock<usize> = OnceLock::new();
static RTEN_POOL: OnceLock<Arc<ThreadPool>> = OnceLock::new();

/// Fixes the number of threads that all sessions of this process share. At least one.
///
/// # Errors
/// [`InferError::Threads`] when another number is in use already: by an earlier call, or because a model has
/// been loaded.
pub fn set_threads(count: usize) -> Result<(), InferError> {
    let asked = count.max(1);
    let fixed = *THREADS.get_or_init(|| asked);
    if fixed == asked { Ok(()) } else { Err(InferError::Threads { fixed, asked }) }
}

/// The number of threads that all sessions share: as set, else the cores that this process may use.
pub fn threads() -> usize {
    *THREADS.get_or_init(|| available_parallelism().map_or(1, NonZero::get))
}

/// The one pool for rten; its own default would count physical cores and ignore [`set_threads`].
pub(crate) fn rten_pool() -> Arc<ThreadPool> {
    Arc::clone(RTEN_POOL.get_or_init(|| Arc::new(ThreadPool::with_num_threads(threads()))))
}

/// Runs blocking work (inference, pixels) away from the async threads.
///
/// The work gets a token of its own that fires when `cancel` fires or when the returned future is dropped; long
/// work looks at it between its parts and stops. The future itself ends at once when `cancel` fires.
///
/// # Errors
/// [`InferError::Cancelled`], [`InferError::Panicked`] when the work panicked, or the work's own error.
pub async fn off_thread<T, E>(
    cancel: &CancellationToken,
    work: impl FnOnce(&CancellationToken) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<InferError> + Send + 'static,
{
    if cancel.is_cancelled() {
        return Err(InferError::Cancelled.into());
    }
    let token = cancel.child_token();
    let _stop_when_dropped = token.clone().drop_guard();
    let task = tokio::task::spawn_blocking(move || work(&token));
    tokio::select! {
        biased;
        joined = task => joined.unwrap_or_else(|error| Err(match error.try_into_panic() {
            Ok(payload) => InferError::panicked("an expert's work", payload.as_ref()),
            // The runtime is shutting down.
            Err(_) => InferError::Cancelled,
        }.into())),
        () = cancel.cancelled() => Err(InferError::Cancelled.into()),
    }
}
