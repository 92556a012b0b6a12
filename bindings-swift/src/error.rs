//! Errors out: the fields of the core's error, from which `SluglineError.swift` makes the public one.

use std::fmt;
use std::sync::Arc;

use slugline::chat::{Attempt, ChatCompletion, JsonMap};
use slugline::{Error, ErrorData, Location};

use crate::keys::{Raised, Thrown};

/// Everything about a failure.
#[derive(uniffi::Record)]
pub struct FailureFields {
    code: String,
    message: String,
    provider: Option<String>,
    model: Option<String>,
    status: Option<u16>,
    request_id: Option<String>,
    retry_after_ms: Option<u64>,
    retryable: bool,
    attempts: Vec<Attempt>,
    param: Option<String>,
    location: Option<Location>,
    details: JsonMap,
    partial: Option<ChatCompletion>,
    /// What Swift's own code threw.
    raised: Option<Arc<dyn Raised>>,
}

/// What Swift catches.
#[derive(uniffi::Error)]
pub enum Failure {
    /// The only kind: `code` tells them apart.
    Failed {
        /// Everything about it.
        fields: FailureFields,
    },
}

impl FailureFields {
    pub(crate) fn of(error: Error) -> Self {
        let message = error.to_string();
        // Every field by name: a new one must be thought of here.
        let ErrorData {
            kind,
            message: _,
            provider,
            model,
            status,
            request_id,
            retry_after_ms,
            retryable,
            attempts,
            param,
            location,
            details,
            partial,
            source,
        } = error.into_data();
        let raised = source
            .as_deref()
            .and_then(|source| thrown(source))
            .map(|thrown| thrown.0.clone());
        FailureFields {
            code: kind.code().to_owned(),
            message,
            provider,
            model,
            status,
            request_id,
            retry_after_ms,
            retryable,
            attempts,
            param,
            location,
            details,
            partial: partial.map(|partial| *partial),
            raised,
        }
    }
}

/// What Swift threw, in a chain of causes.
fn thrown<'a>(cause: &'a (dyn std::error::Error + 'static)) -> Option<&'a Thrown> {
    std::iter::successors(Some(cause), |cause| cause.source())
        .find_map(|cause| cause.downcast_ref())
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Failed {
            fields: FailureFields::of(error),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure::Failed { fields } = self;
        f.write_str(&fields.message)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Failure {}
