//! Errors of providers: what a status, headers and a body of any shape mean, as an [`Error`] of the right kind.
//!
//! One reading for all dialects, since hosts mix each other's formats; what a dialect has of its own comes in as
//! [`ErrorRules`]. The message is the provider's, made safe: no markup, no control characters, no keys, at most
//! 512 characters. Nothing of the request is in the error but what the provider itself repeats.

use std::borrow::Cow;

use http::HeaderMap;
use serde_json::Value;

use super::Target;
use crate::chat::JsonMap;
use crate::error::{Error, ErrorKind};

mod clean;
mod hints;
mod kinds;

pub(crate) use clean::{clean, without_markup};
use hints::delay_ms;
pub(crate) use hints::{request_id, retry_after};

/// Longest message that is kept of a provider's, in characters.
const MESSAGE_CHARS: usize = 512;

/// What a dialect's or host's errors have of their own; looked at before what holds for all.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ErrorRules {
    /// The host defines `x-should-retry`, which overrides the kind's own word on retrying.
    pub(crate) should_retry: bool,
    /// Kinds by HTTP status.
    pub(crate) statuses: &'static [(u16, ErrorKind)],
    /// Kinds by the provider's code, type, status or reason, compared without regard to case.
    pub(crate) words: &'static [(&'static str, ErrorKind)],
    /// Kinds by a phrase of the message, in lower case.
    pub(crate) phrases: &'static [(&'static str, ErrorKind)],
}

/// The error of an answer with a status other than 2xx. Total: any bytes give an error.
pub(crate) fn classify(
    status: u16,
    headers: &HeaderMap,
    body: &[u8],
    rules: &ErrorRules,
    target: &Target,
) -> Error {
    let text = super::body::text(body);
    let facts = match serde_json::from_str::<Value>(&text) {
        Ok(value) => Facts::of(&value),
        Err(_) => Facts {
            message: without_markup(&text),
            ..Facts::default()
        },
    };
    let provider = &target.provider.name;
    let kind = kinds::kind(Some(status), &facts, rules);
    let message = match (status, facts.message.as_str()) {
        (300..=399, _) => redirected(provider, status, headers),
        (_, "") => format!("{provider} answered {status} and gave no reason"),
        (_, text) => format!("{provider} answered {status}: {text}"),
    };
    let mut error = facts.into_error(kind, message, &target.model, provider);
    let data = error.data_mut();
    data.status = Some(status);
    data.request_id = request_id(headers).or(data.request_id.take());
    data.retry_after_ms = retry_after(headers, data.retry_after_ms);
    if status == 402 && data.retry_after_ms.is_some() {
        // A host that says when to come back has not run out of credit for good.
        data.retryable = true;
    }
    if rules.should_retry {
        match headers.get("x-should-retry").map(|value| value.as_bytes()) {
            Some(b"true") => data.retryable = true,
            Some(b"false") => data.retryable = false,
            _ => {}
        }
    }
    error
}

/// The error that a body with a 2xx status, or an event of a stream, holds. `value` is the whole object or the
/// value of its `error` key.
pub(crate) fn classify_value(
    value: &Value,
    rules: &ErrorRules,
    provider: &str,
    model: &str,
) -> Error {
    let facts = Facts::of(value);
    let kind = kinds::kind(None, &facts, rules);
    let message = match facts.message.as_str() {
        "" => format!("{provider} answered with an error and gave no reason"),
        text => format!("{provider} answered with an error: {text}"),
    };
    facts.into_error(kind, message, model, provider)
}

fn redirected(provider: &str, status: u16, headers: &HeaderMap) -> String {
    let place = headers
        .get(http::header::LOCATION)
        .and_then(|location| url::Url::parse(location.to_str().ok()?).ok())
        .filter(url::Url::has_host)
        .map(|url| clean(&url.origin().ascii_serialization(), 128));
    match place {
        Some(place) => format!(
            "{provider} answered {status}, a redirect to {place}; redirects are not followed, set `base_url`"
        ),
        None => format!(
            "{provider} answered {status}, a redirect; redirects are not followed, set `base_url`"
        ),
    }
}

/// What a body says, wherever it says it.
#[derive(Debug, Default)]
struct Facts {
    /// The provider's words, made safe; `""` where there are none.
    message: String,
    /// Code, type, status and reasons.
    words: Vec<String>,
    /// A status in the body.
    status: Option<u16>,
    param: Option<String>,
    request_id: Option<String>,
    retry_after_ms: Option<u64>,
    /// The short scalars of the error object, for `details.provider_error`.
    outline: JsonMap,
}

impl Facts {
    fn of(value: &Value) -> Facts {
        let mut facts = Facts::default();
        let root = match value {
            // Gemini without SSE answers with a list of one.
            Value::Array(items) => items.first().unwrap_or(&Value::Null),
            other => other,
        };
        match root {
            Value::String(text) => facts.message = text.clone(),
            Value::Object(root) => facts.read(root),
            _ => {}
        }
        facts.message = clean(&facts.message, MESSAGE_CHARS);
        facts
    }

    fn read(&mut self, root: &JsonMap) {
        // The words of the inner object come first: the outer one's are often just "error".
        let inner = root.get("error").and_then(Value::as_object);
        self.message = probe(root);
        for object in inner.into_iter().chain([root]) {
            for key in ["code", "type", "__type", "status", "object"] {
                if let Some(word) = object.get(key).and_then(Value::as_str) {
                    self.words.push(word.to_owned());
                }
            }
            self.status = self.status.or_else(|| {
                [
                    "code",
                    "status_code",
                    "statusCode",
                    "raw_status_code",
                    "status",
                ]
                .iter()
                .filter_map(|key| object.get(*key)?.as_u64())
                .find(|number| (400..600).contains(number))
                .and_then(|number| u16::try_from(number).ok())
            });
            let text = |key: &str| object.get(key).and_then(Value::as_str);
            self.param = self.param.take().or_else(|| {
                text("param")
                    .filter(|param| !param.is_empty())
                    .map(|param| clean(param, 128))
            });
            self.request_id = self
                .request_id
                .take()
                .or_else(|| text("request_id").map(|id| clean(id, 128)));
        }
        let error = inner.unwrap_or(root);
        if let Some(code) = error
            .get("innererror")
            .and_then(|inner| inner.get("code")?.as_str())
        {
            self.words.push(code.to_owned());
        }
        match error.get("details") {
            Some(Value::Array(details)) => {
                for detail in details {
                    if let Some(reason) = detail.get("reason").and_then(Value::as_str) {
                        self.words.push(reason.to_owned());
                    }
                    if let Some(delay) = detail.get("retryDelay").and_then(Value::as_str) {
                        self.retry_after_ms = delay_ms(delay);
                    }
                }
            }
            Some(Value::Object(details)) => {
                if let Some(code) = details.get("error_code").and_then(Value::as_str) {
                    self.words.push(code.to_owned());
                }
            }
            _ => {}
        }
        if error
            .get("metadata")
            .is_some_and(|meta| meta.get("flagged_input").is_some())
        {
            self.words.push("flagged_input".to_owned());
        }
        self.outline = outline(error, 0);
    }

    fn into_error(self, kind: ErrorKind, message: String, model: &str, provider: &str) -> Error {
        let mut error = Error::new(kind, message).with_target(provider, model);
        let data = error.data_mut();
        data.param = self.param;
        data.request_id = self.request_id;
        data.retry_after_ms = self.retry_after_ms;
        if !self.outline.is_empty() {
            let outline = Value::Object(self.outline);
            data.details.insert("provider_error".into(), outline);
        }
        error
    }
}

/// The message, looked for where hosts put it, in this order.
fn probe(root: &JsonMap) -> String {
    let of = |value: &Value| -> Option<String> {
        match value {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            // Mistral's 422: a list of problems, whose `input` would repeat the prompt.
            Value::Array(problems) => {
                let said: Vec<_> = problems.iter().take(4).filter_map(problem).collect();
                (!said.is_empty()).then(|| said.join("; "))
            }
            Value::Object(object) => match object.get("detail") {
                Some(Value::Array(problems)) => {
                    let said: Vec<_> = problems.iter().take(4).filter_map(problem).collect();
                    (!said.is_empty()).then(|| said.join("; "))
                }
                Some(Value::String(text)) => Some(text.clone()),
                _ => object
                    .get("message")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            },
            _ => None,
        }
    };
    let error = root.get("error");
    let mut message = error
        .and_then(|error| of(error.get("message")?))
        .or_else(|| error.and_then(of))
        .or_else(|| of(root.get("message")?))
        .or_else(|| of(root.get("detail")?))
        .or_else(|| of(root.get("Message")?))
        .unwrap_or_default();
    // OpenRouter puts the words of the host behind it here.
    let raw = error.and_then(|error| error.get("metadata")?.get("raw")?.as_str());
    if let Some(raw) = raw.filter(|raw| !raw.starts_with(['{', '['])) {
        message.push_str(": ");
        message.push_str(raw);
    }
    message
}

/// One entry of a list of problems: `body.messages.0: Field required`.
fn problem(entry: &Value) -> Option<String> {
    if let Some(text) = entry.as_str() {
        return Some(text.to_owned());
    }
    let said = entry
        .get("msg")
        .or_else(|| entry.get("message"))?
        .as_str()?;
    let place: Vec<Cow<'_, str>> = match entry.get("loc") {
        Some(Value::Array(path)) => path
            .iter()
            .map(|step| match step {
                Value::String(text) => Cow::Borrowed(text.as_str()),
                other => Cow::Owned(other.to_string()),
            })
            .collect(),
        _ => Vec::new(),
    };
    Some(match place.is_empty() {
        true => said.to_owned(),
        false => format!("{}: {said}", place.join(".")),
    })
}

/// The short scalars of an error object. Keys under which hosts repeat the request or the answer are left out.
fn outline(object: &JsonMap, depth: usize) -> JsonMap {
    const ECHOES: &[&str] = &[
        "message",
        "error",
        "input",
        "prompt",
        "messages",
        "body",
        "raw",
        "flagged_input",
        "failed_generation",
        "param",
        "request_id",
    ];
    let mut out = JsonMap::new();
    for (key, value) in object.iter().take(32) {
        if ECHOES.contains(&key.as_str()) {
            continue;
        }
        if let Some(value) = outline_value(value, depth) {
            out.insert(clean(key, 64), value);
        }
    }
    out
}

fn outline_value(value: &Value, depth: usize) -> Option<Value> {
    match value {
        Value::Bool(_) | Value::Number(_) => Some(value.clone()),
        Value::String(text) if !text.is_empty() && text.len() <= 256 => {
            Some(Value::String(clean(text, 256)))
        }
        Value::Object(object) if depth < 3 => {
            let inner = outline(object, depth + 1);
            (!inner.is_empty()).then_some(Value::Object(inner))
        }
        Value::Array(items) if depth < 3 => {
            let inner: Vec<_> = items
                .iter()
                .take(8)
                .filter_map(|item| outline_value(item, depth + 1))
                .collect();
            (!inner.is_empty()).then_some(Value::Array(inner))
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
