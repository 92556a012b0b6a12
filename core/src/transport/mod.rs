//! The only place that touches the network: requests and answers as plain data ([`HttpRequest`],
//! [`HttpResponse`]), the [`Transport`] trait and its three carriers, and the parsers that cut
//! a body into [`Frame`]s.

mod frame;
mod http;
pub mod limits;

pub use frame::{Frame, FrameParser, Framing};
pub use http::{Body, BoxFuture, HttpRequest, HttpResponse, Transport};
