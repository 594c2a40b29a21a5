//! What happens in a run, as progress notifications.

use std::time::Duration;

use lavr_types::Event;
use rmcp::{
    Peer, RoleServer,
    model::{ProgressNotificationParam, ProgressToken},
};
use tokio::sync::mpsc::UnboundedReceiver;

/// How often a client hears that a call is still at work where nothing else is told.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// Tells the client what comes in, until all senders are gone. Without a token nobody wants to hear.
pub(super) async fn forward(
    mut happened: UnboundedReceiver<String>,
    peer: Peer<RoleServer>,
    token: Option<ProgressToken>,
) {
    let Some(token) = token else { return };
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    heartbeat.reset();
    let mut told = 0.0;
    loop {
        let message = tokio::select! {
            message = happened.recv() => match message {
                Some(message) => message,
                None => return,
            },
            _ = heartbeat.tick() => "still at work".to_owned(),
        };
        told += 1.0;
        let progress = ProgressNotificationParam::new(token.clone(), told).with_message(message);
        if peer.notify_progress(progress).await.is_err() {
            return;
        }
    }
}

/// An event in a few words; `None` for what is not worth a message.
pub(super) fn told(event: &Event) -> Option<String> {
    match event {
        Event::Planning { step } => Some(format!("step {step}: planning")),
        Event::CallStarted { call } => Some(format!("calling {}", call.tool)),
        Event::Note { text } => Some(text.clone()),
        Event::Drafted { .. } => Some("checking the draft".to_owned()),
        _ => None,
    }
}
