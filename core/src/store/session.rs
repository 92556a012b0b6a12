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
    /// Names this state of the session: 0 where it is empty. A turn is appended to the version it was
    /// made from, else it is a `conflict`. Versions grow but do not count turns, and are never used twice.
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
