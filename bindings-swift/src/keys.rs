//! Keys from code: what stands for a Swift closure under `apiKey`, asked at each attempt. A question is
//! put without waiting and answered from a Swift task, so that no thread of the runtime is held.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use slugline::provider::KeyProvider;
use slugline::transport::BoxFuture;
use slugline::{Error, ErrorKind, Result};
use tokio::sync::oneshot;

/// A closure that Swift keeps.
#[uniffi::export(with_foreign)]
pub trait KeySource: Send + Sync {
    /// Takes a question, to be answered later.
    fn ask(&self, question: Arc<KeyQuestion>) -> Arc<dyn KeySearch>;
}

/// A question that Swift is at.
#[uniffi::export(with_foreign)]
pub trait KeySearch: Send + Sync {
    /// Nobody waits for the answer any more.
    fn cancel(&self);
}

/// An error that Swift keeps.
#[uniffi::export(with_foreign)]
pub trait Raised: Send + Sync {
    /// The name of its type.
    fn kind(&self) -> String;
}

/// A key that is wanted. Dropped without an answer it is as good as refused.
#[derive(uniffi::Object)]
pub struct KeyQuestion(Mutex<Option<oneshot::Sender<Result<String>>>>);

#[uniffi::export]
impl KeyQuestion {
    /// Gives the key.
    pub fn answer(&self, key: String) {
        self.settle(Ok(key));
    }

    /// Says that there is none.
    pub fn fail(&self, raised: Arc<dyn Raised>) {
        self.settle(Err(failed("threw").with_source(Thrown(raised))));
    }
}

impl KeyQuestion {
    fn settle(&self, answer: Result<String>) {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waiting) = waiting {
            // Nobody waits any more where the call was cancelled.
            let _ = waiting.send(answer);
        }
    }
}

/// The core's side of a closure.
pub(crate) struct Closure(pub(crate) Arc<dyn KeySource>);

impl KeyProvider for Closure {
    fn key(&self) -> BoxFuture<'static, Result<String>> {
        let (answers, answered) = oneshot::channel();
        let search = Search(self.0.ask(Arc::new(KeyQuestion(Mutex::new(Some(answers))))));
        Box::pin(async move {
            let answer = answered.await;
            drop(search);
            answer.unwrap_or_else(|_| Err(failed("was given up")))
        })
    }
}

/// A call that waits for its key: dropped, it takes the closure along.
struct Search(Arc<dyn KeySearch>);

impl Drop for Search {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

fn failed(says: &str) -> Error {
    let message = format!("the closure under `apiKey` {says}");
    Error::new(ErrorKind::Authentication, message)
}

/// What Swift threw, as the source of an error.
pub(crate) struct Thrown(pub(crate) Arc<dyn Raised>);

// The error's own words may hold anything, a key for one.
impl fmt::Display for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.kind())
    }
}

impl fmt::Debug for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Thrown {}
