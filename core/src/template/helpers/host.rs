//! Calls of functions of the host language: what comes of them is a value or a [`Problem`], whatever
//! they do.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use super::{Arguments, HelperFn, Problem};
use crate::chat::JsonMap;
use crate::template::value::Val;
use crate::{Error, ErrorKind};

thread_local! {
    /// Whether a helper is running on this thread.
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Marks this thread while a helper runs on it.
struct Running;

impl Running {
    /// `None` where one is running already: it renders, and would do so without end.
    fn begin() -> Option<Running> {
        (!RUNNING.replace(true)).then_some(Running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.set(false);
    }
}

pub(super) fn run<'a>(
    name: &str,
    function: Option<&HelperFn>,
    arguments: Arguments<'a>,
) -> Result<Val<'a>, Problem> {
    let problem = |message: String, cause: Option<Error>| Problem {
        message,
        cause,
        helper: Some(name.to_owned()),
    };
    let Some(function) = function else {
        let message = format!("the helper `{name}` is no longer registered");
        return Err(problem(message, None));
    };
    let list: Vec<Value> = arguments.list.into_iter().map(Val::into_value).collect();
    let hash: JsonMap = arguments
        .hash
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.into_value()))
        .collect();
    let Some(_running) = Running::begin() else {
        let message = format!(
            "the helper `{name}` is called by a prompt that another helper renders: a helper computes a value from its arguments alone"
        );
        return Err(problem(message, None));
    };
    let called = catch_unwind(AssertUnwindSafe(|| function(&list, &hash)));
    let called = called.unwrap_or_else(|_| Err(Error::new(ErrorKind::Internal, "it panicked")));
    called.map(Val::owned).map_err(|cause| {
        let message = format!("the helper `{name}` failed: {}", cause.data().message);
        problem(message, Some(cause))
    })
}

#[cfg(test)]
#[path = "host_tests.rs"]
mod tests;
