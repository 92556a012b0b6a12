//! AWS event streams: binary frames with a checksum over their lengths and one over the whole, however the
//! bytes are cut.
//!
//! A frame that lies whole in one chunk is read from it in place; only what a chunk leaves unfinished is kept.
//! The lengths a frame claims are checked, checksum first, before anything is kept for it. What an event means
//! is for the dialect's decoder.

use super::frame::{Frame, FrameParser};
use super::limits::{EVENT_STREAM_FRAME_BYTES, EVENT_STREAM_HEADER_BYTES};
use crate::error::{Error, ErrorKind, Result};

/// Length of the frame, length of its headers, checksum of both.
const PRELUDE: usize = 12;
/// Checksum of all before it.
const TRAILER: usize = 4;

type Sink<'s> = dyn FnMut(Frame<'_>) -> Result<()> + 's;

/// Cuts an `application/vnd.amazon.eventstream` body into frames.
///
/// A wrong checksum, an impossible length or a header that cannot be read is an error of kind
/// `InvalidResponse`, a body that ends inside a frame one of kind `StreamInterrupted`.
#[derive(Debug, Default)]
pub struct EventStreamParser {
    /// The unfinished frame.
    kept: Vec<u8>,
    /// How long it will be; 0 while its prelude is unfinished.
    length: usize,
}

impl EventStreamParser {
    /// A parser at the start of a body.
    pub fn new() -> Self {
        EventStreamParser::default()
    }

    /// Completes the unfinished frame as far as the bytes reach; what follows it is returned.
    fn complete<'a>(&mut self, mut bytes: &'a [u8], sink: &mut Sink<'_>) -> Result<&'a [u8]> {
        while !self.kept.is_empty() {
            let goal = self.length.max(PRELUDE);
            let missing = goal.saturating_sub(self.kept.len());
            let (now, later) = bytes.split_at(missing.min(bytes.len()));
            self.kept.extend_from_slice(now);
            bytes = later;
            if self.kept.len() < goal {
                break;
            }
            if self.length == 0 {
                self.length = frame_length(&self.kept)?.unwrap_or(0);
            } else {
                emit(&self.kept, sink)?;
                self.kept.clear();
                self.length = 0;
            }
        }
        Ok(bytes)
    }
}

impl FrameParser for EventStreamParser {
    fn push(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Result<()> {
        let mut rest = self.complete(bytes, sink)?;
        while let Some(length) = frame_length(rest)? {
            let Some((frame, later)) = rest.split_at_checked(length) else {
                self.length = length;
                break;
            };
            emit(frame, sink)?;
            rest = later;
        }
        self.kept.extend_from_slice(rest);
        Ok(())
    }

    fn finish(&mut self, _sink: &mut Sink<'_>) -> Result<()> {
        if self.kept.is_empty() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::StreamInterrupted,
            "the streamed answer ended inside a frame",
        ))
    }
}

/// One frame, its checksums right.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    headers: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads exactly one frame.
    pub fn parse(frame: &'a [u8]) -> Result<Self> {
        match frame_length(frame)? {
            Some(length) if length == frame.len() => {}
            _ => return Err(broken("its length is not the one it states")),
        }
        let (body, trailer) = frame.split_at(frame.len() - TRAILER);
        if crc32fast::hash(body) != number(trailer, 0) {
            return Err(broken("the checksum of the message is wrong"));
        }
        let headers_end = PRELUDE + number(frame, 4) as usize;
        match (body.get(PRELUDE..headers_end), body.get(headers_end..)) {
            (Some(headers), Some(payload)) => Ok(Message { headers, payload }),
            _ => Err(broken("its headers are longer than itself")),
        }
    }

    /// The headers, in order. An unreadable one ends them with an error.
    pub fn headers(&self) -> Headers<'a> {
        Headers { rest: self.headers }
    }

    /// What is after the headers.
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }
}

/// The value of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeaderValue<'a> {
    /// True or false.
    Bool(bool),
    /// 8 bits.
    Byte(i8),
    /// 16 bits.
    Short(i16),
    /// 32 bits.
    Int(i32),
    /// 64 bits.
    Long(i64),
    /// Bytes.
    Bytes(&'a [u8]),
    /// Text.
    Text(&'a str),
    /// Milliseconds since 1970.
    Timestamp(i64),
    /// A UUID.
    Uuid([u8; 16]),
}

/// The headers of a frame.
#[derive(Debug, Clone)]
pub struct Headers<'a> {
    rest: &'a [u8],
}

impl<'a> Headers<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn read(&mut self) -> Option<(&'a str, HeaderValue<'a>)> {
        let [length] = self.take()?;
        let name = std::str::from_utf8(self.bytes(length.into())?).ok()?;
        let [kind] = self.take()?;
        let value = match kind {
            0 => HeaderValue::Bool(true),
            1 => HeaderValue::Bool(false),
            2 => HeaderValue::Byte(i8::from_be_bytes(self.take()?)),
            3 => HeaderValue::Short(i16::from_be_bytes(self.take()?)),
            4 => HeaderValue::Int(i32::from_be_bytes(self.take()?)),
            5 => HeaderValue::Long(i64::from_be_bytes(self.take()?)),
            6 | 7 => {
                let length = u16::from_be_bytes(self.take()?);
                let bytes = self.bytes(length.into())?;
                if kind == 6 {
                    HeaderValue::Bytes(bytes)
                } else {
                    HeaderValue::Text(std::str::from_utf8(bytes).ok()?)
                }
            }
            8 => HeaderValue::Timestamp(i64::from_be_bytes(self.take()?)),
            9 => HeaderValue::Uuid(self.take()?),
            _ => return None,
        };
        Some((name, value))
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Result<(&'a str, HeaderValue<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let header = self.read();
        if header.is_none() {
            self.rest = &[];
        }
        Some(header.ok_or_else(|| broken("a header of it cannot be read")))
    }
}

/// Hands a whole frame to the sink.
fn emit(frame: &[u8], sink: &mut Sink<'_>) -> Result<()> {
    let message = Message::parse(frame)?;
    let (mut kind, mut event, mut exception, mut code, mut words) = ("", "", "", "", "");
    for header in message.headers() {
        if let (name, HeaderValue::Text(value)) = header? {
            match name {
                ":message-type" => kind = value,
                ":event-type" => event = value,
                ":exception-type" => exception = value,
                ":error-code" => code = value,
                ":error-message" => words = value,
                _ => {}
            }
        }
    }
    let payload = String::from_utf8_lossy(message.payload());
    sink(Frame {
        message: kind,
        event: match kind {
            "exception" => exception,
            "error" => code,
            _ => event,
        },
        // An `error` has its words in a header and no payload.
        data: if payload.is_empty() { words } else { &payload },
    })
}

/// The length of the frame that starts here, its claims checked; `None` while the prelude is unfinished.
fn frame_length(bytes: &[u8]) -> Result<Option<usize>> {
    let Some(prelude) = bytes.get(..PRELUDE) else {
        return Ok(None);
    };
    let (length, headers, checksum) = (number(prelude, 0), number(prelude, 4), number(prelude, 8));
    if crc32fast::hash(&prelude[..8]) != checksum {
        return Err(broken("the checksum of its lengths is wrong"));
    }
    let (length, headers) = (length as usize, headers as usize);
    if length > EVENT_STREAM_FRAME_BYTES || headers > EVENT_STREAM_HEADER_BYTES {
        let message = format!(
            "a frame of the streamed answer claims {length} bytes, {headers} of them headers; \
             at most {EVENT_STREAM_FRAME_BYTES} and {EVENT_STREAM_HEADER_BYTES} are read"
        );
        return Err(Error::new(ErrorKind::InvalidResponse, message));
    }
    if length < PRELUDE + headers + TRAILER {
        return Err(broken("its headers are longer than itself"));
    }
    Ok(Some(length))
}

/// The big-endian number at a place, 0 beyond the end.
fn number(bytes: &[u8], at: usize) -> u32 {
    bytes
        .get(at..)
        .and_then(|bytes| bytes.first_chunk())
        .map_or(0, |four| u32::from_be_bytes(*four))
}

fn broken(how: &str) -> Error {
    Error::new(
        ErrorKind::InvalidResponse,
        format!("a frame of the streamed answer is broken: {how}"),
    )
}

#[cfg(test)]
#[path = "eventstream_tests.rs"]
mod tests;
