//! The part of an HTTP request that all dialects share: the headers. [`url`](super::url) has the paths.
//! Authentication is the dialect's own step, after this one.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::Call;
use crate::error::{Error, ErrorKind, Result};
use crate::transport::HttpRequest;

/// What this library calls itself.
pub(crate) const AGENT: &str = concat!("slugline/", env!("CARGO_PKG_VERSION"));

/// Headers that a call may not set: they carry credentials, or the transport owns them.
const RESERVED: &[&str] = &[
    "accept",
    "accept-encoding",
    "api-key",
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-amz-content-sha256",
    "x-amz-date",
    "x-amz-security-token",
    "x-api-key",
    "x-goog-api-key",
];

/// A request with the headers that every dialect sends, the provider's own and the call's.
pub(crate) fn request(url: String, call: Call<'_>, body: Vec<u8>) -> Result<HttpRequest> {
    let mut headers = HeaderMap::with_capacity(8);
    let accept = match call.stream {
        true => "text/event-stream",
        false => "application/json",
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    for (name, value) in &call.target.provider.headers {
        insert(&mut headers, name, value).map_err(|what| {
            let provider = &call.target.provider.name;
            Error::new(
                ErrorKind::ConfigError,
                format!("`headers` of provider `{provider}`: {what}"),
            )
        })?;
    }
    for (name, value) in &call.options.extra_headers {
        add_extra(&mut headers, name, value)?;
    }
    Ok(HttpRequest {
        url,
        headers,
        body: Bytes::from(body),
        attempt: 0,
    })
}

/// Checks `extra_headers`, so that a wrong one is found before any target is tried.
pub(super) fn check_extra(extra: &crate::chat::JsonMap) -> Result<()> {
    if extra.is_empty() {
        return Ok(());
    }
    let mut headers = HeaderMap::new();
    for (name, value) in extra {
        add_extra(&mut headers, name, value)?;
    }
    Ok(())
}

fn add_extra(headers: &mut HeaderMap, name: &str, value: &Value) -> Result<()> {
    let param = || format!("extra_headers.{}", super::error::clean(name, 64));
    let folded = name.to_ascii_lowercase();
    if RESERVED.contains(&folded.as_str()) {
        let message = format!("`extra_headers` may not set `{folded}`");
        return Err(Error::invalid(param(), message));
    }
    let text;
    let value = match value {
        Value::String(text) => text.as_str(),
        Value::Number(_) | Value::Bool(_) => {
            text = value.to_string();
            &text
        }
        // As elsewhere null is absent.
        Value::Null => return Ok(()),
        _ => {
            let message = "a header's value must be a string, a number or a boolean";
            return Err(Error::invalid(param(), message));
        }
    };
    insert(headers, name, value).map_err(|what| Error::invalid(param(), what))
}

/// Sets a header; the error says what is wrong without showing the value.
fn insert(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), String> {
    let shown = super::error::clean(name, 64);
    let name = HeaderName::from_bytes(name.as_bytes())
        .map_err(|_| format!("`{shown}` is not a header name"))?;
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| format!("the value of `{shown}` holds a line break or a control character"))?;
    value.set_sensitive(is_secret(name.as_str()));
    headers.insert(name, value);
    Ok(())
}

/// Whether a header of this name usually holds a secret.
fn is_secret(name: &str) -> bool {
    [
        "auth",
        "cookie",
        "credential",
        "key",
        "secret",
        "signature",
        "token",
    ]
    .iter()
    .any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn extra_headers_are_checked() {
        let check = |json: &str| check_extra(&serde_json::from_str(json).unwrap());
        assert!(check(r#"{"X-Title": "a", "x-n": 1, "x-null": null}"#).is_ok());
        for (json, part) in [
            (r#"{"Authorization": "x"}"#, "may not set `authorization`"),
            (r#"{"HOST": "x"}"#, "may not set `host`"),
            (r#"{"x-a": "b\r\nhost: evil"}"#, "line break"),
            (r#"{"x a": "b"}"#, "not a header name"),
            (r#"{"x-a\r\nb": "b"}"#, "not a header name"),
            (r#"{"x-a": {}}"#, "must be a string"),
        ] {
            let error = check(json).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidRequest);
            let message = error.data().message.as_str();
            assert!(message.contains(part), "{message}");
            assert!(!message.contains('\n') && !message.contains("evil"));
            assert!(
                error
                    .data()
                    .param
                    .as_deref()
                    .unwrap()
                    .starts_with("extra_headers.")
            );
        }
    }
}
