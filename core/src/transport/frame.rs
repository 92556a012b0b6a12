//! What a streamed body is cut into, whatever the framing.

use super::sse::SseParser;
use crate::error::Result;

/// One event of a streamed body, borrowed from the parser's buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Kind of message: `event`, or for AWS event streams also `exception` and `error`.
    pub message: &'a str,
    /// Name of the event, `""` where it has none (for SSE: the `event` field).
    pub event: &'a str,
    /// The payload.
    pub data: &'a str,
}

/// How a streamed body is cut into frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// `application/vnd.amazon.eventstream`.
    EventStream,
}

/// Cuts a body into frames, however it arrives.
pub trait FrameParser: Send {
    /// Takes the next bytes and hands every complete frame to `sink`, in order. An error of the sink ends it.
    fn push(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Frame<'_>) -> Result<()>) -> Result<()>;

    /// The body ended. An incomplete frame is dropped or an error, as the framing says.
    fn finish(&mut self, sink: &mut dyn FnMut(Frame<'_>) -> Result<()>) -> Result<()>;
}

/// A parser at the start of a body. A framing that is not built in is an error of kind `ConfigError`.
pub fn parser(framing: Framing) -> Result<Box<dyn FrameParser>> {
    match framing {
        Framing::Sse => Ok(Box::new(SseParser::new())),
        #[cfg(feature = "bedrock")]
        Framing::EventStream => Ok(Box::new(super::eventstream::EventStreamParser::new())),
        #[cfg(not(feature = "bedrock"))]
        Framing::EventStream => Err(crate::Error::new(
            crate::ErrorKind::ConfigError,
            "AWS event streams are not built in: enable the feature `bedrock`",
        )
        .with_detail("feature", "bedrock")),
    }
}
