//! The trait that every store implements, object safe and async, so that a store may be a lock, a
//! thread or a connection to another machine.

use futures_core::future::BoxFuture;

use super::{
    ArmTotals, CampaignQuery, Feedback, Filter, Page, Recording, RecordingQuery, Session,
    SessionTurn, UsageQuery, UsageRow,
};
use crate::chat::JsonMap;
use crate::error::{Error, ErrorKind, Result};

/// How long things are kept. 0 keeps them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// The newest recordings that are kept.
    pub recordings: u64,
    /// Age in milliseconds at which a recording is deleted.
    pub recording_age_ms: u64,
    /// Milliseconds after its last turn at which a session is empty again.
    pub session_ttl_ms: u64,
}

/// Keeps sessions, recordings and feedback. Every method may be called from any thread and on any
/// executor. Once a write has returned `Ok` it outlives the process, where the store is on disk.
///
/// A failing store answers `store_error`.
pub trait Store: Send + Sync + std::fmt::Debug {
    /// A session's turns; one that is unknown or too old is empty, with version 0. One that was cleared is empty at
    /// a version of its own.
    fn session<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Session>>;

    /// Appends a turn to the version of the session it was made from, and gives the new version.
    /// Either the whole turn is kept or nothing. A session that got too old since it was loaded is at the version it
    /// was loaded at, and the turn prolongs it.
    ///
    /// # Errors
    /// `conflict` where the session is at another version by now.
    fn append_turn<'a>(
        &'a self,
        id: &'a str,
        version: u64,
        turn: SessionTurn,
    ) -> BoxFuture<'a, Result<u64>>;

    /// Forgets a session's turns. A turn under way is a `conflict` then, also where there were none. Known for an
    /// hour at least.
    fn clear_session<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<()>>;

    /// Appends recordings, all or none, in order. One whose id is known already is left as it is, so
    /// that a batch may be tried again.
    fn record(&self, batch: Vec<Recording>) -> BoxFuture<'_, Result<()>>;

    /// A page of recordings, newest first.
    ///
    /// # Errors
    /// `invalid_request` about `limit`, `cursor` or `labels`.
    fn recordings(&self, query: RecordingQuery) -> BoxFuture<'_, Result<Page>>;

    /// One recording, payload and feedback included.
    ///
    /// # Errors
    /// `not_found`.
    fn recording<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Recording>>;

    /// Deletes recordings with their feedback, and says how many. Nothing of them stays in a file.
    ///
    /// # Errors
    /// `invalid_request` for an empty filter, or about `labels`.
    fn delete(&self, filter: Filter) -> BoxFuture<'_, Result<u64>>;

    /// Keeps a judgement.
    ///
    /// # Errors
    /// `not_found` where no recording has this completion; `invalid_request` about `metric` or `value`.
    fn add_feedback(&self, feedback: Feedback) -> BoxFuture<'_, Result<()>>;

    /// Calls, tokens and cost, a row a group, in the order of the groups' values.
    ///
    /// # Errors
    /// `invalid_request` about `group_by` or `labels`.
    fn usage(&self, query: UsageQuery) -> BoxFuture<'_, Result<Vec<UsageRow>>>;

    /// What a [`CampaignReport`](super::CampaignReport) is made of: an entry an arm that has calls, by name.
    fn campaign_totals(&self, query: CampaignQuery) -> BoxFuture<'_, Result<Vec<ArmTotals>>>;

    /// Runs one statement that only reads, and gives its rows. It ends where the future is dropped.
    ///
    /// # Errors
    /// `unsupported` where the store knows no SQL; `invalid_request` for a statement that is wrong, writes, or
    /// gives more than a program can hold; `store_error` where it was broken off.
    fn query<'a>(&'a self, sql: &'a str) -> BoxFuture<'a, Result<Vec<JsonMap>>> {
        let _ = sql;
        Box::pin(std::future::ready(Err(Error::new(
            ErrorKind::Unsupported,
            "this store knows no SQL: `recordings.query` needs storage in SQLite",
        ))))
    }

    /// Breaks off the statements of [`query`](Self::query) under way: the engine is closing.
    fn interrupt(&self) {}

    /// Deletes what is older, or more, than is to be kept, and says how many recordings went. Nothing of it stays
    /// in a file. The writer of recordings calls it now and then; a store that is not told to record must see to
    /// it itself.
    fn prune(&self) -> BoxFuture<'_, Result<u64>>;

    /// Ends the store's threads and connections, after what was begun. Later calls may fail.
    fn close(&self) -> BoxFuture<'_, Result<()>>;
}
