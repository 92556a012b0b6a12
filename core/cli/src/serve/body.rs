//! The body of a request: JSON, bounded in size and in the time it may take.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use slugline::chat::JsonMap;
use slugline::{Error, ErrorKind};

/// Most bytes of a body.
pub(crate) const MOST_BYTES: usize = 32 << 20;
/// How long it may pause.
const PAUSE: Duration = Duration::from_secs(10);
/// How long it may take.
const WHOLE: Duration = Duration::from_secs(120);

/// The object in the body.
pub(crate) async fn object(request: Request) -> Result<JsonMap, Error> {
    let (parts, body) = request.into_parts();
    // A page of another site may send forms and plain text unasked, but JSON only with leave.
    if !is_json(&parts.headers) {
        return Err(Error::invalid(
            "content-type",
            "send the body as JSON, with `content-type: application/json`",
        ));
    }
    let length = parts.headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > MOST_BYTES) {
        return Err(too_large());
    }
    let bytes = tokio::time::timeout(WHOLE, read(body, length.unwrap_or(0)))
        .await
        .map_err(|_| too_slow())??;
    slugline::input::from_json(&bytes)
}

async fn read(mut body: Body, length: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(length.min(1 << 20));
    loop {
        let frame = tokio::time::timeout(PAUSE, body.frame())
            .await
            .map_err(|_| too_slow())?;
        let Some(frame) = frame else {
            return Ok(bytes);
        };
        let broken = |_| Error::new(ErrorKind::Cancelled, "the request's body broke off");
        if let Ok(data) = frame.map_err(broken)?.into_data() {
            if bytes.len() + data.len() > MOST_BYTES {
                return Err(too_large());
            }
            bytes.extend_from_slice(&data);
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    kind == "application/json" || kind.starts_with("application/") && kind.ends_with("+json")
}

fn too_large() -> Error {
    let message = format!("the body is larger than {} MiB", MOST_BYTES >> 20);
    Error::new(ErrorKind::RequestTooLarge, message)
}

fn too_slow() -> Error {
    Error::new(ErrorKind::Timeout, "the request's body came too slowly")
}
