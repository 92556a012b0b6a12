//! The access log: lines on standard error, written by a thread of their own.
//!
//! Who reads them may be slow or not read at all, and no call waits for that: what does not fit into the queue is
//! lost, and how much that was is told as soon as there is room.

use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Most lines that wait.
const WAITING: usize = 8_192;
/// How long the last lines may take once the server has stopped.
const LAST: Duration = Duration::from_secs(1);

/// Where lines go.
pub(crate) struct Log {
    lines: Mutex<Option<SyncSender<String>>>,
    lost: Arc<AtomicU64>,
    done: Mutex<Option<Receiver<()>>>,
}

impl Log {
    /// Starts the thread that writes.
    pub(crate) fn start() -> std::io::Result<Log> {
        let (lines, written) = sync_channel(WAITING);
        let (ended, done) = sync_channel(1);
        let lost = Arc::new(AtomicU64::new(0));
        let missing = lost.clone();
        std::thread::Builder::new()
            .name("slugline-log".to_owned())
            .spawn(move || {
                write(&written, &missing);
                let _ = ended.send(());
            })?;
        Ok(Log {
            lines: Mutex::new(Some(lines)),
            lost,
            done: Mutex::new(Some(done)),
        })
    }

    /// Adds a line, without waiting.
    pub(crate) fn line(&self, line: String) {
        let lines = held(&self.lines);
        if lines
            .as_ref()
            .is_none_or(|lines| lines.try_send(line).is_err())
        {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits for the lines so far, but not for a reader that does not read.
    pub(crate) fn end(&self) {
        drop(held(&self.lines).take());
        if let Some(done) = held(&self.done).take() {
            let _ = done.recv_timeout(LAST);
        }
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn write(lines: &Receiver<String>, lost: &AtomicU64) {
    while let Ok(mut line) = lines.recv() {
        let missing = lost.swap(0, Ordering::Relaxed);
        if missing > 0 {
            line.push_str(&format!(
                "{missing} lines are lost: nobody read them in time\n"
            ));
        }
        // One write a line, so that words of other threads do not mix with it.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }
}
