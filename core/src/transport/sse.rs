//! Server-sent events by the WHATWG rules, however the bytes are cut.
//!
//! An event that lies whole in one chunk is borrowed from it; only what a chunk leaves unfinished is kept.
//! Each byte is looked at once. Reconnecting, the other half of the standard, makes no sense for a `POST`:
//! ids and retry times are kept for whoever asks. What an event means is for the dialect's decoder.

use std::borrow::Cow;

use memchr::{memchr, memchr2};

use super::frame::{Frame, FrameParser};
use super::limits::{SSE_EVENT_BYTES, SSE_LINE_BYTES};
use crate::error::{Error, ErrorKind, Result};

const BOM: &[u8] = b"\xEF\xBB\xBF";

type Sink<'s> = dyn FnMut(Frame<'_>) -> Result<()> + 's;

/// Cuts a body of server-sent events into frames.
///
/// Bytes that are not UTF-8 become U+FFFD, as over the whole body at once: a line end is never part of a longer
/// character, so that reading line by line gives the same text. Events without a `data` field are not handed out.
/// A line or an event past its limit in [`limits`](super::limits) is an error of kind `InvalidResponse`.
#[derive(Default)]
pub struct SseParser {
    start: Start,
    /// The last chunk ended with CR: a line feed first in the next one belongs to it.
    after_cr: bool,
    /// The unfinished line.
    line: Vec<u8>,
    event: Event,
}

/// Where a byte order mark would stand.
enum Start {
    /// So many bytes of one have been seen.
    Bom(usize),
    Past,
}

impl Default for Start {
    fn default() -> Self {
        Start::Bom(0)
    }
}

/// The event under way, and what outlives an event.
#[derive(Default)]
struct Event {
    name: String,
    /// The `data` lines so far, joined with LF.
    data: String,
    has_data: bool,
    last_id: String,
    retry_ms: Option<u64>,
}

impl SseParser {
    /// A parser at the start of a body.
    pub fn new() -> Self {
        SseParser::default()
    }

    /// The last `id` field, `""` before the first.
    pub fn last_event_id(&self) -> &str {
        &self.event.last_id
    }

    /// The last `retry` field, in milliseconds.
    pub fn retry_ms(&self) -> Option<u64> {
        self.event.retry_ms
    }

    /// The bytes without a byte order mark, which may itself be cut.
    fn skip_bom<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Start::Bom(mut seen) = self.start else {
            return bytes;
        };
        for (at, byte) in bytes.iter().enumerate() {
            if BOM.get(seen) != Some(byte) {
                self.start = Start::Past;
                self.line.extend_from_slice(BOM.get(..seen).unwrap_or(BOM));
                return bytes.get(at..).unwrap_or_default();
            }
            seen += 1;
            if seen == BOM.len() {
                self.start = Start::Past;
                return bytes.get(at + 1..).unwrap_or_default();
            }
        }
        self.start = Start::Bom(seen);
        &[]
    }

    fn keep(&mut self, unfinished: &[u8]) -> Result<()> {
        if self.line.len() + unfinished.len() > SSE_LINE_BYTES {
            self.line = Vec::new();
            return Err(too_long("line", SSE_LINE_BYTES));
        }
        self.line.extend_from_slice(unfinished);
        Ok(())
    }
}

impl FrameParser for SseParser {
    fn push(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<()> {
        let mut rest = self.skip_bom(bytes);
        while let Some((&first, tail)) = rest.split_first() {
            if std::mem::take(&mut self.after_cr) && first == b'\n' {
                rest = tail;
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', rest) else {
                return self.keep(rest);
            };
            let (line, tail) = rest.split_at(end);
            rest = match tail {
                [b'\r', b'\n', tail @ ..] | [_, tail @ ..] => tail,
                [] => &[],
            };
            self.after_cr = tail == b"\r";
            let last = matches!(rest.first(), Some(b'\n' | b'\r'));
            if self.line.is_empty() {
                self.event.line(line, last, sink)?;
            } else {
                self.keep(line)?;
                let mut line = std::mem::take(&mut self.line);
                let done = self.event.line(&line, last, sink);
                line.clear();
                self.line = line;
                done?;
            }
        }
        Ok(())
    }

    /// An unfinished event is dropped, as the standard says, except where its data is whole by itself: `[DONE]`
    /// or a complete JSON object or array. Some hosts leave out the last blank line; whether such an answer
    /// counts is for the decoder.
    fn finish(&mut self, sink: &mut Sink<'_>) -> Result<()> {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.event.line(&line, false, sink)?;
        }
        if self.event.has_data && is_whole(&self.event.data) {
            self.event.dispatch(sink)?;
        }
        self.event.reset();
        Ok(())
    }
}

impl Event {
    /// Takes a line without its end. `last` says that a blank line is known to follow, which allows
    /// data of one line to be handed out where it lies.
    fn line(&mut self, line: &[u8], last: bool, sink: &mut Sink<'_>) -> Result<()> {
        if line.len() > SSE_LINE_BYTES {
            return Err(too_long("line", SSE_LINE_BYTES));
        }
        if line.is_empty() {
            let dispatched = if self.has_data {
                self.dispatch(sink)
            } else {
                Ok(())
            };
            self.reset();
            return dispatched;
        }
        let (field, value) = match memchr(b':', line) {
            Some(colon) => (
                line.get(..colon).unwrap_or_default(),
                line.get(colon + 1..).unwrap_or_default(),
            ),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" if last && !self.has_data => sink(Frame {
                message: "event",
                event: &self.name,
                data: &text(value),
            })?,
            b"data" => self.append(value)?,
            b"event" => {
                self.name.clear();
                self.name.push_str(&text(value));
            }
            b"id" if !value.contains(&0) => {
                self.last_id.clear();
                self.last_id.push_str(&text(value));
            }
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                // Digits without end are legal; a time past u64 says nothing.
                let digits = std::str::from_utf8(value).unwrap_or_default();
                self.retry_ms = digits.parse().ok().or(self.retry_ms);
            }
            _ => {}
        }
        Ok(())
    }

    fn append(&mut self, value: &[u8]) -> Result<()> {
        let value: Cow<'_, str> = text(value);
        if self.data.len() + value.len() + 1 > SSE_EVENT_BYTES {
            *self = Event::default();
            return Err(too_long("event", SSE_EVENT_BYTES));
        }
        if self.has_data {
            self.data.push('\n');
        }
        self.has_data = true;
        self.data.push_str(&value);
        Ok(())
    }

    fn dispatch(&self, sink: &mut Sink<'_>) -> Result<()> {
        sink(Frame {
            message: "event",
            event: &self.name,
            data: &self.data,
        })
    }

    fn reset(&mut self) {
        self.name.clear();
        self.data.clear();
        self.has_data = false;
    }
}

/// The text, what is not UTF-8 replaced. Nearly all is UTF-8, and checking that is far cheaper than replacing.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// True where the end of the data cannot be missing.
fn is_whole(data: &str) -> bool {
    let data = data.trim();
    data == "[DONE]"
        || (data.starts_with(['{', '['])
            && serde_json::from_str::<serde::de::IgnoredAny>(data).is_ok())
}

fn too_long(what: &str, limit: usize) -> Error {
    let message = format!("the answer's stream holds a {what} longer than {limit} bytes");
    Error::new(ErrorKind::InvalidResponse, message)
        .with_detail("limit", format!("sse_{what}_bytes"))
}

#[cfg(test)]
#[path = "sse_tests.rs"]
mod tests;
