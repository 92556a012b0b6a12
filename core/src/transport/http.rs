//! HTTP as plain data, and the one trait through which bytes leave and enter.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use futures_core::Stream;
use http::HeaderMap;

use crate::error::Result;

/// A boxed future, so that [`Transport`] stays object safe.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The body of an answer, as it arrives. Dropping it closes or resets the exchange.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// A request, complete and ready to send. Always a `POST`.
#[derive(Clone)]
pub struct HttpRequest {
    /// Absolute URL.
    pub url: String,
    /// Headers; those that hold secrets are marked sensitive.
    pub headers: HeaderMap,
    /// The exact bytes of the body.
    pub body: Bytes,
    /// Which try of the call on its target this is, from 0.
    pub attempt: u32,
}

impl fmt::Debug for HttpRequest {
    // Neither headers nor body: a log line must hold no key and no prompt.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("url", &self.url)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Status and headers of an answer, and its body still to come.
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// What carries requests: the network, a folder of recorded answers, or a script.
///
/// Dropping the returned future, or the body, cancels the exchange.
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends a request. An `Err` means that no answer came; any HTTP status is an `Ok`.
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse>>;
}
