//! The network against the faults of the catalogue, as far as the transport decides them. Numbers in the names of
//! tests are the catalogue's.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

#[path = "transport/body.rs"]
mod body;
#[path = "transport/cancel.rs"]
mod cancel;
#[path = "transport/connect.rs"]
mod connect;
#[path = "transport/environment.rs"]
mod environment;
#[path = "transport/http2.rs"]
mod http2;
#[path = "transport/security.rs"]
mod security;
mod support;
#[path = "transport/tls.rs"]
mod tls;

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use http::{HeaderMap, HeaderValue};
use slugline::transport::{Client, ClientSettings, HttpRequest, HttpResponse, Transport};
use slugline::{Error, ErrorKind, Result};

/// What no error may show.
const KEY: &str = "sk-canary-0123456789";

fn settings() -> ClientSettings {
    ClientSettings {
        proxy: "off".to_owned(),
        connect_timeout_ms: 2000,
        ..ClientSettings::default()
    }
}

fn client() -> Client {
    Client::new(settings()).unwrap()
}

/// A request with the key in its query, its headers and its body.
fn request(url: &str) -> HttpRequest {
    let mut key = HeaderValue::from_str(&format!("Bearer {KEY}")).unwrap();
    key.set_sensitive(true);
    HttpRequest {
        url: format!("{url}/v1/chat/completions?key={KEY}"),
        headers: HeaderMap::from_iter([(http::header::AUTHORIZATION, key)]),
        body: format!("{{\"key\":\"{KEY}\"}}").into(),
        attempt: 0,
    }
}

async fn send(client: &Client, url: &str) -> Result<HttpResponse> {
    client.send(request(url)).await
}

async fn read(response: HttpResponse) -> Result<Bytes> {
    let chunks: Vec<Bytes> = response.body.try_collect().await?;
    Ok(chunks.concat().into())
}

/// Status and body.
async fn ask(client: &Client, url: &str) -> Result<(u16, String)> {
    let response = send(client, url).await?;
    let status = response.status;
    let body = read(response).await?;
    Ok((status, String::from_utf8(body.to_vec()).unwrap()))
}

/// Kind and stage of an error that shows nothing secret.
#[track_caller]
fn told(error: &Error) -> (ErrorKind, String) {
    let shown = format!(
        "{error} {error:?} {}",
        serde_json::to_string(error).unwrap()
    );
    assert!(!shown.contains("canary"), "{shown}");
    let stage = error
        .data()
        .details
        .get("stage")
        .and_then(|stage| stage.as_str());
    (error.kind(), stage.unwrap_or_default().to_owned())
}

#[track_caller]
fn is_connection(error: &Error, stage: &str) {
    assert_eq!(
        told(error),
        (ErrorKind::Connection, stage.to_owned()),
        "{error:?}"
    );
}

const SOON: Duration = Duration::from_millis(100);
const LONG: Duration = Duration::from_secs(5);
