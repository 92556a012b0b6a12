//! One scripted answer: what is sent, in which pieces, when, and how it ends.

use std::time::Duration;

use serde_json::Value;

/// An answer. The constructors make whole and correct ones; the chained methods break them.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(super) head: Vec<u8>,
    pub(super) body: Vec<Vec<u8>>,
    pub(super) framing: Framing,
    pub(super) wait: Duration,
    pub(super) between: Duration,
    pub(super) early: bool,
    pub(super) end: End,
}

/// How the end of the body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// Nothing is added to head and body.
    Raw,
    /// Each piece of the body is a chunk; the last chunk comes with [`End::Keep`].
    Chunked,
}

/// What happens after the last piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The connection is kept for the next request.
    Keep,
    /// Nothing more, and the connection stays open.
    Stall,
    /// The connection is closed.
    Close,
    /// The server's half alone is closed.
    HalfClose,
    /// The connection is reset.
    Reset,
}

impl Reply {
    /// These bytes and no others; the connection is kept.
    pub fn raw(bytes: impl AsRef<[u8]>) -> Reply {
        Reply {
            head: bytes.as_ref().to_vec(),
            body: Vec::new(),
            framing: Framing::Raw,
            wait: Duration::ZERO,
            between: Duration::ZERO,
            early: false,
            end: End::Keep,
        }
    }

    /// A status with headers and a body of known length.
    pub fn new(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Reply {
        let body = body.as_ref();
        let mut reply = Reply::raw(head(
            status,
            headers,
            &format!("content-length: {}", body.len()),
        ));
        reply.body.push(body.to_vec());
        reply
    }

    /// A JSON answer.
    pub fn json(status: u16, body: &Value) -> Reply {
        Reply::new(
            status,
            &[("content-type", "application/json")],
            body.to_string(),
        )
    }

    /// A stream of server-sent events with these data, an event a chunk.
    pub fn sse(data: &[&str]) -> Reply {
        let events = data.iter().map(|data| format!("data: {data}\n\n"));
        Reply::chunked(&[("content-type", "text/event-stream")], events)
    }

    /// A body of these chunks.
    pub fn chunked(
        headers: &[(&str, &str)],
        chunks: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Reply {
        let mut reply = Reply::raw(head(200, headers, "transfer-encoding: chunked"));
        reply.framing = Framing::Chunked;
        reply.body = chunks
            .into_iter()
            .map(|chunk| chunk.as_ref().to_vec())
            .collect();
        reply
    }

    /// Nothing is answered and the connection stays open.
    pub fn silence() -> Reply {
        Reply::raw("").then_stall()
    }

    /// The connection is closed without an answer.
    pub fn hang_up() -> Reply {
        Reply::raw("").close()
    }

    /// A wait before the first byte.
    pub fn after(mut self, wait: Duration) -> Reply {
        self.wait = wait;
        self
    }

    /// A wait before each piece of the body.
    pub fn paced(mut self, between: Duration) -> Reply {
        self.between = between;
        self
    }

    /// The body in pieces that end at these offsets, each its own write.
    pub fn cut_at(mut self, offsets: &[usize]) -> Reply {
        let body = self.body.concat();
        let mut from = 0;
        self.body = offsets
            .iter()
            .copied()
            .chain([body.len()])
            .map(|to| body[std::mem::replace(&mut from, to)..to].to_vec())
            .collect();
        self
    }

    /// How long the body is.
    pub fn body_bytes(&self) -> usize {
        self.body.iter().map(Vec::len).sum()
    }

    /// The body byte by byte.
    pub fn byte_by_byte(self) -> Reply {
        let offsets: Vec<usize> = (1..self.body_bytes()).collect();
        self.cut_at(&offsets)
    }

    /// Sent as soon as the head of the request is there; its body is not waited for.
    pub fn early(mut self) -> Reply {
        self.early = true;
        self
    }

    /// Then nothing more, with the connection open.
    pub fn then_stall(self) -> Reply {
        self.ending(End::Stall)
    }

    /// Then the connection is closed; a chunked body lacks its last chunk.
    pub fn close(self) -> Reply {
        self.ending(End::Close)
    }

    /// Then the server's half is closed; a chunked body lacks its last chunk.
    pub fn half_close(self) -> Reply {
        self.ending(End::HalfClose)
    }

    /// Then the connection is reset.
    pub fn reset(self) -> Reply {
        self.ending(End::Reset)
    }

    fn ending(mut self, end: End) -> Reply {
        self.end = end;
        self
    }
}

fn head(status: u16, headers: &[(&str, &str)], framing: &str) -> String {
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    format!("HTTP/1.1 {status} Scripted\r\n{headers}{framing}\r\n\r\n")
}
