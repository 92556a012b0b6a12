//! A conversation as the store keeps it: turns in order, under a version that tells two writers apart.

use serde::{Deserialize, Serialize};

use crate::chat::Message;
use crate::clock;

/// The turns of one session, as they were when it was loaded.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// The session's id.
    pub id: String,
    /// Names this state of the session: 0 where there never was a turn, or where they are all too old. A turn is
    /// appended to the version it was made from, else it is a `conflict`. Versions grow but do not count turns,
    /// and are never used twice: clearing a session gives it a new one.
    pub version: u64,
    /// The turns, oldest first.
    pub turns: Vec<SessionTurn>,
}

impl Session {
    /// All messages, oldest first: what stands before the new ones of the next call.
    pub fn history(&self) -> Vec<Message> {
        self.turns
            .iter()
            .flat_map(|turn| turn.messages.iter().cloned())
            .collect()
    }
}

/// One turn: what the caller said and what the model answered.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SessionTurn {
    /// When it was appended: Unix time in milliseconds.
    pub created_ms: i64,
    /// The completion that ended it.
    pub completion_id: Option<String>,
    /// The caller's new messages, then the answer.
    pub messages: Vec<Message>,
}

impl SessionTurn {
    /// A turn that ends now.
    pub fn new(messages: Vec<Message>, completion_id: Option<String>) -> Self {
        SessionTurn {
            created_ms: clock::unix_millis(),
            completion_id,
            messages,
        }
    }
}

/// How long it is known that a session was cleared, in milliseconds: longer than a call takes.
const REMEMBERED_MS: i64 = 3_600_000;

/// Whether a session is over: its last turn is as old as a session may get (0: never).
pub(super) fn is_over(last_ms: i64, ttl_ms: i64, now_ms: i64) -> bool {
    ttl_ms > 0 && now_ms.saturating_sub(last_ms) >= ttl_ms
}

/// What stays for a while of a session without turns, so that a turn under way is told from one that begins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ending {
    /// The session's version.
    pub(super) version: u64,
    /// From then on it is as if there never had been a turn; turns made from `version` are still taken.
    pub(super) until_ms: i64,
}

impl Ending {
    /// Of a session that was cleared: what was begun before does not belong to it.
    pub(super) fn cleared(version: u64) -> Ending {
        Ending {
            version,
            until_ms: clock::unix_millis().saturating_add(REMEMBERED_MS),
        }
    }

    /// Of a session whose turns are gone because they were too old: what was made from them still has its place.
    pub(super) fn expired(version: u64, now_ms: i64) -> Ending {
        Ending {
            version,
            until_ms: now_ms,
        }
    }

    /// The latest `until_ms` of endings that nobody needs any more.
    pub(super) fn forgotten(now_ms: i64) -> i64 {
        now_ms.saturating_sub(REMEMBERED_MS)
    }
}

/// Where a session stands when a turn is to be appended.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    /// The number of its last turn, or of what emptied it.
    pub(super) version: u64,
    /// What was there is too old: it reads as a new session.
    pub(super) is_over: bool,
}

impl State {
    /// Of a session without turns.
    pub(super) fn of_none(ending: Option<Ending>, now_ms: i64) -> State {
        match ending {
            Some(ending) => State {
                version: ending.version,
                is_over: now_ms >= ending.until_ms,
            },
            None => State {
                version: 0,
                is_over: true,
            },
        }
    }

    /// The version that who loads it is told.
    pub(super) fn shown(self) -> u64 {
        if self.is_over { 0 } else { self.version }
    }

    /// Whether a turn that was made from `version` may be appended. One that was made from turns that got too old
    /// meanwhile still may.
    pub(super) fn takes(self, version: u64) -> bool {
        version == self.version || version == 0 && self.is_over
    }
}
