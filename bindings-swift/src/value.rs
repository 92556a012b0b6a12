//! Requests in: JSON text to the core's requests, and the core's words for what no JSON text can hold,
//! which `JSONWriter.swift` finds.

use serde::de::{DeserializeOwned, Error as _, Unexpected};
use serde_json::Value;
use slugline::chat::{ChatRequest, JsonMap, Options, PromptRequest};
use slugline::input::{self, InputError};
use slugline::{Error, ErrorKind, Result, runtime};

use crate::error::FailureFields;

/// Reads a request.
pub(crate) fn request<T: DeserializeOwned>(json: &str) -> Result<T> {
    runtime::shield(|| input::from_json(json.as_bytes()))
}

/// Reads plain data of a configuration.
pub(crate) fn config(json: &str) -> Result<Value> {
    runtime::shield(|| input::from_json(json.as_bytes())).map_err(configuration)
}

/// Reads overrides of a configuration.
pub(crate) fn overrides(json: Option<&str>) -> Result<JsonMap> {
    match json {
        Some(json) => runtime::shield(|| input::from_json(json.as_bytes())).map_err(configuration),
        None => Ok(JsonMap::new()),
    }
}

/// What cannot be read is wrong with the configuration, not with a call.
fn configuration(error: Error) -> Error {
    let data = error.into_data();
    let param = data.param.unwrap_or_default();
    Error::new(ErrorKind::ConfigError, data.message).with_param(param)
}

/// Why a value cannot be sent.
#[derive(uniffi::Enum)]
pub enum Unsendable {
    /// NaN or an infinity.
    NotFinite,
    /// A whole number beyond 64 bits.
    OutOfRange,
    /// Nested too deep.
    TooDeep,
    /// A date that ISO 8601 has no four digits for.
    FarDate,
    /// It encodes itself as nothing.
    Nothing,
    /// Its encoder threw.
    Threw {
        /// The name of the error's type.
        kind: String,
    },
}

/// A step of the way to a value.
#[derive(uniffi::Enum)]
pub enum Step {
    /// Into an object.
    Key {
        /// The key.
        key: String,
    },
    /// Into a list.
    Index {
        /// The place, from 0.
        index: u32,
    },
}

/// The error for a value that cannot be sent.
#[uniffi::export]
pub fn unsendable(why: Unsendable, path: Vec<Step>, of_config: bool) -> FailureFields {
    let mut error = match why {
        Unsendable::NotFinite => InputError::not_finite(),
        Unsendable::OutOfRange => InputError::out_of_range(),
        Unsendable::TooDeep => InputError::too_deep(),
        Unsendable::FarDate => {
            InputError::custom("a date outside the years 1 to 9999 cannot be sent")
        }
        Unsendable::Threw { kind } => InputError::custom(format_args!(
            "it cannot be encoded: its encoder threw `{kind}`"
        )),
        Unsendable::Nothing => InputError::invalid_type(
            Unexpected::Other("a value that encodes nothing"),
            &"any valid JSON value",
        ),
    };
    for step in path.iter().rev() {
        error = match step {
            Step::Key { key } => error.at_key(key),
            Step::Index { index } => error.at_index(*index as usize),
        };
    }
    let error = error.into_error();
    FailureFields::of(if of_config {
        configuration(error)
    } else {
        error
    })
}

/// The names of every argument of `chat` and of `run_prompt`, as they stand in JSON.
#[uniffi::export]
pub fn argument_names() -> Vec<String> {
    let names = [ChatRequest::NAMES, PromptRequest::NAMES, Options::NAMES].concat();
    names.into_iter().map(str::to_owned).collect()
}
