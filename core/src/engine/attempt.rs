//! One attempt on one target: credentials, send, read. No policy here: what fails, fails.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

use super::attempts::AttemptEntry;
use super::call::Call;
use crate::chat::{Options, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{self, Credentials, Reply, Target};
use crate::route::Candidate;
use crate::stream::Live;
use crate::transport::{self, Body, HttpRequest, limits};

/// A request that is ready for its tries.
pub(super) struct Encoded {
    request: HttpRequest,
    stream: bool,
}

/// What an attempt gave.
pub(super) enum Answer {
    /// Everything at once.
    Whole(Box<Reply>),
    /// A stream with its first output, or complete without any.
    Live(Box<Live>),
}

/// Encodes the call for a target. Warnings say what was left out or adapted.
pub(super) fn encode(
    messages: &[crate::chat::Message],
    options: &Options,
    target: &Target,
    stream: bool,
    policy: crate::chat::UnsupportedPolicy,
    warnings: &mut Vec<Warning>,
) -> Result<Encoded> {
    let dialect = &target.provider.dialect;
    let capability = dialect.capability(target);
    let (options, mut told) = provider::fit(options, messages, &capability, policy)?;
    let call = provider::Call {
        messages,
        options: &options,
        target,
        stream,
    };
    let request = dialect.encode(call, &mut told)?;
    warnings.append(&mut told);
    Ok(Encoded { request, stream })
}

impl Encoded {
    /// Size of the body.
    pub(super) fn body_bytes(&self) -> usize {
        self.request.body.len()
    }

    /// The request, to be looked at.
    pub(super) fn into_request(self) -> HttpRequest {
        self.request
    }
}

/// Sends a request once and reads the answer, or for a stream its first output.
pub(super) async fn attempt(
    call: &Call,
    candidate: &Candidate,
    encoded: &Encoded,
    retry: u32,
    deadline: Instant,
    entry: &AttemptEntry,
) -> Result<(Answer, Credentials)> {
    let target = candidate.target();
    let provider = &target.provider;
    let credentials = match provider
        .key
        .resolve(&provider.name, provider.key_required)
        .await
    {
        Ok(credentials) => credentials,
        Err(error) => return Err(error.with_target(&provider.name, &target.model)),
    };
    let answered = exchange(
        call,
        candidate,
        encoded,
        retry,
        deadline,
        entry,
        &credentials,
    );
    match answered.await {
        Ok(answer) => Ok((answer, credentials)),
        Err(error) => {
            let error = error.with_target(&provider.name, &target.model);
            Err(redact(error, &credentials))
        }
    }
}

async fn exchange(
    call: &Call,
    candidate: &Candidate,
    encoded: &Encoded,
    retry: u32,
    deadline: Instant,
    entry: &AttemptEntry,
    credentials: &Credentials,
) -> Result<Answer> {
    let target = candidate.target();
    let dialect = &target.provider.dialect;
    let mut request = encoded.request.clone();
    request.attempt = retry;
    if let Some(theirs) = candidate.health.clock() {
        let date = httpdate::fmt_http_date(theirs);
        if let Ok(date) = HeaderValue::try_from(date) {
            request.headers.insert(http::header::DATE, date);
        }
    }
    dialect.authorize(&mut request, credentials, target)?;
    let response = call
        .core
        .transports
        .of(&target.provider)?
        .send(request)
        .await?;
    let request_id = provider::error::request_id(&response.headers);
    entry.answered(response.status, request_id.clone());
    let identify = |mut error: Error| {
        let data = error.data_mut();
        data.status = data.status.or(Some(response.status));
        if data.request_id.is_none() {
            data.request_id.clone_from(&request_id);
        }
        error
    };
    if !(200..300).contains(&response.status) {
        let body = read_error(response.body).await;
        return Err(identify(dialect.decode_error(
            response.status,
            &response.headers,
            &body,
            target,
        )));
    }
    if !encoded.stream || is_json(&response.headers) {
        let body = read_all(response.body).await?;
        let reply = dialect
            .decode(&response.headers, &body, target)
            .map_err(identify)?;
        return Ok(if encoded.stream {
            Answer::Live(Box::new(Live::whole(reply)))
        } else {
            Answer::Whole(Box::new(reply))
        });
    }
    let parser = transport::parser(dialect.framing())?;
    let mut live = Live::new(
        response.body,
        parser,
        dialect.decoder(target),
        call.idle,
        deadline,
    );
    first_output(&mut live)
        .await
        .map_err(|error| identify(cut_before_output(error)))?;
    Ok(Answer::Live(Box::new(live)))
}

/// Waits until there is output, or the answer is complete without any.
async fn first_output(live: &mut Live) -> Result<()> {
    while !live.has_output() && !live.is_ended() {
        std::future::poll_fn(|cx| live.poll_fill(cx)).await?;
    }
    live.check_begun()
}

/// Nothing has reached the caller, so a cut is as good as no answer: it may be tried again.
pub(super) fn cut_before_output(error: Error) -> Error {
    if error.kind() != ErrorKind::StreamInterrupted {
        return error;
    }
    let message = "the provider's stream ended before it was complete";
    Error::new(ErrorKind::InvalidResponse, message).with_retryable(true)
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    kind.trim_start()
        .to_ascii_lowercase()
        .starts_with("application/json")
}

async fn read_all(mut body: Body) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(part) = std::future::poll_fn(|cx| body.as_mut().poll_next(cx)).await {
        bytes.extend_from_slice(&part?);
    }
    Ok(bytes)
}

/// The start of an error's body. A body that breaks off or hangs must not hide the status.
async fn read_error(mut body: Body) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = async {
        while let Some(Ok(part)) = std::future::poll_fn(|cx| body.as_mut().poll_next(cx)).await {
            let room = limits::ERROR_BODY_BYTES - bytes.len();
            bytes.extend_from_slice(&part[..part.len().min(room)]);
            if bytes.len() >= limits::ERROR_BODY_BYTES {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(5), read).await;
    bytes
}

/// Providers repeat keys in their errors; nothing of ours may.
pub(super) fn redact(mut error: Error, credentials: &Credentials) -> Error {
    if matches!(credentials, Credentials::None) {
        return error;
    }
    let data = error.data_mut();
    data.message = credentials.redact(&data.message);
    for value in data.details.values_mut() {
        redact_value(value, credentials, 0);
    }
    error
}

fn redact_value(value: &mut serde_json::Value, credentials: &Credentials, depth: usize) {
    use serde_json::Value;
    match value {
        Value::String(text) => *text = credentials.redact(text),
        Value::Array(items) if depth < 8 => items
            .iter_mut()
            .for_each(|item| redact_value(item, credentials, depth + 1)),
        Value::Object(map) if depth < 8 => map
            .values_mut()
            .for_each(|item| redact_value(item, credentials, depth + 1)),
        _ => {}
    }
}
