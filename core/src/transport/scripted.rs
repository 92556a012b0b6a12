//! The network of the `test` provider: answers in OpenAI's wire format that come from the request itself.
//!
//! By default an answer repeats the last user message. A `test` object in the request's body, which the dialect
//! puts there from `extra_body.test`, scripts it. What is to be said is worked out by [`Script`]; here it is
//! said, at the script's pace and with its faults.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, HeaderValue, header};

use super::script::Script;
use super::script_keys::Fault;
use super::{Body, BoxFuture, HttpRequest, HttpResponse, Transport};
use crate::error::{Error, ErrorKind, Result};

/// The transport of the `test` provider. Offline, with real delays.
///
/// A script with a key that is not known, or a value that its key cannot have, is an error of kind `InvalidRequest`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scripted;

impl Transport for Scripted {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse>> {
        Box::pin(async move {
            let script = Script::read(&request.body)?;
            if script.panic {
                // Without the message that `panic!` would print: this one is wanted.
                std::panic::resume_unwind(Box::new("as the script of this call says"));
            }
            if let Some(status) = script.failure(request.attempt) {
                return Ok(failure(&script, status));
            }
            if script.stream {
                return Ok(answer(200, "text/event-stream", streamed(script)));
            }
            pause(script.whole_delay()).await;
            Ok(answer(200, "application/json", whole(&script)))
        })
    }
}

fn answer(status: u16, content_type: &'static str, body: Body) -> HttpResponse {
    let content_type = HeaderValue::from_static(content_type);
    HttpResponse {
        status,
        headers: HeaderMap::from_iter([(header::CONTENT_TYPE, content_type)]),
        body,
    }
}

fn failure(script: &Script, status: u16) -> HttpResponse {
    let body = stream::iter([Ok(script.refusal(status).into())]);
    let mut response = answer(status, "application/json", Box::pin(body));
    if let Some(wait) = &script.retry_after {
        response.headers.insert(header::RETRY_AFTER, wait.clone());
    }
    response
}

/// The whole answer as one body. With a fault it breaks off in the middle, wherever the script places it.
fn whole(script: &Script) -> Body {
    let mut body = Bytes::from(script.completion());
    let Some((_, fault)) = script.fault else {
        return Box::pin(stream::iter([Ok(body)]));
    };
    body.truncate(body.len() / 2);
    let sent = stream::iter([Ok(body)]);
    match fault {
        Fault::Cut => Box::pin(sent.chain(stream::iter([Err(cut())]))),
        Fault::Stall => Box::pin(sent.chain(stream::pending())),
    }
}

/// The answer step by step: the role, each piece, and the end. Made as it is read, whatever its length.
fn streamed(script: Script) -> Body {
    Box::pin(stream::unfold((script, 0), |(script, step)| async move {
        let pieces = script.pieces();
        let bytes = if step == 0 {
            script.first_event()
        } else if let Some((after, fault)) = script.fault
            && step == after.saturating_add(1)
        {
            match fault {
                Fault::Cut => return Some((Err(cut()), (script, usize::MAX))),
                Fault::Stall => std::future::pending().await,
            }
        } else if step <= pieces {
            pause(script.delay_before(step - 1)).await;
            script.piece(step - 1)
        } else if step == pieces + 1 {
            script.last_events()
        } else {
            return None;
        };
        Some((Ok(Bytes::from(bytes)), (script, step + 1)))
    }))
}

fn cut() -> Error {
    let message = "the connection broke off, as the script of this call says";
    Error::new(ErrorKind::Connection, message).with_detail("stage", "body")
}

async fn pause(delay: Duration) {
    // Without a delay there is no need of a timer, which only a runtime has.
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
}

#[cfg(test)]
#[path = "scripted_tests.rs"]
mod tests;
