//! How other threads reach a JavaScript thread: one bell for all its calls and streams.
//!
//! A waker notes the number of its call and rings; JavaScript is entered once for all that was noted
//! since, and polls each. Node's loop is kept alive only while JavaScript says that something is pending.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use napi::bindgen_prelude::Function;
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};
use napi::{Env, Status};
use napi_derive::napi;
use slugline::Result;
use tokio::sync::oneshot;

use crate::keys::Raised;

/// The number under which questions to callables are noted; calls count from 1.
const QUESTIONS: u32 = 0;

/// Weak: it alone keeps no process alive.
type Bell = ThreadsafeFunction<(), (), (), Status, false, true>;

/// What is noted for one JavaScript thread.
pub(crate) struct Notes {
    bell: Mutex<Bell>,
    noted: Mutex<Noted>,
}

#[derive(Default)]
struct Noted {
    rung: bool,
    woken: Vec<u32>,
    asked: Vec<Question>,
    open: HashMap<u32, Asking>,
    questions: u32,
    forgotten: Vec<u32>,
    /// The JavaScript thread is ending: nobody answers any more.
    ended: bool,
}

/// Who waits for an answer.
struct Asking {
    answer: oneshot::Sender<Result<String>>,
    /// For a helper's value, not for a key.
    helper: bool,
}

/// What a callable is asked: for a key, or for the value of a helper.
#[napi(object)]
pub struct Question {
    /// What the answer refers to.
    pub id: u32,
    /// Which callable is asked.
    pub slot: u32,
    /// Of a helper: the list of its arguments and the object of its `key=value` arguments, as JSON text.
    pub arguments: Option<String>,
}

impl Notes {
    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, id: u32) {
        let mut noted = self.noted();
        noted.woken.push(id);
        if std::mem::replace(&mut noted.rung, true) {
            return;
        }
        drop(noted);
        let bell = self.bell.lock().unwrap_or_else(PoisonError::into_inner);
        // A thread that is ending hears nothing, and nobody waits there any more.
        let _ = bell.call((), ThreadsafeFunctionCallMode::NonBlocking);
    }

    /// Asks the callable in this slot: for a key, or with a helper's arguments for its value.
    pub(crate) fn ask(
        &self,
        slot: u32,
        arguments: Option<String>,
    ) -> oneshot::Receiver<Result<String>> {
        let (answer, answered) = oneshot::channel();
        let mut noted = self.noted();
        if noted.ended {
            return answered;
        }
        let id = noted.questions;
        noted.questions = id.wrapping_add(1);
        let helper = arguments.is_some();
        noted.open.insert(id, Asking { answer, helper });
        noted.asked.push(Question {
            id,
            slot,
            arguments,
        });
        drop(noted);
        self.wake(QUESTIONS);
        answered
    }

    /// What JavaScript keeps under this number is needed no more. Heard when the bell rings next.
    pub(crate) fn forget(&self, slot: u32) {
        self.noted().forgotten.push(slot);
    }
}

/// The native end of the hub of one JavaScript thread.
#[napi]
pub struct Hub {
    pub(crate) notes: Arc<Notes>,
}

#[napi]
impl Hub {
    /// Calls `ring` on this thread whenever something was noted.
    #[napi(constructor)]
    pub fn new(ring: Function<'_, (), ()>) -> napi::Result<Self> {
        let bell = ring.build_threadsafe_function().weak::<true>().build()?;
        Ok(Hub {
            notes: Arc::new(Notes {
                bell: Mutex::new(bell),
                noted: Mutex::default(),
            }),
        })
    }

    /// Keeps the loop alive while something is pending.
    #[napi]
    pub fn hold(&self, env: Env, pending: bool) -> napi::Result<()> {
        let mut bell = self
            .notes
            .bell
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        #[expect(
            deprecated,
            reason = "its replacement, dropping the function, would need a new one for each call"
        )]
        if pending {
            bell.refer(&env)
        } else {
            bell.unref(&env)
        }
    }

    /// The numbers of what may go on; 0 stands for `questions`.
    #[napi]
    pub fn woken(&self) -> Vec<u32> {
        let mut noted = self.notes.noted();
        noted.rung = false;
        std::mem::take(&mut noted.woken)
    }

    /// What callables are asked.
    #[napi]
    pub fn questions(&self) -> Vec<Question> {
        std::mem::take(&mut self.notes.noted().asked)
    }

    /// Answers a question, with a key or with JSON text.
    #[napi]
    pub fn answer(&self, id: u32, given: String) {
        self.answered(id, |_| Ok(given));
    }

    /// Says why there is no answer; `raised` is where JavaScript keeps what was thrown.
    #[napi]
    pub fn refuse(&self, id: u32, says: String, raised: Option<u32>) {
        let raised = raised.map(|slot| Raised::new(slot, &self.notes));
        self.answered(id, |helper| {
            Err(if helper {
                crate::helpers::refused(&says, raised)
            } else {
                crate::keys::refused(&says, raised)
            })
        });
    }

    /// What JavaScript need not keep any more.
    #[napi]
    pub fn forgotten(&self) -> Vec<u32> {
        std::mem::take(&mut self.notes.noted().forgotten)
    }
}

impl Hub {
    fn answered(&self, id: u32, answer: impl FnOnce(bool) -> Result<String>) {
        let open = self.notes.noted().open.remove(&id);
        if let Some(Asking { answer: to, helper }) = open {
            // The call may have been given up.
            let _ = to.send(answer(helper));
        }
    }

    /// What wakes the call or stream with this number.
    pub(crate) fn pull(&self, id: u32) -> Pull {
        let rope = Arc::new(Rope {
            notes: self.notes.clone(),
            id,
            pulled: AtomicBool::new(false),
        });
        Pull {
            waker: rope.clone().into(),
            rope,
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let mut noted = self.notes.noted();
        noted.ended = true;
        // Whoever waits for an answer of this thread waits no longer.
        let open = std::mem::take(&mut noted.open);
        drop(noted);
        drop(open);
    }
}

/// The waker of one call or stream.
pub(crate) struct Pull {
    rope: Arc<Rope>,
    waker: Waker,
}

impl Pull {
    /// The waker, ready to be heard once more.
    pub(crate) fn waker(&self) -> &Waker {
        self.rope.pulled.store(false, Ordering::Release);
        &self.waker
    }
}

struct Rope {
    notes: Arc<Notes>,
    id: u32,
    pulled: AtomicBool,
}

impl Wake for Rope {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Woken many times before JavaScript looks: told once.
        if !self.pulled.swap(true, Ordering::AcqRel) {
            self.notes.wake(self.id);
        }
    }
}
