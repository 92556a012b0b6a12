//! Around every request: its id, whether it may come in, and its line of the access log.
//!
//! The line holds the path without its query, never a body, a variable, an answer or a key.

use std::num::NonZeroU8;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body::{Body as HttpBody, Frame, SizeHint};
use slugline::{Error, ErrorKind};
use time::OffsetDateTime;
use time::format_description::well_known::Iso8601;
use time::format_description::well_known::iso8601::{Config, EncodedConfig, TimePrecision};

use super::app::App;
use super::log::Log;
use super::patient::UnderWay;
use super::refusal::Refusal;

/// The header that carries a request's id, in and out.
const REQUEST_ID: &str = "x-request-id";
/// The time in a line of the log.
const TIME: EncodedConfig = Config::DEFAULT
    .set_time_precision(TimePrecision::Second {
        decimal_digits: NonZeroU8::new(3),
    })
    .encode();
/// Longest path in a line of the log.
const PATH: usize = 200;

/// Paths that need no key: they tell nothing about prompts, models or calls.
const OPEN: &[&str] = &["/healthz", "/openapi.json"];

/// How a request ended, told by whoever knows: an answer with an error, or a stream that broke off.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outcome(Arc<OnceLock<&'static str>>);

impl Outcome {
    pub(crate) fn of(error: &Error) -> Outcome {
        let outcome = Outcome::default();
        outcome.failed(error);
        outcome
    }

    pub(crate) fn failed(&self, error: &Error) {
        let _ = self.0.set(error.code());
    }
}

/// Lets a request in or not, and follows it to its end.
pub(crate) async fn admit(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let mut line = Line::new(&app, &request, &id);
    let (uri, headers) = (request.uri(), request.headers());
    let mut admitted = app.gate.check_host(uri, headers);
    if admitted.is_ok() && !OPEN.contains(&uri.path()) {
        admitted = app.gate.check_key(headers);
    }
    let mut response = match admitted {
        Err(error) => Refusal::from(error).into_response(),
        // The panic itself is told by its hook, on standard error; what it says may hold anything.
        Ok(()) => tokio::select! {
            biased;
            done = AssertUnwindSafe(next.run(request)).catch_unwind() => done.unwrap_or_else(|_| {
                Refusal::from(Error::new(ErrorKind::Internal, "a bug in slugline")).into_response()
            }),
            stopped = app.halt.clone().until_cut() => {
                let refusal = Refusal::from(stopped).status(StatusCode::SERVICE_UNAVAILABLE);
                refusal.into_response()
            }
        },
    };
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    line.answered(&response);
    response.map(|inner| Body::new(Followed { inner, line }))
}

/// The client's id where it is one that can stand in a log, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    match given.filter(|id| (1..=128).contains(&id.len()) && id.bytes().all(plain)) {
        Some(id) => id.to_owned(),
        None => format!("req-{}", uuid::Uuid::new_v4().simple()),
    }
}

/// The beginning of a path, with everything but visible ASCII percent-encoded: bytes come as clients send them.
fn visible(path: &str) -> String {
    let mut out = String::with_capacity(path.len().min(PATH));
    for byte in path.bytes() {
        match byte.is_ascii_graphic() {
            true if out.len() < PATH => out.push(char::from(byte)),
            false if out.len() + 3 <= PATH => out.push_str(&format!("%{byte:02X}")),
            _ => break,
        }
    }
    out
}

/// A line of the access log, written when the request is over: its answer sent, or its client gone.
struct Line {
    log: Option<Arc<Log>>,
    method: Method,
    path: String,
    id: String,
    started: Instant,
    status: Option<StatusCode>,
    model: Option<String>,
    outcome: Outcome,
    bytes: u64,
    complete: bool,
    _under_way: Option<UnderWay>,
}

impl Line {
    fn new(app: &App, request: &Request, id: &str) -> Line {
        Line {
            log: app.log.clone(),
            method: request.method().clone(),
            path: visible(request.uri().path()),
            id: id.to_owned(),
            started: Instant::now(),
            status: None,
            model: None,
            outcome: Outcome::default(),
            bytes: 0,
            complete: false,
            _under_way: request.extensions().get().cloned(),
        }
    }

    fn answered(&mut self, response: &Response) {
        self.status = Some(response.status());
        if let Some(outcome) = response.extensions().get::<Outcome>() {
            self.outcome = outcome.clone();
        }
        let model = response.headers().get("x-slugline-model");
        self.model = model
            .and_then(|model| model.to_str().ok())
            .map(str::to_owned);
        let length = response.headers().get(header::CONTENT_LENGTH);
        // No body is sent, so nobody will ask for it.
        self.complete = self.method == Method::HEAD
            || matches!(response.status().as_u16(), 204 | 304)
            || response.body().is_end_stream()
            || length.is_some_and(|length| length.as_bytes() == b"0");
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let Some(log) = &self.log else {
            return;
        };
        let time = OffsetDateTime::now_utc();
        let time = time.replace_nanosecond(u32::from(time.millisecond()) * 1_000_000);
        let time = time.unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let time = time.format(&Iso8601::<TIME>);
        let status = match (self.status, self.complete) {
            (Some(status), true) => status.as_u16(),
            // The client went away first.
            _ => 499,
        };
        let mut line = format!(
            "{} {} {} {status} {}ms {}B id={}",
            time.unwrap_or_default(),
            self.method,
            self.path,
            self.started.elapsed().as_millis(),
            self.bytes,
            self.id,
        );
        if let Some(model) = &self.model {
            // A name is what a client says: it stays one word.
            line.push_str(&format!(" model={}", model.replace([' ', '\t'], "_")));
        }
        if let Some(code) = self.outcome.0.get() {
            line.push_str(&format!(" error={code}"));
        }
        line.push('\n');
        log.line(line);
    }
}

/// A body that counts itself into its line.
struct Followed {
    inner: Body,
    line: Line,
}

impl HttpBody for Followed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.line.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                // hyper asks no more once a body of known length is there.
                self.line.complete = self.inner.is_end_stream();
            }
            Poll::Ready(None) => self.line.complete = true,
            _ => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_visible_and_short() {
        assert_eq!(visible("/v1/models"), "/v1/models");
        assert_eq!(visible("/x\u{9b}31m y\u{7f}\n"), "/x%C2%9B31m%20y%7F%0A");
        let long = visible(&("/".repeat(PATH - 1) + "\u{e9}"));
        assert_eq!(long.len(), PATH - 1);
        assert_eq!(visible(&"/".repeat(PATH + 1)).len(), PATH);
    }
}
