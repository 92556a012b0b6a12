//! The store itself: every method is a job for the thread that writes or one that reads. Calls wait for the turns
//! of their session, so those have a thread of their own: a long report holds no call up. So have statements
//! of the user, which may run for ever.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures_core::future::BoxFuture;
use rusqlite::Connection;

use super::error::failed;
use super::guest;
use super::stop::Stops;
use super::turns::WrittenTurn;
use super::worker::Worker;
use super::{open, query, sums, turns, write};
use crate::chat::JsonMap;
use crate::error::Result;
use crate::store::cursor::Cursor;
use crate::store::memory::{conflict, no_completion, no_recording};
use crate::store::upkeep::Upkeep;
use crate::store::{
    ArmTotals, CampaignQuery, Feedback, Filter, Page, Recording, RecordingQuery, Retention,
    Session, SessionTurn, Store, UsageQuery, UsageRow,
};

/// How long a job waits for other processes that had to wait for its turn already.
const LEAST_PATIENCE: Duration = Duration::from_millis(100);

/// Keeps everything in one SQLite file. Other processes may use the file at the same time; inside this
/// one, no other copy of SQLite may open it (see `docs/recordings.md`).
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    retention: Retention,
    /// Something was deleted that may still be in the log: another process read from there, or was killed.
    unclean: Arc<AtomicBool>,
    upkeep: Upkeep,
    /// Ends statements of the user.
    stops: Stops,
    writer: Worker,
    reader: Worker,
    turns: Worker,
    guests: Worker,
}

/// How much was deleted.
#[derive(Debug, Default)]
struct Gone {
    sessions: u64,
    recordings: u64,
}

impl SqliteStore {
    /// Opens the file, making it where there is none, with mode 0600. Its folder must exist.
    ///
    /// # Errors
    /// `config_error` about `engine.storage` for a place that cannot hold it: no folder, no permission, a
    /// network file system. `store_error` for a file that is damaged, of another program, or of a newer release.
    pub fn open(path: impl AsRef<Path>, retention: Retention) -> Result<SqliteStore> {
        let path = open::prepare(path.as_ref())?;
        Ok(SqliteStore {
            writer: Worker::new(path.clone(), open::writer),
            reader: Worker::new(path.clone(), open::reader),
            turns: Worker::new(path.clone(), open::reader),
            guests: Worker::new(path.clone(), open::reader),
            path,
            retention,
            unclean: Arc::new(AtomicBool::new(true)),
            upkeep: Upkeep::default(),
            stops: Stops::default(),
        })
    }

    /// The file's full path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Does this on the thread that reads recordings, as long as somebody waits for it.
    fn read<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let path = self.path.clone();
        let (waits, stop) = self.stops.begin();
        let read = self.reader.run(move |connection| {
            stop.watch_job(connection, job)
                .map_err(|error| failed(&path, error))
        });
        Box::pin(async move {
            let _waits = waits;
            read.await
        })
    }

    /// Does this on the thread that writes. The wait for other processes is counted from now: of many that are
    /// sent while the file is locked, the last one waits hardly longer than the first.
    fn write<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> BoxFuture<'static, Result<T>> {
        let path = self.path.clone();
        let sent = Instant::now();
        self.writer.run(move |connection| {
            let patience = open::BUSY
                .saturating_sub(sent.elapsed())
                .max(LEAST_PATIENCE);
            let done = connection
                .busy_timeout(patience)
                .and_then(|()| job(connection));
            done.map_err(|error| failed(&path, error))
        })
    }

    /// As [`write`](Self::write), for a job that deletes: nothing of it stays in the log.
    fn erase(
        &self,
        job: impl FnOnce(&mut Connection) -> rusqlite::Result<Gone> + Send + 'static,
    ) -> BoxFuture<'static, Result<Gone>> {
        let unclean = self.unclean.clone();
        self.write(move |connection| {
            // A job that fails half-way has deleted something too.
            let gone = job(connection).inspect_err(|_| unclean.store(true, Ordering::Relaxed))?;
            if gone.recordings > 0 || gone.sessions > 0 || unclean.load(Ordering::Relaxed) {
                let clean = write::scrub(connection)?;
                unclean.store(!clean, Ordering::Relaxed);
            }
            Ok(gone)
        })
    }

    /// Forgets what is too old, now and then: after what was sent before, and nobody waits for it.
    fn keep_up(&self) {
        if self.upkeep.is_due() {
            drop(self.prune());
        }
    }

    fn ttl(&self) -> i64 {
        i64::try_from(self.retention.session_ttl_ms).unwrap_or(i64::MAX)
    }
}

/// What is asked for wrongly is told when the answer is awaited, as all else.
fn refused<T: Send + 'static>(error: crate::Error) -> BoxFuture<'static, Result<T>> {
    Box::pin(std::future::ready(Err(error)))
}

impl Store for SqliteStore {
    fn session<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Session>> {
        let (id, ttl, path) = (id.to_owned(), self.ttl(), self.path.clone());
        self.turns.run(move |connection| {
            turns::load(connection, &id, ttl).map_err(|error| failed(&path, error))
        })
    }

    fn append_turn<'a>(
        &'a self,
        id: &'a str,
        version: u64,
        turn: SessionTurn,
    ) -> BoxFuture<'a, Result<u64>> {
        let turn = match WrittenTurn::of(turn) {
            Ok(turn) => turn,
            Err(error) => return refused(error),
        };
        let (own, ttl, unclean) = (id.to_owned(), self.ttl(), self.unclean.clone());
        let appended = self.write(move |connection| {
            let appended = turns::append(connection, &own, version, &turn, ttl)?;
            if appended.as_ref().is_some_and(|appended| appended.erased) {
                unclean.store(true, Ordering::Relaxed);
            }
            Ok(appended)
        });
        self.keep_up();
        Box::pin(async move {
            let appended = appended.await?.ok_or_else(|| conflict(id))?;
            Ok(appended.version)
        })
    }

    fn clear_session<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<()>> {
        let id = id.to_owned();
        let cleared = self.erase(move |connection| {
            Ok(Gone {
                sessions: u64::from(turns::clear(connection, &id)?),
                recordings: 0,
            })
        });
        self.keep_up();
        Box::pin(async move { cleared.await.map(|_| ()) })
    }

    fn record(&self, batch: Vec<Recording>) -> BoxFuture<'_, Result<()>> {
        self.write(move |connection| write::record(connection, &batch))
    }

    fn recordings(&self, query: RecordingQuery) -> BoxFuture<'_, Result<Page>> {
        let cursor = query.cursor.as_deref().map(Cursor::read).transpose();
        match (query.rows(), cursor) {
            (Ok(limit), Ok(after)) => {
                self.read(move |connection| query::page(connection, &query, after, limit))
            }
            (Err(error), _) | (_, Err(error)) => refused(error),
        }
    }

    fn recording<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Recording>> {
        let own = id.to_owned();
        let found = self.read(move |connection| query::one(connection, &own));
        Box::pin(async move { found.await?.ok_or_else(|| no_recording(id)) })
    }

    fn delete(&self, filter: Filter) -> BoxFuture<'_, Result<u64>> {
        if let Err(error) = filter.check_delete() {
            return refused(error);
        }
        let gone = self.erase(move |connection| {
            Ok(Gone {
                sessions: 0,
                recordings: write::delete(connection, &filter)?,
            })
        });
        Box::pin(async move { Ok(gone.await?.recordings) })
    }

    fn add_feedback(&self, feedback: Feedback) -> BoxFuture<'_, Result<()>> {
        if let Err(error) = feedback.check() {
            return refused(error);
        }
        let completion = feedback.completion_id.clone();
        let kept = self.write(move |connection| write::feedback(connection, &feedback));
        Box::pin(async move {
            match kept.await? {
                true => Ok(()),
                false => Err(no_completion(&completion)),
            }
        })
    }

    fn usage(&self, query: UsageQuery) -> BoxFuture<'_, Result<Vec<UsageRow>>> {
        if let Err(error) = query.check() {
            return refused(error);
        }
        self.read(move |connection| sums::usage(connection, &query))
    }

    fn campaign_totals(&self, query: CampaignQuery) -> BoxFuture<'_, Result<Vec<ArmTotals>>> {
        self.read(move |connection| sums::campaign(connection, &query))
    }

    fn query<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<Vec<JsonMap>>> {
        let (path, sql) = (self.path.clone(), sql.to_owned());
        let (waits, stop) = self.stops.begin();
        let found = self.guests.run(move |_| guest::query(&path, &sql, &stop));
        Box::pin(async move {
            let _waits = waits;
            found.await
        })
    }

    fn interrupt(&self) {
        self.stops.stop_all();
    }

    fn prune(&self) -> BoxFuture<'_, Result<u64>> {
        self.upkeep.done();
        let (retention, ttl) = (self.retention, self.ttl());
        let gone = self.erase(move |connection| {
            Ok(Gone {
                sessions: turns::prune(connection, ttl)?,
                recordings: write::prune(connection, &retention)?,
            })
        });
        Box::pin(async move { Ok(gone.await?.recordings) })
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        self.interrupt();
        Box::pin(async move {
            // The readers first: the last connection to close empties the log.
            self.guests.close().await?;
            self.turns.close().await?;
            self.reader.close().await?;
            if self.unclean.load(Ordering::Relaxed) {
                // Where others still read, what was deleted is overwritten when the last of them closes.
                let _ = self.erase(|_| Ok(Gone::default())).await;
            }
            self.writer.close().await
        })
    }
}
