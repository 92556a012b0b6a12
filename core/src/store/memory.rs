//! The store that lives as long as its engine: the newest recordings, behind one lock that is never
//! held across a wait.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_core::future::BoxFuture;

use super::cursor::Cursor;
use super::session::{Ending, State as SessionState, is_over};
use super::totals::{arm_totals, usage_rows};
use super::upkeep::Upkeep;
use super::{
    ArmTotals, CampaignQuery, Feedback, Filter, Page, Recording, RecordingQuery, Retention,
    Session, SessionTurn, Store, UsageQuery, UsageRow,
};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};

/// Keeps everything in memory. Bounded by [`Retention::recordings`].
#[derive(Debug, Default)]
pub struct MemoryStore {
    retention: Retention,
    upkeep: Upkeep,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// In the order they were written, each with its number.
    rows: VecDeque<(i64, Recording)>,
    /// How many were ever written: the number of the next row.
    written: i64,
    /// Id of a recording -> its number.
    ids: HashMap<String, i64>,
    /// Completion -> the number of its recording.
    completions: HashMap<String, i64>,
    /// Completion -> its judgements, oldest first.
    feedback: HashMap<String, Vec<Feedback>>,
    sessions: HashMap<String, Session>,
    /// What is known of sessions without turns.
    endings: HashMap<String, Ending>,
    /// The last version given to any session.
    version: u64,
}

impl MemoryStore {
    /// An empty store.
    pub fn new(retention: Retention) -> Self {
        MemoryStore {
            retention,
            upkeep: Upkeep::default(),
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what is too old, now and then.
    fn keep_up(&self, state: &mut State) {
        if self.upkeep.is_due() {
            state.prune(&self.retention);
        }
    }

    fn ttl(&self) -> i64 {
        milliseconds(self.retention.session_ttl_ms)
    }
}

impl State {
    fn get(&self, number: i64) -> Option<&Recording> {
        let place = self.rows.binary_search_by_key(&number, |(own, _)| *own);
        self.rows.get(place.ok()?).map(|(_, recording)| recording)
    }

    fn push(&mut self, recording: Recording) {
        if self.ids.contains_key(&recording.id) {
            return;
        }
        let number = self.written;
        self.written += 1;
        self.ids.insert(recording.id.clone(), number);
        for completion in &recording.completion_ids {
            self.completions.insert(completion.clone(), number);
        }
        let recording = Recording {
            feedback: Vec::new(),
            ..recording
        };
        self.rows.push_back((number, recording));
    }

    fn forget(&mut self, recording: &Recording) {
        self.ids.remove(&recording.id);
        for completion in &recording.completion_ids {
            self.completions.remove(completion);
            self.feedback.remove(completion);
        }
    }

    fn pop(&mut self) {
        if let Some((_, oldest)) = self.rows.pop_front() {
            self.forget(&oldest);
        }
    }

    fn remove(&mut self, meant: impl Fn(&Recording) -> bool) -> u64 {
        let rows = std::mem::take(&mut self.rows);
        let (gone, kept): (VecDeque<_>, _) = rows.into_iter().partition(|(_, row)| meant(row));
        self.rows = kept;
        gone.iter()
            .for_each(|(_, recording)| self.forget(recording));
        gone.len() as u64
    }

    fn judged(&self, recording: &Recording) -> Vec<Feedback> {
        let mut all: Vec<Feedback> = recording
            .completion_ids
            .iter()
            .filter_map(|completion| self.feedback.get(completion))
            .flatten()
            .cloned()
            .collect();
        all.sort_by_key(|feedback| feedback.created_ms);
        all
    }

    fn page(&self, query: &RecordingQuery) -> Result<Page> {
        let limit = query.rows()?;
        let after = query.cursor.as_deref().map(Cursor::read).transpose()?;
        let is_meant = query.filter.matcher();
        let mut found: Vec<(Cursor, &Recording)> = self
            .rows
            .iter()
            .map(|(number, recording)| {
                let at = Cursor {
                    created_ms: recording.created_ms,
                    sequence: *number,
                };
                (at, recording)
            })
            .filter(|(at, recording)| after.is_none_or(|after| *at < after) && is_meant(recording))
            .collect();
        found.sort_unstable_by(|(one, _), (other, _)| other.cmp(one));
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| more);
        Ok(Page {
            next_cursor: last.map(|(at, _)| at.write()),
            recordings: found
                .iter()
                .map(|(_, recording)| self.read(recording, query.payload))
                .collect(),
        })
    }

    fn read(&self, recording: &Recording, payload: bool) -> Recording {
        let mut read = recording.clone();
        if !payload {
            read.drop_payload();
        }
        read.feedback = self.judged(recording);
        read
    }

    fn state(&self, id: &str, ttl: i64, now: i64) -> SessionState {
        match self.sessions.get(id) {
            Some(session) => {
                let last = session.turns.last().map_or(0, |turn| turn.created_ms);
                SessionState {
                    version: session.version,
                    is_over: is_over(last, ttl, now),
                }
            }
            None => SessionState::of_none(self.endings.get(id).copied(), now),
        }
    }

    fn session(&self, id: &str, ttl: i64) -> Session {
        let state = self.state(id, ttl, clock::unix_millis());
        match self.sessions.get(id) {
            Some(session) if !state.is_over => session.clone(),
            _ => Session {
                id: id.to_owned(),
                version: state.shown(),
                turns: Vec::new(),
            },
        }
    }

    fn append(&mut self, id: &str, version: u64, turn: SessionTurn, ttl: i64) -> Result<u64> {
        if !self.state(id, ttl, clock::unix_millis()).takes(version) {
            return Err(conflict(id));
        }
        self.version += 1;
        self.endings.remove(id);
        let session = self.sessions.entry(id.to_owned()).or_default();
        if version == 0 {
            session.turns.clear();
        }
        id.clone_into(&mut session.id);
        session.version = self.version;
        session.turns.push(turn);
        Ok(self.version)
    }

    fn clear(&mut self, id: &str) {
        self.version += 1;
        self.sessions.remove(id);
        self.endings
            .insert(id.to_owned(), Ending::cleared(self.version));
    }

    fn prune(&mut self, retention: &Retention) -> u64 {
        let now = clock::unix_millis();
        let forgotten = Ending::forgotten(now);
        self.endings.retain(|_, ending| ending.until_ms > forgotten);
        let ttl = milliseconds(retention.session_ttl_ms);
        let over = self.sessions.extract_if(|_, session| {
            let last = session.turns.last().map_or(0, |turn| turn.created_ms);
            is_over(last, ttl, now)
        });
        let over = over.map(|(id, session)| (id, Ending::expired(session.version, now)));
        self.endings.extend(over);
        let age = milliseconds(retention.recording_age_ms);
        if age == 0 {
            return 0;
        }
        let oldest = now.saturating_sub(age);
        self.remove(|recording| recording.created_ms <= oldest)
    }
}

fn milliseconds(setting: u64) -> i64 {
    i64::try_from(setting).unwrap_or(i64::MAX)
}

/// The session went on while a turn was made from an older state of it.
pub(super) fn conflict(id: &str) -> Error {
    let message = format!(
        "session `{id}` was changed by another call meanwhile: load it again and ask once more"
    );
    Error::new(ErrorKind::Conflict, message).with_detail("session_id", id)
}

pub(super) fn no_recording(id: &str) -> Error {
    let message = format!("there is no recording `{id}`");
    Error::not_found("recording", message, Vec::new())
}

pub(super) fn no_completion(id: &str) -> Error {
    let message =
        format!("no recording has the completion `{id}`: it is not recorded, or was deleted since");
    Error::not_found("completion", message, Vec::new())
}

fn done<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Store for MemoryStore {
    fn session<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Session>> {
        done(Ok(self.lock().session(id, self.ttl())))
    }

    fn append_turn<'a>(
        &'a self,
        id: &'a str,
        version: u64,
        turn: SessionTurn,
    ) -> BoxFuture<'a, Result<u64>> {
        let mut state = self.lock();
        let appended = state.append(id, version, turn, self.ttl());
        self.keep_up(&mut state);
        done(appended)
    }

    fn clear_session<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<()>> {
        let mut state = self.lock();
        state.clear(id);
        self.keep_up(&mut state);
        done(Ok(()))
    }

    fn record(&self, batch: Vec<Recording>) -> BoxFuture<'_, Result<()>> {
        let most = usize::try_from(self.retention.recordings).unwrap_or(usize::MAX);
        let mut state = self.lock();
        for recording in batch {
            state.push(recording);
            while most > 0 && state.rows.len() > most {
                state.pop();
            }
        }
        done(Ok(()))
    }

    fn recordings(&self, query: RecordingQuery) -> BoxFuture<'_, Result<Page>> {
        done(self.lock().page(&query))
    }

    fn recording<'a>(&'a self, id: &'a str) -> BoxFuture<'a, Result<Recording>> {
        let state = self.lock();
        let number = state.ids.get(id).copied();
        let found = number.and_then(|number| Some(state.read(state.get(number)?, true)));
        done(found.ok_or_else(|| no_recording(id)))
    }

    fn delete(&self, filter: Filter) -> BoxFuture<'_, Result<u64>> {
        let delete = || {
            filter.check_delete()?;
            Ok(self.lock().remove(filter.matcher()))
        };
        done(delete())
    }

    fn add_feedback(&self, feedback: Feedback) -> BoxFuture<'_, Result<()>> {
        let add = || {
            feedback.check()?;
            let mut state = self.lock();
            if !state.completions.contains_key(&feedback.completion_id) {
                return Err(no_completion(&feedback.completion_id));
            }
            let completion = feedback.completion_id.clone();
            state.feedback.entry(completion).or_default().push(feedback);
            Ok(())
        };
        done(add())
    }

    fn usage(&self, query: UsageQuery) -> BoxFuture<'_, Result<Vec<UsageRow>>> {
        let count = || {
            query.check()?;
            let state = self.lock();
            let rows = state.rows.iter().map(|(_, recording)| recording);
            let is_meant = query.filter.matcher();
            Ok(usage_rows(
                &query.group_by,
                rows.filter(|row| is_meant(row)),
            ))
        };
        done(count())
    }

    fn campaign_totals(&self, query: CampaignQuery) -> BoxFuture<'_, Result<Vec<ArmTotals>>> {
        let state = self.lock();
        let filter = Filter {
            campaign: Some(query.campaign.clone()),
            since_ms: query.since_ms,
            until_ms: query.until_ms,
            ..Filter::default()
        };
        let mut arms: BTreeMap<String, ArmTotals> = BTreeMap::new();
        let rows = state.rows.iter().map(|(_, recording)| recording);
        for recording in rows.filter(|row| filter.matches(row)) {
            let feedback = |completion: &str| state.feedback.get(completion).map(Vec::as_slice);
            arm_totals(&mut arms, recording, query.metric.as_deref(), feedback);
        }
        done(Ok(arms.into_values().collect()))
    }

    fn prune(&self) -> BoxFuture<'_, Result<u64>> {
        self.upkeep.done();
        done(Ok(self.lock().prune(&self.retention)))
    }

    fn close(&self) -> BoxFuture<'_, Result<()>> {
        done(Ok(()))
    }
}
