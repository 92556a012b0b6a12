//! What an HTTP library reports, as this crate's errors: the stage that failed, the host, and whether a second try
//! may help. Nothing here names the library's own type; only the causes under it are looked at.

use std::error::Error as Cause;
use std::io;

use rustls::{CertificateError, InvalidMessage};

use super::destination::Destination;
use super::limits::{HEADER_BYTES, HEADER_LINES};
use crate::error::{Error, ErrorKind};

/// What the library says of a failure as a whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// There was no connection yet.
    pub(super) connecting: bool,
    /// A time limit passed.
    pub(super) timed_out: bool,
    /// No address was found.
    pub(super) resolving: bool,
    /// Milliseconds that connecting may take.
    pub(super) connect_timeout_ms: u64,
}

/// The error of a request that had no answer.
pub(super) fn unanswered(facts: Facts, cause: &(dyn Cause + 'static), to: &Destination) -> Error {
    if facts.timed_out && facts.connecting {
        let limit = facts.connect_timeout_ms;
        let message = format!("no connection to {to} within {limit} ms (connect_timeout_ms)");
        return Error::new(ErrorKind::Timeout, message).with_detail("stage", "connect");
    }
    if facts.resolving {
        return unresolved(cause, to);
    }
    if let Some(error) = find::<rustls::Error>(cause) {
        return tls(error, to);
    }
    if let Some(tunnel) = chain(cause).map(ToString::to_string).find_map(|text| {
        text.strip_prefix("tunnel error: ")
            .map(|reason| reason.to_owned())
    }) {
        let message = format!("the proxy did not connect to {to}: {tunnel}");
        // Credentials that the proxy refused do not get better.
        return connection("proxy", message).with_retryable(!tunnel.contains("authorization"));
    }
    let io = find::<io::Error>(cause);
    if facts.connecting {
        return match io {
            Some(io) if io.kind() == io::ErrorKind::UnexpectedEof => connection(
                "tls",
                format!("{to} closed the connection during the TLS handshake"),
            ),
            Some(io) => connection("tcp", format!("cannot connect to {to}: {io}")),
            None => connection("tcp", format!("cannot connect to {to}: {}", root(cause))),
        };
    }
    if let Some(error) = find::<hyper::Error>(cause) {
        if error.is_parse() {
            // The library has a question for this on its server's side only.
            if error.to_string().contains("too large") {
                return headers_too_large(to);
            }
            let message = format!("{to} answered with something that is not HTTP: {error}");
            return connection("http", message);
        }
        if error.is_incomplete_message() {
            let message = format!("{to} closed the connection without an answer");
            return connection("http", message);
        }
    }
    match io {
        Some(io) => connection("http", format!("the connection to {to} failed: {io}")),
        None => connection(
            "http",
            format!("the connection to {to} failed: {}", root(cause)),
        ),
    }
}

/// The error of an answer whose body broke off or cannot be decoded.
pub(super) fn broken_body(cause: &(dyn Cause + 'static), from: &Destination) -> Error {
    // Under a failed decompression there is no connection's error.
    if find::<hyper::Error>(cause).is_none() {
        let message = format!(
            "the compressed answer of {from} cannot be decoded: {}",
            root(cause)
        );
        return Error::new(ErrorKind::InvalidResponse, message);
    }
    let message = format!("the answer of {from} broke off: {}", root(cause));
    connection("body", message)
}

/// The error of an answer with more header bytes than are read.
pub(super) fn headers_too_large(from: &Destination) -> Error {
    let message = format!(
        "the answer of {from} has more headers than are read ({HEADER_LINES} lines, {HEADER_BYTES} bytes)"
    );
    Error::new(ErrorKind::InvalidResponse, message).with_detail("limit", "header_bytes")
}

/// True where a connection that had been idle was dead: nothing can have been answered on it.
pub(super) fn was_stale(facts: Facts, cause: &(dyn Cause + 'static)) -> bool {
    if facts.connecting || facts.timed_out {
        return false;
    }
    find::<hyper::Error>(cause).is_some_and(|error| {
        error.is_incomplete_message() || error.is_canceled() || error.is_closed()
    }) || find::<io::Error>(cause).is_some_and(|error| {
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::NotConnected
        )
    })
}

fn unresolved(cause: &(dyn Cause + 'static), to: &Destination) -> Error {
    let reason = root(cause);
    // Resolvers tell the two apart by their text alone: a server that cannot say now, and a name that is not.
    let folded = reason.to_lowercase();
    let passing = folded.contains("temporary failure") || folded.contains("try again");
    connection("dns", format!("no address was found for {to}: {reason}")).with_retryable(passing)
}

fn tls(error: &rustls::Error, to: &Destination) -> Error {
    let message = match error {
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            format!("{to} does not speak TLS: plain http on an https URL?")
        }
        rustls::Error::InvalidCertificate(
            // The latter: a trusted authority has the same name and another key.
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => format!(
            "the certificate of {to} comes from an authority that is not trusted here; \
             if it is your own, name its file in `ca_bundle`"
        ),
        error => format!("no TLS connection to {to}: {error}"),
    };
    connection("tls", message).with_retryable(false)
}

fn connection(stage: &str, message: String) -> Error {
    Error::new(ErrorKind::Connection, message).with_detail("stage", stage)
}

/// The error and its causes. An I/O error hides the one that it wraps, so that is looked up apart.
fn chain<'a>(cause: &'a (dyn Cause + 'static)) -> impl Iterator<Item = &'a (dyn Cause + 'static)> {
    std::iter::successors(Some(cause), |&error: &&'a (dyn Cause + 'static)| {
        let wrapped = error
            .downcast_ref::<io::Error>()
            .and_then(|error| error.get_ref())
            .map(|inner| inner as &(dyn Cause + 'static));
        wrapped.or_else(|| error.source())
    })
}

/// The innermost cause of this type.
fn find<'a, T: Cause + 'static>(cause: &'a (dyn Cause + 'static)) -> Option<&'a T> {
    chain(cause).filter_map(|error| error.downcast_ref()).last()
}

/// The innermost cause, in its own words.
fn root(cause: &(dyn Cause + 'static)) -> String {
    chain(cause).last().unwrap_or(cause).to_string()
}
