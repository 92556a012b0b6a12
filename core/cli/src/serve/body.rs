//! The body of a request: JSON, bounded in size, in the number of its values and in the time it may take.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt as _;
use slugline::chat::JsonMap;
use slugline::{Error, ErrorKind};

use super::ask::Ask;
use super::heavy::{self, HEAVY};
use super::refusal::Refusal;
use crate::json;

/// Most bytes of a body.
pub(crate) const MOST_BYTES: usize = 32 << 20;
/// How long it may pause.
const PAUSE: Duration = Duration::from_secs(10);
/// How long it may take.
const WHOLE: Duration = Duration::from_secs(120);

/// The call in the body, as `take` reads it and the headers have it.
pub(crate) async fn ask(
    request: Request,
    take: impl FnOnce(JsonMap) -> Result<Ask, Error> + Send + 'static,
) -> Result<Ask, Refusal> {
    let (parts, body) = request.into_parts();
    let (mut ask, size) = sized(&parts.headers, body, take).await?;
    ask.heavy = size >= HEAVY;
    Ok(ask.heed(&parts.headers))
}

/// What `take` makes of the object in the body.
pub(crate) async fn object<T: Send + 'static>(
    request: Request,
    take: impl FnOnce(JsonMap) -> Result<T, Error> + Send + 'static,
) -> Result<T, Refusal> {
    let (parts, body) = request.into_parts();
    Ok(sized(&parts.headers, body, take).await?.0)
}

/// The same, with the size of the body.
async fn sized<T: Send + 'static>(
    headers: &HeaderMap,
    body: Body,
    take: impl FnOnce(JsonMap) -> Result<T, Error> + Send + 'static,
) -> Result<(T, usize), Refusal> {
    // A page of another site may send forms and plain text unasked, but JSON only with leave.
    if !is_json(headers) {
        let message = "send the body as JSON, with `content-type: application/json`";
        let error = Error::invalid("content-type", message);
        return Err(Refusal::from(error).status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    if !is_plain(headers) {
        let message =
            "send the body as it is, without `content-encoding`: compressed ones are not read";
        let error = Error::invalid("content-encoding", message);
        return Err(Refusal::from(error).status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > MOST_BYTES) {
        return Err(too_large().into());
    }
    let bytes = tokio::time::timeout(WHOLE, read(body, length.unwrap_or(0)))
        .await
        .map_err(|_| too_slow())??;
    let size = bytes.len();
    let read = move || {
        json::check(&bytes)?;
        let object = slugline::input::from_json(&bytes)?;
        drop(bytes);
        take(object)
    };
    let object = match size < HEAVY {
        true => read()?,
        false => heavy::work(read).await?,
    };
    Ok((object, size))
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
        // Where the client is gone nobody reads this.
        let broken = |_| Error::new(ErrorKind::InvalidRequest, "the request's body broke off");
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

/// Whether the body is not compressed.
fn is_plain(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    encodings.all(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

fn too_large() -> Error {
    let message = format!("the body is larger than {} MiB", MOST_BYTES >> 20);
    Error::new(ErrorKind::RequestTooLarge, message)
}

fn too_slow() -> Error {
    Error::new(ErrorKind::Timeout, "the request's body came too slowly")
}
