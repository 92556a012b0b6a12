//! A stream of chunks as server-sent events: each chunk a `data:` line, `[DONE]` at the end, comments while
//! nothing comes, and an error as the last event where the stream breaks off.
//!
//! The last chunk carries `meta`: how the answer came about is known no sooner. So a chunk that may be the last is
//! held back until the stream goes on or ends, but not for long: a host that says why it stopped and does not end
//! would keep its reader waiting. Then an empty chunk at the end carries it.
//!
//! The body pulls the engine's stream as the client reads, so a slow client holds the provider back, and
//! dropping it (the client is gone) closes the provider's socket.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame};
use serde::Serialize;
use serde_json::{Value, json};
use slugline::chat::{ChatCompletionChunk, Delta, Meta, StreamHead, Usage, Warning};
use slugline::stream::{BATCH, ChatStream};
use slugline::{Error, ErrorKind};
use tokio::time::{Instant, Sleep};

use super::access::Outcome;
use super::answer::Profile;
use super::halt::Halt;
use super::refusal;

/// How long nothing may be sent.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a chunk may be held back.
const HELD: Duration = Duration::from_millis(250);

/// The events of one stream.
pub(crate) struct Events {
    stream: ChatStream,
    /// Deltas that were read before the headers went out.
    first: Option<Vec<Delta>>,
    form: Form,
    outcome: Outcome,
    silence: Pin<Box<Sleep>>,
    /// The server is stopped and waits no longer.
    cut: Pin<Box<dyn Future<Output = Error> + Send>>,
    /// What may be the last chunk.
    held: Option<Delta>,
    ended: bool,
}

/// How a stream is told.
pub(crate) struct Form {
    pub(crate) profile: Profile,
    /// `stream_options.include_usage`.
    pub(crate) usage: bool,
    /// What was left out before the engine saw it.
    pub(crate) dropped: Vec<Warning>,
}

impl Events {
    pub(crate) fn new(
        stream: ChatStream,
        first: Option<Vec<Delta>>,
        form: Form,
        outcome: Outcome,
        halt: Halt,
    ) -> Events {
        Events {
            stream,
            first,
            form,
            outcome,
            silence: Box::pin(tokio::time::sleep(KEEP_ALIVE)),
            cut: Box::pin(halt.until_cut()),
            held: None,
            ended: false,
        }
    }

    /// What is to be sent now; nothing where all of it is held back.
    fn events(&mut self, batch: Result<Vec<Delta>, Error>) -> Vec<u8> {
        let mut out = Vec::new();
        let written = match batch {
            Ok(batch) if batch.is_empty() => self.end(&mut out),
            Ok(batch) => self.go_on(&mut out, batch),
            Err(error) => self.go_on(&mut out, Vec::new()).and(Err(error)),
        };
        self.told(written, out)
    }

    /// What was held back, and may be no longer.
    fn release(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let written = self.go_on(&mut out, Vec::new());
        self.told(written, out)
    }

    fn told(&mut self, written: Result<(), Error>, mut out: Vec<u8>) -> Vec<u8> {
        if let Err(error) = written {
            self.ended = true;
            self.outcome.failed(&error);
            let event = format!("data: {}\n\n", refusal::envelope(&error));
            out.extend_from_slice(event.as_bytes());
        }
        out
    }

    fn go_on(&mut self, out: &mut Vec<u8>, mut batch: Vec<Delta>) -> Result<(), Error> {
        let ends = |delta: &mut Delta| delta.finish_reason.is_some() || delta.usage.is_some();
        let held = batch.pop_if(ends);
        let deltas = std::mem::replace(&mut self.held, held)
            .into_iter()
            .chain(batch);
        let mut deltas = deltas.peekable();
        if deltas.peek().is_none() {
            return Ok(());
        }
        let Some(head) = self.stream.head() else {
            return Err(Error::new(ErrorKind::Internal, "a stream without a head"));
        };
        out.reserve(deltas.size_hint().0 * 384);
        for delta in deltas {
            write(out, head, delta, self.form.profile, None)?;
        }
        Ok(())
    }

    /// Begins to count the time in which nothing is sent.
    fn be_silent(&mut self) {
        let most = match self.held {
            Some(_) => HELD,
            None => KEEP_ALIVE,
        };
        self.silence.as_mut().reset(Instant::now() + most);
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.ended = true;
        let Form { profile, usage, .. } = self.form;
        if let (Some(head), Some(meta)) = (self.stream.head(), self.stream.meta()) {
            let mut meta = meta.clone();
            meta.warnings.append(&mut self.form.dropped);
            let mut last = self.held.take();
            let told = last.as_ref().is_some_and(|delta| delta.usage.is_some());
            if usage && !told && profile == Profile::Filled {
                if let Some(delta) = last {
                    write(out, head, delta, profile, None)?;
                }
                meta.warnings.push(unknown_usage());
                last = Some(Delta {
                    usage: Some(Usage::default()),
                    ..Delta::default()
                });
            }
            write(out, head, last.unwrap_or_default(), profile, Some(&meta))?;
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
        Ok(())
    }
}

/// What the header `x-slugline-usage: unknown` says of an answer that is no stream.
fn unknown_usage() -> Warning {
    Warning {
        code: "usage_unknown".to_owned(),
        param: None,
        message: "the provider told no usage: zeros stand for it".to_owned(),
    }
}

/// A chunk, the last one with `meta`.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    chunk: &'a ChatCompletionChunk,
    meta: &'a Meta,
}

fn write(
    out: &mut Vec<u8>,
    head: &StreamHead,
    delta: Delta,
    profile: Profile,
    meta: Option<&Meta>,
) -> Result<(), Error> {
    let start = out.len();
    out.extend_from_slice(b"data: ");
    let chunk = &head.chunk(delta);
    let written = match (profile, meta) {
        (Profile::Plain, None) => serde_json::to_writer(&mut *out, chunk),
        (Profile::Plain, Some(meta)) => serde_json::to_writer(&mut *out, &Told { chunk, meta }),
        (Profile::Filled, meta) => {
            let mut chunk = filled(chunk);
            if let Some(meta) = meta {
                chunk["meta"] = json!(meta);
            }
            serde_json::to_writer(&mut *out, &chunk)
        }
    };
    written.map_err(|error| {
        out.truncate(start);
        Error::new(ErrorKind::Internal, "a chunk cannot be written as JSON").with_source(error)
    })?;
    out.extend_from_slice(b"\n\n");
    Ok(())
}

/// A chunk in the form of [`Profile::Filled`].
fn filled(chunk: &ChatCompletionChunk) -> Value {
    let mut value = json!(chunk);
    for choice in value["choices"].as_array_mut().into_iter().flatten() {
        let id = choice["completion_id"].clone();
        let delta = &mut choice["delta"];
        delta["id"] = id;
        if delta["role"].is_null() {
            delta["role"] = json!("assistant");
        }
        if delta["content"].is_null() {
            delta["content"] = json!("");
        }
    }
    value
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let bytes = loop {
            if this.ended {
                return Poll::Ready(None);
            }
            let batch = match this.first.take() {
                Some(first) => Poll::Ready(Ok(first)),
                None => this.stream.poll_batch(cx, BATCH),
            };
            match batch {
                Poll::Ready(batch) => {
                    let bytes = this.events(batch);
                    this.be_silent();
                    if !bytes.is_empty() {
                        break bytes;
                    }
                }
                Poll::Pending => {
                    if let Poll::Ready(stopped) = this.cut.as_mut().poll(cx) {
                        break this.events(Err(stopped));
                    }
                    std::task::ready!(this.silence.as_mut().poll(cx));
                    let bytes = match this.held {
                        Some(_) => this.release(),
                        None => b": keep-alive\n\n".to_vec(),
                    };
                    this.be_silent();
                    break bytes;
                }
            }
        };
        Poll::Ready(Some(Ok(Frame::data(Bytes::from(bytes)))))
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;
    use slugline::Engine;
    use slugline::chat::ChatRequest;

    /// The events of a call whose headers went out before its provider answered.
    async fn late(body: Value, halt: &Halt) -> String {
        let engine = Engine::builder().open().unwrap();
        let request: ChatRequest = slugline::input::from_value(&body).unwrap();
        let form = Form {
            profile: Profile::Plain,
            usage: false,
            dropped: Vec::new(),
        };
        let stream = engine.chat_stream(request);
        let events = Events::new(stream, None, form, Outcome::default(), halt.clone());
        let bytes = events.collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    fn slow() -> Value {
        json!({"model": "test/echo", "messages": "x", "extra_body": {"test": {"ttft_ms": 60_000}}})
    }

    #[tokio::test]
    async fn an_error_before_the_first_chunk_is_told_as_it_is() {
        let mut body = slow();
        body["max_ttft_ms"] = json!(50);
        let told = late(body, &Halt::new()).await;
        assert!(told.starts_with("data: {\"error\":"), "{told}");
        assert!(told.contains("\"code\":\"ttft_timeout\""), "{told}");
    }

    #[tokio::test]
    async fn a_stream_that_is_cut_says_so() {
        let halt = Halt::new();
        halt.cut();
        let told = late(slow(), &halt).await;
        assert!(told.contains("\"code\":\"cancelled\""), "{told}");
    }
}
