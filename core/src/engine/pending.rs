//! Turns on their way into the store. The end of a call in a session is a task of its own, so that who leaves by
//! then changes nothing; what follows in the session, and closing the engine, wait for it here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The sessions whose turns are being appended by this engine.
#[derive(Debug, Default)]
pub(super) struct Pending {
    sessions: Mutex<HashMap<Arc<str>, usize>>,
    ended: Notify,
}

/// A turn that is being appended, until it is dropped.
#[derive(Debug)]
pub(super) struct Appending {
    pending: Arc<Pending>,
    session: Arc<str>,
}

impl Pending {
    /// A turn of this session is appended from now on.
    pub(super) fn begin(self: &Arc<Self>, session: &Arc<str>) -> Appending {
        *self.lock().entry(session.clone()).or_default() += 1;
        Appending {
            pending: self.clone(),
            session: session.clone(),
        }
    }

    /// Waits until no turn of this session is being appended.
    pub(super) async fn settled(&self, session: &str) {
        self.wait(|sessions| !sessions.contains_key(session)).await;
    }

    /// Waits until no turn is being appended at all.
    pub(super) async fn all_settled(&self) {
        self.wait(HashMap::is_empty).await;
    }

    async fn wait(&self, done: impl Fn(&HashMap<Arc<str>, usize>) -> bool) {
        loop {
            // Asked for before the look, so that an end in between is not missed.
            let ended = self.ended.notified();
            if done(&self.lock()) {
                return;
            }
            ended.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, usize>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Appending {
    fn drop(&mut self) {
        let mut sessions = self.pending.lock();
        if let Some(count) = sessions.get_mut(&self.session) {
            *count -= 1;
            if *count == 0 {
                sessions.remove(&self.session);
            }
        }
        drop(sessions);
        self.pending.ended.notify_waiters();
    }
}
