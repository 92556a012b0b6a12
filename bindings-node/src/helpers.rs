//! Helpers from code: JavaScript functions that templates call.
//!
//! Prompts are rendered on threads of the runtime, JavaScript runs on its own: a helper's call is a question
//! to that thread, and the rendering thread waits for the answer. JavaScript never waits for a rendering
//! thread, so neither can hold the other up.

use std::sync::Arc;
use std::thread::ThreadId;

use napi_derive::napi;
use serde_json::Value;
use slugline::template::Helpers;
use slugline::{Error, ErrorKind, Result, runtime};

use crate::hub::{Hub, Notes};
use crate::keys::Raised;

/// The largest whole number that a JavaScript Number holds exactly, with all below it.
const MAX_SAFE: u64 = (1 << 53) - 1;

/// A function under `helpers`.
#[napi(object)]
pub struct HelperSlot {
    /// The name in templates.
    pub name: String,
    /// Where JavaScript keeps it.
    pub slot: u32,
}

/// A function that JavaScript keeps in a slot.
struct Function {
    notes: Arc<Notes>,
    slot: u32,
    home: ThreadId,
}

/// The functions in these slots as helpers.
pub(crate) fn register(hub: &Hub, slots: Vec<HelperSlot>) -> Result<Helpers> {
    // Made before anything can fail: dropping one tells JavaScript to let go of its function.
    let functions: Vec<(String, Function)> = slots
        .into_iter()
        .map(|HelperSlot { name, slot }| (name, Function::new(hub, slot)))
        .collect();
    let mut helpers = Helpers::new();
    for (name, function) in functions {
        let ask = runtime::json_helper(move |arguments, keys| {
            function.ask(format!("[{arguments},{keys}]"))
        });
        let checked = move |arguments: &[Value], keys: &slugline::chat::JsonMap| {
            if arguments.iter().chain(keys.values()).all(is_exact) {
                return ask(arguments, keys);
            }
            Err(failed(
                "a whole number beyond 2^53 - 1 among its arguments is not exact in JavaScript: give it as a text",
            ))
        };
        helpers.register(&name, checked).map_err(|error| {
            let message = error.into_data().message;
            Error::new(ErrorKind::ConfigError, message).with_param(format!("helpers.{name}"))
        })?;
    }
    Ok(helpers)
}

impl Function {
    fn new(hub: &Hub, slot: u32) -> Self {
        Function {
            notes: hub.notes.clone(),
            slot,
            home: std::thread::current().id(),
        }
    }

    /// Waits for the answer, as JSON text.
    fn ask(&self, arguments: String) -> Result<String> {
        if std::thread::current().id() == self.home {
            let message = "a prompt is rendered on the JavaScript thread that its helper needs";
            return Err(Error::new(ErrorKind::Internal, message));
        }
        let answered = self.notes.ask(self.slot, Some(arguments)).blocking_recv();
        answered.unwrap_or_else(|_| Err(failed("its JavaScript thread has ended")))
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        self.notes.forget(self.slot);
    }
}

/// Why a helper gave no value.
pub(crate) fn refused(says: &str, raised: Option<Raised>) -> Error {
    let error = failed(&format!("it {says}"));
    match raised {
        Some(raised) => error.with_source(raised),
        None => error,
    }
}

fn failed(says: &str) -> Error {
    Error::new(ErrorKind::TemplateError, says)
}

fn is_exact(value: &Value) -> bool {
    match value {
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(whole), _) => whole <= MAX_SAFE,
            (None, Some(whole)) => whole.unsigned_abs() <= MAX_SAFE,
            (None, None) => true,
        },
        Value::Array(items) => items.iter().all(is_exact),
        Value::Object(entries) => entries.values().all(is_exact),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}
