//! Answers from a folder of recorded exchanges instead of the network, in their order.
//!
//! The folder holds `001.json`, `002.json`, ...: each a request, as much of it as shall be checked, and the
//! answer to it. Offline tests of an application and the conformance cases of all languages stand on it.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::difference::first_difference;
use super::{BoxFuture, HttpRequest, HttpResponse, Transport};
use crate::error::{Error, ErrorKind, Result};

/// A transport that answers from the files of one folder.
///
/// A request that differs from what its file states is an error of kind `InvalidRequest` that names the first
/// difference and uses nothing up; after the last file comes `Connection`.
pub struct Replay(Arc<Tape>);

struct Tape {
    folder: PathBuf,
    exchanges: Vec<Exchange>,
    next: Mutex<usize>,
}

struct Exchange {
    /// Name of the file.
    file: String,
    request: Stated,
    answer: Answer,
}

/// What a file states of a request; what it leaves out is not compared.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stated {
    method: Option<String>,
    /// Path and query, as sent.
    path: Option<String>,
    json: Option<Value>,
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    chunks: Vec<Bytes>,
    delay: Duration,
}

/// One file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    request: Stated,
    response: Response,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Response {
    #[serde(default = "ok")]
    status: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    body: Option<String>,
    body_b64: Option<String>,
    /// Offsets in bytes where the body is cut into chunks.
    #[serde(default)]
    cuts: Vec<usize>,
    /// Milliseconds before the answer begins.
    #[serde(default)]
    delay_ms: u64,
}

fn ok() -> u16 {
    200
}

impl Replay {
    /// Reads every `.json` file of the folder, in the order of the names. A folder or file that cannot be read, or
    /// a file that is no exchange, is an error of kind `ConfigError` that names it.
    pub fn open(folder: impl AsRef<Path>) -> Result<Replay> {
        let folder = folder.as_ref();
        let unreadable = |error: std::io::Error| {
            let message = format!(
                "the replay folder {} cannot be read: {error}",
                folder.display()
            );
            Error::new(ErrorKind::ConfigError, message)
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "json")
            {
                files.push(path);
            }
        }
        files.sort();
        let exchanges = files.iter().map(|file| read(file)).collect::<Result<_>>()?;
        Ok(Replay(Arc::new(Tape {
            folder: folder.to_owned(),
            exchanges,
            next: Mutex::new(0),
        })))
    }
}

impl fmt::Debug for Replay {
    // The folder alone: exchanges hold prompts and answers.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Replay").field(&self.0.folder).finish()
    }
}

impl Transport for Replay {
    fn send(&self, request: HttpRequest) -> BoxFuture<'static, Result<HttpResponse>> {
        let tape = Arc::clone(&self.0);
        Box::pin(async move {
            let answer = tape.take(&request)?;
            if !answer.delay.is_zero() {
                tokio::time::sleep(answer.delay).await;
            }
            let chunks = answer.chunks.clone();
            Ok(HttpResponse {
                status: answer.status,
                headers: answer.headers.clone(),
                body: Box::pin(stream::iter(chunks.into_iter().map(Ok))),
            })
        })
    }
}

impl Tape {
    /// The next answer, where the request is the one its file states.
    fn take(&self, request: &HttpRequest) -> Result<&Answer> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(exchange) = self.exchanges.get(*next) else {
            let message = format!(
                "the replay folder {} is used up after {} answers",
                self.folder.display(),
                self.exchanges.len()
            );
            // No wait brings another answer.
            return Err(Error::new(ErrorKind::Connection, message).with_retryable(false));
        };
        if let Some(path) = exchange.request.difference(request) {
            let message = format!(
                "the request is not the one that {} of the replay folder {} states: they differ at `{path}`",
                exchange.file,
                self.folder.display()
            );
            return Err(Error::invalid(path, message).with_detail("file", exchange.file.as_str()));
        }
        *next += 1;
        Ok(&exchange.answer)
    }
}

impl Stated {
    /// Where the request differs: `method`, `path`, or a path in the body.
    fn difference(&self, request: &HttpRequest) -> Option<String> {
        if self
            .method
            .as_deref()
            .is_some_and(|method| method != "POST")
        {
            return Some("method".to_owned());
        }
        if self
            .path
            .as_deref()
            .is_some_and(|path| path != path_of(&request.url))
        {
            return Some("path".to_owned());
        }
        let expected = self.json.as_ref()?;
        let found = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let path = first_difference(expected, &found)?;
        Some(if path.is_empty() {
            "json".to_owned()
        } else {
            path
        })
    }
}

/// Path and query of a URL, byte for byte.
fn path_of(url: &str) -> &str {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    after_scheme
        .find('/')
        .and_then(|slash| after_scheme.get(slash..))
        .unwrap_or("/")
}

fn read(file: &Path) -> Result<Exchange> {
    let wrong = |what: String| {
        let message = format!("{}: {what}", file.display());
        Error::new(ErrorKind::ConfigError, message)
    };
    let text = fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let exchange: File = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let Response {
        status,
        headers,
        body,
        body_b64,
        cuts,
        delay_ms,
    } = exchange.response;
    let body = match (body, body_b64) {
        (Some(_), Some(_)) => return Err(wrong("give `body` or `body_b64`, not both".to_owned())),
        (Some(body), None) => body.into_bytes(),
        (None, Some(body)) => STANDARD
            .decode(body)
            .map_err(|error| wrong(format!("`body_b64`: {error}")))?,
        (None, None) => Vec::new(),
    };
    if !(100..=999).contains(&status) {
        return Err(wrong(format!("{status} is no HTTP status")));
    }
    Ok(Exchange {
        file: file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        request: exchange.request,
        answer: Answer {
            status,
            headers: headers_of(&headers).map_err(wrong)?,
            chunks: cut(body.into(), &cuts).map_err(wrong)?,
            delay: Duration::from_millis(delay_ms),
        },
    })
}

/// A header's value is a string, or a list of strings where it comes more than once.
fn headers_of(stated: &Map<String, Value>) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in stated {
        let wrong = || format!("the header `{name}` is no legal one");
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        let values = match value {
            Value::Array(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            let value = value.as_str().ok_or_else(wrong)?;
            headers.append(&key, HeaderValue::from_str(value).map_err(|_| wrong())?);
        }
    }
    Ok(headers)
}

fn cut(mut body: Bytes, cuts: &[usize]) -> Result<Vec<Bytes>, String> {
    let mut chunks = Vec::with_capacity(cuts.len() + 1);
    let mut from = 0;
    for &to in cuts {
        if to < from || to - from > body.len() {
            return Err(format!(
                "`cuts` are not ascending offsets in the body: {to}"
            ));
        }
        chunks.push(body.split_to(to - from));
        from = to;
    }
    chunks.push(body);
    chunks.retain(|chunk| !chunk.is_empty());
    Ok(chunks)
}

#[cfg(test)]
#[path = "replay_tests.rs"]
mod tests;
