//! A store whose writes of recordings can be held up, refused or made to panic.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use slugline::chat::JsonMap;
use slugline::store::*;
use slugline::{Error, ErrorKind, Result};
use tokio::sync::Notify;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gate {
    Open,
    Shut,
    Fails,
    Panics,
    PanicsAtOnce,
}

#[derive(Debug)]
pub(crate) struct Gated {
    inner: MemoryStore,
    gate: Mutex<Gate>,
    opened: Notify,
    written: AtomicU64,
    closed: AtomicBool,
    holds_turns: AtomicBool,
}

impl Gated {
    pub(crate) fn new(gate: Gate) -> Arc<Self> {
        Arc::new(Gated {
            inner: MemoryStore::new(Retention::default()),
            gate: Mutex::new(gate),
            opened: Notify::new(),
            written: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            holds_turns: AtomicBool::new(false),
        })
    }

    pub(crate) fn set(&self, gate: Gate) {
        *self.gate.lock().unwrap() = gate;
        self.opened.notify_waiters();
        self.opened.notify_one();
    }

    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::SeqCst)
    }

    /// Whether turns wait from now on until they may be appended.
    pub(crate) fn hold_turns(&self, hold: bool) {
        self.holds_turns.store(hold, Ordering::SeqCst);
        self.opened.notify_waiters();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }
}

impl Store for Gated {
    fn record(&self, batch: Vec<Recording>) -> BoxFuture<'_, Result<()>> {
        let gate = *self.gate.lock().unwrap();
        assert!(gate != Gate::PanicsAtOnce, "a bug");
        Box::pin(async move {
            loop {
                let gate = *self.gate.lock().unwrap();
                match gate {
                    Gate::Open => break,
                    Gate::Shut => self.opened.notified().await,
                    Gate::Fails => return Err(Error::new(ErrorKind::StoreError, "no")),
                    Gate::Panics | Gate::PanicsAtOnce => panic!("a bug"),
                }
            }
            self.written.fetch_add(batch.len() as u64, Ordering::SeqCst);
            self.inner.record(batch).await
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        self.closed.store(true, Ordering::SeqCst);
        self.inner.close()
    }

    fn session<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Session>> {
        self.inner.session(id)
    }

    fn append_turn<'a>(
        &'a self,
        id: &'a str,
        version: u64,
        turn: SessionTurn,
    ) -> BoxFuture<'a, Result<u64>> {
        Box::pin(async move {
            loop {
                let opened = self.opened.notified();
                if !self.holds_turns.load(Ordering::SeqCst) {
                    break;
                }
                opened.await;
            }
            self.inner.append_turn(id, version, turn).await
        })
    }

    fn clear_session<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<()>> {
        self.inner.clear_session(id)
    }

    fn recordings(&self, query: RecordingQuery) -> BoxFuture<'_, Result<Page>> {
        self.inner.recordings(query)
    }

    fn recording<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Recording>> {
        self.inner.recording(id)
    }

    fn delete(&self, filter: Filter) -> BoxFuture<'_, Result<u64>> {
        self.inner.delete(filter)
    }

    fn add_feedback(&self, feedback: Feedback) -> BoxFuture<'_, Result<()>> {
        self.inner.add_feedback(feedback)
    }

    fn usage(&self, query: UsageQuery) -> BoxFuture<'_, Result<Vec<UsageRow>>> {
        self.inner.usage(query)
    }

    fn campaign_totals(&self, query: CampaignQuery) -> BoxFuture<'_, Result<Vec<ArmTotals>>> {
        self.inner.campaign_totals(query)
    }

    fn query<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<Vec<JsonMap>>> {
        self.inner.query(sql)
    }

    fn prune(&self) -> BoxFuture<'_, Result<u64>> {
        self.inner.prune()
    }
}
