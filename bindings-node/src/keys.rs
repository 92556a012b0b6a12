//! Keys from code: what stands for a JavaScript callable under `api_key`, asked at each attempt.

use std::fmt;
use std::sync::Arc;

use slugline::provider::KeyProvider;
use slugline::transport::BoxFuture;
use slugline::{Error, ErrorKind, Result};

use crate::hub::Notes;

/// A callable that JavaScript keeps in a slot.
pub(crate) struct Callable {
    pub(crate) notes: Arc<Notes>,
    pub(crate) slot: u32,
}

impl KeyProvider for Callable {
    fn key(&self) -> BoxFuture<'static, Result<String>> {
        let answered = self.notes.ask(self.slot, None);
        Box::pin(async move {
            let given_up = || Error::new(ErrorKind::Authentication, text("was given up"));
            answered.await.unwrap_or_else(|_| Err(given_up()))
        })
    }
}

impl Drop for Callable {
    fn drop(&mut self) {
        self.notes.forget(self.slot);
    }
}

/// Why a callable gave no key.
pub(crate) fn refused(says: &str, raised: Option<Raised>) -> Error {
    let error = Error::new(ErrorKind::Authentication, text(says));
    match raised {
        Some(raised) => error.with_source(raised),
        None => error,
    }
}

fn text(says: &str) -> String {
    format!("the callable under `api_key` {says}")
}

/// Something thrown, which JavaScript keeps while an error refers to it.
pub(crate) struct Raised {
    pub(crate) slot: u32,
    notes: Arc<Notes>,
}

impl Raised {
    pub(crate) fn new(slot: u32, notes: &Arc<Notes>) -> Self {
        Raised {
            slot,
            notes: notes.clone(),
        }
    }
}

impl Drop for Raised {
    fn drop(&mut self) {
        self.notes.forget(self.slot);
    }
}

// The exception's own words may hold anything, a key for one.
impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an exception")
    }
}

impl fmt::Debug for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Raised {}
