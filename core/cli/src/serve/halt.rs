//! How far the server has stopped: `listen` says it, and what is under way heeds it.

use slugline::{Error, ErrorKind};
use tokio::sync::watch;

/// Shared by all connections and calls.
#[derive(Debug, Clone)]
pub(crate) struct Halt(watch::Sender<Stage>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Everything goes on.
    Open,
    /// Nothing new is taken; what is under way may end.
    Draining,
    /// What is still under way ends now.
    Cut,
}

impl Halt {
    pub(crate) fn new() -> Halt {
        Halt(watch::Sender::new(Stage::Open))
    }

    pub(crate) fn drain(&self) {
        self.0.send_replace(Stage::Draining);
    }

    pub(crate) fn cut(&self) {
        self.0.send_replace(Stage::Cut);
    }

    pub(crate) fn is_draining(&self) -> bool {
        *self.0.borrow() >= Stage::Draining
    }

    /// Waits until what is under way has to end; the error says so to its client.
    pub(crate) async fn until_cut(self) -> Error {
        let mut stage = self.0.subscribe();
        // The sender is here: it cannot be gone.
        let _ = stage.wait_for(|stage| *stage == Stage::Cut).await;
        let message = "the server was stopped before this call had ended";
        Error::new(ErrorKind::Cancelled, message)
    }
}
