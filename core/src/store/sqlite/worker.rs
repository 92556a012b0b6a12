//! A thread that owns a connection and does what it is sent, in order. A job that panics is answered
//! with `internal`; the next one gets a fresh connection.
//!
//! The connection is opened by the first job and closed when none has come for a while, so that a
//! process that forks with nothing under way may go on in the child, where a new thread is started
//! (see `in_use`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_core::future::BoxFuture;
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::error::failed;
use super::in_use::InUse;
use crate::error::{Error, ErrorKind, Result};

/// How long a connection stays open without work.
const IDLE: Duration = Duration::from_secs(1);

/// Is given the connection, or the error of opening it; `false` where the connection is not to be used again.
type Task = Box<dyn FnOnce(Result<&mut Connection>) -> bool + Send>;

/// What the thread is sent.
enum Job {
    /// Do this.
    Do(Task),
    /// Close the connection, say so, and end.
    End(oneshot::Sender<()>),
}

/// Makes the connection.
pub(super) type Open = fn(&Path) -> rusqlite::Result<Connection>;

/// A thread with a connection, started by the first job.
pub(super) struct Worker {
    path: PathBuf,
    open: Open,
    thread: ArcSwap<Thread>,
}

/// The thread as one process knows it.
struct Thread {
    process: u32,
    /// `None` where it could not be started, or was closed.
    jobs: Option<Sender<Job>>,
    /// What is said instead, where there is no thread.
    instead: &'static str,
}

impl Worker {
    pub(super) fn new(path: PathBuf, open: Open) -> Self {
        let mut none = Thread::without("");
        none.process = 0;
        Worker {
            path,
            open,
            thread: ArcSwap::from_pointee(none),
        }
    }

    /// Does this with the connection, after what was sent before. It is sent now, not when first polled,
    /// and done even where nobody waits.
    pub(super) fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let (reply, answer) = oneshot::channel();
        let job = Job::Do(Box::new(move |connection| {
            // The connection is dropped after a panic, and with it a transaction that was begun.
            let ended = catch_unwind(AssertUnwindSafe(|| connection.and_then(job)));
            let sound = ended.is_ok();
            // Nobody waits any more: that is no error.
            let _ = reply.send(ended.unwrap_or_else(|_| Err(panicked())));
            sound
        }));
        let thread = self.thread();
        let sent = match &thread.jobs {
            Some(jobs) => jobs.send(job).map_err(|_| "its thread has ended"),
            None => Err(thread.instead),
        };
        let path = self.path.clone();
        Box::pin(async move {
            let told = match sent {
                Ok(()) => match answer.await {
                    Ok(outcome) => return outcome,
                    Err(_) => "its thread has ended",
                },
                Err(told) => told,
            };
            let message = format!("storage file {}: {told}", path.display());
            Err(Error::new(ErrorKind::StoreError, message))
        })
    }

    /// Ends the thread after what was sent before.
    pub(super) fn close(&self) -> BoxFuture<'static, Result<()>> {
        let last = self.thread();
        self.thread
            .store(Arc::new(Thread::without("it was closed")));
        let Some(jobs) = last.jobs.clone() else {
            return Box::pin(std::future::ready(Ok(())));
        };
        let (reply, answer) = oneshot::channel();
        let sent = jobs.send(Job::End(reply));
        Box::pin(async move {
            if sent.is_ok() {
                let _ = answer.await;
            }
            Ok(())
        })
    }

    /// The thread of this process.
    fn thread(&self) -> Arc<Thread> {
        let thread = self.thread.load_full();
        if thread.process == std::process::id() {
            return thread;
        }
        // The first call, or one in a forked child: there the parent's half is left as it is, not dropped.
        std::mem::forget(thread.clone());
        self.thread
            .store(Arc::new(Thread::start(&self.path, self.open)));
        self.thread.load_full()
    }
}

impl Thread {
    fn start(path: &Path, open: Open) -> Thread {
        let (jobs, queue) = channel();
        let path = path.to_owned();
        let started = std::thread::Builder::new()
            .name("slugline-store".to_owned())
            .spawn(move || work(&path, open, &queue));
        Thread {
            process: std::process::id(),
            jobs: started.is_ok().then_some(jobs),
            instead: "its thread could not be started",
        }
    }

    fn without(instead: &'static str) -> Thread {
        Thread {
            process: std::process::id(),
            jobs: None,
            instead,
        }
    }
}

/// The life of the thread: until nobody can send any more.
fn work(path: &Path, open: Open, queue: &Receiver<Job>) {
    // Declared so that the connection is closed before the file is said to be free.
    let mut in_use: Option<InUse> = None;
    let mut connection: Option<Connection> = None;
    loop {
        let job = match connection {
            Some(_) => queue.recv_timeout(IDLE),
            None => queue.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match job {
            Ok(Job::Do(job)) => {
                let sound = match &mut connection {
                    Some(connection) => job(Ok(connection)),
                    none => match connect(path, open) {
                        Ok((entry, opened)) => {
                            in_use = Some(entry);
                            job(Ok(none.insert(opened)))
                        }
                        Err(error) => job(Err(error)),
                    },
                };
                if !sound {
                    connection = None;
                    in_use = None;
                }
            }
            Ok(Job::End(reply)) => {
                drop(connection);
                drop(in_use);
                let _ = reply.send(());
                return;
            }
            Err(RecvTimeoutError::Timeout) => {
                connection = None;
                in_use = None;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn connect(path: &Path, open: Open) -> Result<(InUse, Connection)> {
    let entry = InUse::enter(path)?;
    let connection = open(path).map_err(|error| failed(path, error))?;
    Ok((entry, connection))
}

fn panicked() -> Error {
    let message = "a bug in the store: what was asked for may be undone; please report it";
    Error::new(ErrorKind::Internal, message)
}

impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use crate::store::sqlite::open;

    #[tokio::test]
    async fn a_job_that_panics_ends_neither_the_thread_nor_its_transaction() {
        let folder = tempfile::tempdir().unwrap();
        let path = open::prepare(&folder.path().join("slugline.db")).unwrap();
        let worker = Worker::new(path, open::writer);
        let turn =
            "INSERT INTO turns (session_id, follows, created_ms, messages) VALUES ('s', 0, 0, '')";
        let count = |worker: &Worker| {
            worker.run(|connection| {
                let count =
                    connection.query_row("SELECT count(*) FROM turns", [], |row| row.get(0));
                Ok(count.unwrap_or(-1i64))
            })
        };
        for round in 0..3 {
            let failed = worker.run::<()>(move |connection| {
                connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                connection.execute(turn, []).unwrap();
                panic!("a bug")
            });
            // Sent while the other is under way.
            let after = count(&worker);
            let error = failed.await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Internal, "{error}");
            assert_eq!(after.await.unwrap(), 0, "round {round}");
        }
        worker.close().await.unwrap();
        let error = count(&worker).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StoreError);
    }
}
