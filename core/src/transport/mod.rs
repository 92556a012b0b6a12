//! The only place that touches the network: requests and answers as plain data ([`HttpRequest`],
//! [`HttpResponse`]), the [`Transport`] trait and its three carriers ([`Client`] over the network, [`Replay`] from
//! a folder, [`Scripted`] by the request itself), and the parsers that cut a body into [`Frame`]s.

mod client;
mod destination;
mod difference;
#[cfg(feature = "bedrock")]
pub mod eventstream;
mod failure;
mod frame;
mod http;
pub mod limits;
mod replay;
mod script;
mod script_keys;
mod scripted;
mod sse;
mod tls;

pub use client::{Client, ClientSettings};
pub use frame::{Frame, FrameParser, Framing, parser};
pub use http::{Body, BoxFuture, HttpRequest, HttpResponse, Transport};
pub use replay::Replay;
pub use scripted::Scripted;
pub use sse::SseParser;
