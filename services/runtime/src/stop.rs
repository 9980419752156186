//! Stopping. Comes in: SIGINT, SIGTERM, or whoever owns the token. Goes out: one token that every
//! loop awaits. The invariant: stopping a child stops nothing above it.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Asks loops to come to an end; clones are the same token.
#[derive(Debug, Clone, Default)]
pub struct StopToken(CancellationToken);

impl StopToken {
    /// A token that nobody has stopped yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks everybody who holds this token, or a child of it, to stop.
    pub fn stop(&self) {
        self.0.cancel();
    }

    /// True once somebody has asked.
    pub fn is_stopped(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits until somebody asks.
    pub async fn stopped(&self) {
        self.0.cancelled().await;
    }

    /// The same, without borrowing the token.
    pub async fn stopped_owned(self) {
        self.0.cancelled_owned().await;
    }

    /// A token that stops with this one, and that can be stopped alone.
    #[must_use]
    pub fn child(&self) -> Self {
        Self(self.0.child_token())
    }
}

/// A token that the first SIGINT or SIGTERM stops. A second one ends the process at once, with
/// 128 and the signal's number.
///
/// # Errors
/// When the handlers cannot be installed. It panics outside a Tokio runtime.
pub fn signals() -> io::Result<StopToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = StopToken::new();
    let token = stop.clone();
    tokio::spawn(async move {
        let number = either(&mut interrupt, &mut terminate).await;
        tracing::info!(signal = number, "stopping");
        token.stop();
        let number = either(&mut interrupt, &mut terminate).await;
        tracing::warn!(signal = number, "stopping at once");
        std::process::exit(128 + number);
    });
    Ok(stop)
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) -> i32 {
    tokio::select! {
        _ = interrupt.recv() => SignalKind::interrupt().as_raw_value(),
        _ = terminate.recv() => SignalKind::terminate().as_raw_value(),
    }
}

#[cfg(test)]
mod tests;
