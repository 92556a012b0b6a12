//! Errors out: the core's error as the message of a native one, from which `lib/errors.js` makes the
//! class of its kind.

use serde::Serialize;
use slugline::{Error, Result};

use crate::keys::Raised;

#[derive(Serialize)]
struct Thrown<'a> {
    error: &'a Error,
    /// The words of what caused it, where another library reported it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    /// Where JavaScript keeps what its own code threw.
    #[serde(skip_serializing_if = "Option::is_none")]
    raised: Option<u32>,
}

/// The error that JavaScript catches.
pub(crate) fn thrown(error: Error) -> napi::Error {
    let source = error.data().source.clone();
    let raised = source
        .as_ref()
        .and_then(|source| source.downcast_ref::<Raised>())
        .map(|raised| raised.slot);
    let cause = match raised {
        Some(_) => None,
        None => source.map(|source| source.to_string()),
    };
    let thrown = Thrown {
        error: &error,
        cause,
        raised,
    };
    let json = serde_json::to_string(&thrown);
    napi::Error::from_reason(json.unwrap_or_else(|_| error.to_string()))
}

/// An answer as the text that crosses.
pub(crate) fn json<T: Serialize>(answer: &T) -> Result<String> {
    serde_json::to_string(answer).map_err(|error| {
        let message = "an answer cannot be written as JSON";
        Error::new(slugline::ErrorKind::Internal, message).with_source(error)
    })
}
