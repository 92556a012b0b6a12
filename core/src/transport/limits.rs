//! The fixed limits on what comes in. The decoded body is bounded by `max_answer_bytes` of the configuration.

/// Longest line of an SSE body.
pub const SSE_LINE_BYTES: usize = 8 << 20;
/// Longest event of an SSE body.
pub const SSE_EVENT_BYTES: usize = 16 << 20;
/// Longest frame of an AWS event stream.
pub const EVENT_STREAM_FRAME_BYTES: usize = 16 << 20;
/// Most header bytes of an AWS event stream frame.
pub const EVENT_STREAM_HEADER_BYTES: usize = 128 << 10;
/// As much of an error's body is read.
pub const ERROR_BODY_BYTES: usize = 64 << 10;
/// Most header bytes of an answer.
pub const HEADER_BYTES: usize = 64 << 10;
/// Most header lines of an answer over HTTP/1 (the HTTP library's own limit).
pub const HEADER_LINES: usize = 100;
/// After a finished stream, at most so much of its tail is read to keep the connection.
pub const DRAIN_BYTES: usize = 64 << 10;
/// After a finished stream, at most so long is waited for its tail, in milliseconds.
pub const DRAIN_MS: u64 = 100;
/// Deepest JSON that is read.
pub const JSON_DEPTH: usize = 128;
