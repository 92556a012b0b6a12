//! Errors as HTTP: OpenAI's envelope with our code, and the status for each kind.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use slugline::{Error, ErrorKind};

use super::access::Outcome;

/// Longest message, in characters.
const LONGEST: usize = 4_096;

/// An answer that is an error.
#[derive(Debug)]
pub(crate) struct Refusal {
    error: Error,
    status: StatusCode,
}

impl Refusal {
    /// The same with another status, where HTTP has a finer one.
    #[must_use]
    pub(crate) fn status(mut self, status: StatusCode) -> Refusal {
        self.status = status;
        self
    }

    /// There is nothing under this path.
    pub(crate) fn no_route() -> Refusal {
        let message = "no route has this path; /openapi.json lists them";
        Error::not_found("route", message, Vec::new()).into()
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = status(error.kind());
        Refusal { error, status }
    }
}

/// The status that says a kind of error.
fn status(kind: ErrorKind) -> StatusCode {
    use ErrorKind::*;
    let code = match kind {
        InvalidRequest
        | TemplateError
        | MissingVariable
        | InvalidVariables
        | ContextLengthExceeded
        | ContentFiltered => 400,
        Authentication => 401,
        QuotaExceeded => 402,
        PermissionDenied => 403,
        NotFound | UnknownModel => 404,
        Timeout | TtftTimeout => 408,
        Conflict => 409,
        RequestTooLarge => 413,
        Unsupported => 422,
        RateLimited => 429,
        Cancelled => 499,
        Connection | ServerError | InvalidResponse => 502,
        Overloaded => 503,
        ConfigError | StreamInterrupted | StoreError | Internal => 500,
    };
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// OpenAI's word for the family of an error.
fn family(status: StatusCode) -> &'static str {
    match status.as_u16() {
        401 => "authentication_error",
        402 | 429 => "rate_limit_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 => "timeout_error",
        409 => "conflict_error",
        // Told to a client that is there: the server stops.
        499 => "server_error",
        400..=499 => "invalid_request_error",
        _ => "server_error",
    }
}

/// The body of an error, in an answer of its own or as the last event of a stream.
pub(crate) fn envelope(error: &Error) -> Value {
    envelope_of(error, status(error.kind()))
}

fn envelope_of(error: &Error, status: StatusCode) -> Value {
    json!({"error": {
        "message": bounded(error.to_string()),
        "type": family(status),
        "param": error.data().param,
        "code": error.code(),
    }})
}

/// A message that repeats a name is as long as somebody made it.
fn bounded(message: String) -> String {
    match message.char_indices().nth(LONGEST) {
        Some((end, _)) => message.get(..end).unwrap_or_default().to_owned() + "..",
        None => message,
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Refusal { error, status } = self;
        let body = envelope_of(&error, status).to_string();
        let json = HeaderValue::from_static("application/json");
        let mut response = (status, [(header::CONTENT_TYPE, json)], body).into_response();
        response.extensions_mut().insert(Outcome::of(&error));
        let headers = response.headers_mut();
        // OpenAI's clients try again on some statuses unless told: the engine has done what makes sense.
        let again = if error.data().retryable {
            "true"
        } else {
            "false"
        };
        headers.insert("x-should-retry", HeaderValue::from_static(again));
        if let Some(ms) = error.data().retry_after_ms {
            headers.insert("retry-after-ms", HeaderValue::from(ms));
            headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_the_status_of_the_contract() {
        let of = |kind: &ErrorKind| status(*kind).as_u16();
        let statuses: Vec<u16> = ErrorKind::ALL.iter().map(of).collect();
        assert!(statuses.iter().all(|code| (400..600).contains(code)));
        for (kind, code) in [
            (ErrorKind::NotFound, 404),
            (ErrorKind::QuotaExceeded, 402),
            (ErrorKind::Timeout, 408),
            (ErrorKind::Cancelled, 499),
            (ErrorKind::InvalidResponse, 502),
            (ErrorKind::Internal, 500),
        ] {
            assert_eq!(of(&kind), code);
        }
    }

    #[test]
    fn the_envelope_is_openais() {
        let error = Error::invalid("temperature", "too hot");
        assert_eq!(
            envelope(&error),
            json!({"error": {
                "message": "too hot", "type": "invalid_request_error",
                "param": "temperature", "code": "invalid_request",
            }})
        );
    }
}
