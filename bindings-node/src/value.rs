//! Requests in: JSON text to the core's requests, and the core's words for JavaScript values that no
//! JSON text can hold, which `lib/input.js` finds.

use napi::Either;
use napi_derive::napi;
use serde::de::{DeserializeOwned, Error as _, Unexpected};
use serde_json::Value;
use slugline::chat::JsonMap;
use slugline::input::{self, InputError};
use slugline::{Error, ErrorKind, Result, runtime};

use crate::error::thrown;

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

/// Throws the error for a value that cannot be sent: why, what kind of value it is, and where it is.
#[napi]
pub fn refuse(
    why: String,
    kind: String,
    path: Vec<Either<String, u32>>,
    of_config: bool,
) -> napi::Result<()> {
    let mut error = match why.as_str() {
        "not_finite" => InputError::not_finite(),
        "out_of_range" => InputError::out_of_range(),
        "inexact" => InputError::custom(
            "a whole number beyond 2^53 - 1 is not exact as a Number: give it as a BigInt",
        ),
        "lone_surrogate" => InputError::lone_surrogate(),
        "cycle" => InputError::cycle(),
        "too_deep" => InputError::too_deep(),
        _ => InputError::invalid_type(Unexpected::Other(&kind), &"any valid JSON value"),
    };
    for step in path.iter().rev() {
        error = match step {
            Either::A(key) => error.at_key(key),
            Either::B(index) => error.at_index(*index as usize),
        };
    }
    let error = error.into_error();
    Err(thrown(if of_config {
        configuration(error)
    } else {
        error
    }))
}

/// Throws `invalid_request` about one option, with these words.
#[napi]
pub fn invalid(param: String, message: String) -> napi::Result<()> {
    Err(thrown(if param.is_empty() {
        Error::new(ErrorKind::InvalidRequest, message)
    } else {
        Error::invalid(param, message)
    }))
}
