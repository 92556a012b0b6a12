//! The way of recordings to their store, which never slows or fails a call: a bounded queue that a thread
//! of its own empties in batches. What finds no room, or cannot be written, is counted and warned of.
//!
//! The thread starts with the first recording, and ends the store when the engine closes. A store in
//! memory needs none of this: it is written to at once.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio::sync::oneshot;

use crate::error::Result;
use crate::store::{Recording, Store};

/// Most recordings that wait to be written.
const MOST: usize = 10_000;
/// Most bytes of payload that wait, as far as they can be told beforehand.
const MOST_BYTES: usize = 64 << 20;
/// Most recordings that are written together.
const BATCH: usize = 2_048;
/// How long a first recording waits for others, so that the thread is woken once for many calls.
const LINGER: Duration = Duration::from_millis(100);
/// Between two looks for what is too old.
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// Between two warnings of what was not recorded.
const WARN_EVERY: Duration = Duration::from_secs(10);

/// What takes recordings.
#[derive(Debug)]
pub(super) struct Recorder {
    store: Arc<dyn Store>,
    /// `None` where the store is written to at once.
    queue: Option<Arc<Queue>>,
    lost: Arc<Lost>,
    pruned: Mutex<Instant>,
}

/// What was not recorded.
#[derive(Debug, Default)]
pub(super) struct Lost {
    count: AtomicU64,
    warned: Mutex<Option<Instant>>,
}

#[derive(Debug, Default)]
struct Queue {
    state: Mutex<State>,
    /// There is something to do for the thread.
    work: Condvar,
    /// The thread has ended.
    ended: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// What waits, each with about how many bytes of payload it has.
    waiting: Vec<(Recording, usize)>,
    /// The bytes of all that waits.
    bytes: usize,
    /// How many were pushed, and how many of them the thread has taken, since the start.
    pushed: u64,
    taken: u64,
    /// Who waits, and for which push.
    flushes: Vec<(u64, oneshot::Sender<()>)>,
    phase: Phase,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    #[default]
    Unstarted,
    Running,
    Closing,
    Ended,
}

impl Lost {
    /// How many recordings were lost so far.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// Counts recordings that were lost, and says so now and then.
    pub(super) fn add(&self, recordings: usize, why: &dyn std::fmt::Display) {
        let count = recordings as u64;
        let lost = self.count.fetch_add(count, Ordering::Relaxed) + count;
        let now = Instant::now();
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.is_none_or(|at| now.duration_since(at) >= WARN_EVERY) {
            *warned = Some(now);
            drop(warned);
            tracing::warn!(lost, "calls were not recorded: {why}");
        }
    }
}

impl Recorder {
    /// Records to a store on disk or further away.
    pub(super) fn queued(store: Arc<dyn Store>, lost: Arc<Lost>) -> Self {
        Recorder {
            queue: Some(Arc::default()),
            ..Recorder::direct(store, lost)
        }
    }

    /// Records to a store whose writes are done when they return.
    pub(super) fn direct(store: Arc<dyn Store>, lost: Arc<Lost>) -> Self {
        Recorder {
            store,
            queue: None,
            lost,
            pruned: Mutex::new(Instant::now()),
        }
    }

    /// Takes a recording with about so many bytes of payload; `false` where it is lost.
    pub(super) fn push(&self, recording: Recording, bytes: usize) -> bool {
        let taken = match &self.queue {
            Some(queue) => queue.push(recording, bytes, &self.store, &self.lost),
            None => self.write(recording),
        };
        if let Err(why) = &taken {
            self.lost.add(1, why);
        }
        taken.is_ok()
    }

    fn write(&self, recording: Recording) -> Result<(), String> {
        let written = self.store.record(vec![recording]).now_or_never();
        let now = Instant::now();
        let mut pruned = self.pruned.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(*pruned) >= PRUNE_EVERY {
            *pruned = now;
            drop(pruned);
            let _ = self.store.prune().now_or_never();
        }
        match written {
            Some(written) => written.map_err(|error| error.to_string()),
            None => Err("the store in memory is busy".to_owned()),
        }
    }

    /// Waits until everything that was pushed before has been written, or was lost.
    pub(super) async fn flush(&self) {
        let Some(queue) = &self.queue else { return };
        let written = {
            let mut state = queue.lock();
            match state.phase {
                Phase::Running | Phase::Closing => {
                    let (done, written) = oneshot::channel();
                    let last = state.pushed;
                    state.flushes.push((last, done));
                    queue.work.notify_one();
                    written
                }
                Phase::Unstarted | Phase::Ended => return,
            }
        };
        let _ = written.await;
    }

    /// Writes what waits and ends the store; `false` where that took longer than `patience`, and goes on
    /// by itself.
    pub(super) fn close(&self, patience: Duration) -> bool {
        let Some(queue) = &self.queue else {
            let _ = self.store.close().now_or_never();
            return true;
        };
        let mut state = queue.lock();
        if state.phase == Phase::Unstarted
            && queue.start(&mut state, &self.store, &self.lost).is_err()
        {
            return false;
        }
        if state.phase == Phase::Running {
            state.phase = Phase::Closing;
            queue.work.notify_one();
        }
        let (_state, waited) = queue
            .ended
            .wait_timeout_while(state, patience, |state| state.phase != Phase::Ended)
            .unwrap_or_else(PoisonError::into_inner);
        !waited.timed_out()
    }
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(
        self: &Arc<Self>,
        recording: Recording,
        bytes: usize,
        store: &Arc<dyn Store>,
        lost: &Arc<Lost>,
    ) -> Result<(), String> {
        let mut state = self.lock();
        if state.phase == Phase::Unstarted {
            self.start(&mut state, store, lost)
                .map_err(|error| format!("no thread to write them: {error}"))?;
        }
        if state.phase != Phase::Running {
            return Err("the engine is closed".to_owned());
        }
        let room = state.bytes == 0 || state.bytes + bytes <= MOST_BYTES;
        if state.waiting.len() >= MOST || !room {
            return Err("the store does not keep up".to_owned());
        }
        state.waiting.push((recording, bytes));
        state.pushed += 1;
        state.bytes += bytes;
        // The thread looks again after its linger: only the first of a batch wakes it.
        if state.waiting.len() == 1 || state.waiting.len() == BATCH {
            self.work.notify_one();
        }
        Ok(())
    }

    fn start(
        self: &Arc<Self>,
        state: &mut State,
        store: &Arc<dyn Store>,
        lost: &Arc<Lost>,
    ) -> std::io::Result<()> {
        let (queue, store, lost) = (self.clone(), store.clone(), lost.clone());
        thread::Builder::new()
            .name("slugline-store".to_owned())
            .spawn(move || {
                let ending = Ending(&queue, &lost);
                queue.run(&*store, &lost);
                drop(ending);
            })?;
        state.phase = Phase::Running;
        Ok(())
    }

    /// The thread.
    fn run(&self, store: &dyn Store, lost: &Lost) {
        let prune = || {
            if let Err(why) = done(|| store.prune()) {
                tracing::warn!("old recordings were not deleted: {why}");
            }
        };
        // What a process before this one left.
        prune();
        let mut pruned = Instant::now();
        loop {
            let (batch, flushes, closing) = self.next(pruned + PRUNE_EVERY);
            let count = batch.len();
            if count > 0
                && let Err(why) = done(|| store.record(batch))
            {
                lost.add(count, &why);
            }
            for flush in flushes {
                let _ = flush.send(());
            }
            if closing {
                break;
            }
            if pruned.elapsed() >= PRUNE_EVERY {
                pruned = Instant::now();
                prune();
            }
        }
        // A process that lives for a call or two must leave nothing behind that is too old.
        prune();
        if let Err(why) = done(|| store.close()) {
            tracing::warn!("the store was not closed: {why}");
        }
    }

    /// What is to be written next, and whether that is the last.
    fn next(&self, look_up: Instant) -> (Vec<Recording>, Vec<oneshot::Sender<()>>, bool) {
        let mut state = self.lock();
        let idle = |state: &mut State| {
            state.waiting.is_empty() && state.flushes.is_empty() && state.phase == Phase::Running
        };
        let patience = look_up.saturating_duration_since(Instant::now());
        (state, _) = self
            .work
            .wait_timeout_while(state, patience, idle)
            .unwrap_or_else(PoisonError::into_inner);
        let lingers = |state: &mut State| {
            (1..BATCH).contains(&state.waiting.len())
                && state.flushes.is_empty()
                && state.phase == Phase::Running
        };
        (state, _) = self
            .work
            .wait_timeout_while(state, LINGER, lingers)
            .unwrap_or_else(PoisonError::into_inner);
        let state = &mut *state;
        let count = state.waiting.len().min(BATCH);
        let mut bytes = 0;
        let taken = state.waiting.drain(..count).map(|(recording, own)| {
            bytes += own;
            recording
        });
        let batch: Vec<Recording> = taken.collect();
        state.bytes -= bytes;
        state.taken += count as u64;
        let taken = state.taken;
        let flushes = state.flushes.extract_if(.., |(last, _)| *last <= taken);
        let flushes = flushes.map(|(_, done)| done).collect();
        let last = state.phase == Phase::Closing && state.waiting.is_empty();
        (batch, flushes, last)
    }
}

/// The end of the thread, also where a bug ended it: nobody may wait for it then, and what waits is lost.
struct Ending<'a>(&'a Queue, &'a Lost);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let Ending(queue, lost) = self;
        let mut state = queue.lock();
        state.phase = Phase::Ended;
        state.flushes.clear();
        let left = std::mem::take(&mut state.waiting).len();
        drop(state);
        if left > 0 {
            lost.add(left, &"the thread that writes them has ended");
        }
        queue.ended.notify_all();
    }
}

/// Does this and waits for it on this thread. A panic in a store of somebody else's, in the call or while it
/// is awaited, is a failure like any other.
fn done<T, F: Future<Output = Result<T>>>(work: impl FnOnce() -> F) -> Result<T, String> {
    let waited = catch_unwind(AssertUnwindSafe(|| block_on(work())));
    match waited {
        Ok(outcome) => outcome.map_err(|error| error.to_string()),
        Err(_) => Err("a bug in the store".to_owned()),
    }
}

pub(super) fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

#[cfg(test)]
#[path = "recorder_tests.rs"]
mod tests;
