//! What the engine gives as HTTP: a completion as JSON, or a stream as events.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use slugline::chat::{ChatCompletion, StreamHead};
use slugline::stream::BATCH;

use super::access::Outcome;
use super::app::App;
use super::ask::{Ask, Verb};
use super::heavy;
use super::refusal::Refusal;
use super::sse::{Events, Form};

/// How long a stream may be silent before its headers go out without knowing how it begins. Until then an
/// error has its own status.
const FIRST: Duration = Duration::from_secs(15);

/// Most bytes of a header's value here, and so of a model in the access log.
const LONGEST: usize = 256;

/// The form of a route's answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// As the engine gives them.
    Plain,
    /// That of `/api/v1/chat/completions`: ids, roles, texts and usage are always there.
    Filled,
}

/// Makes the call and answers.
pub(crate) async fn answer(app: &App, ask: Ask, profile: Profile) -> Result<Response, Refusal> {
    match (ask.heavy, ask.stream) {
        (false, false) => whole(app, ask, profile).await,
        (false, true) => stream(app, ask, profile).await,
        (true, false) => heavy::call(whole(app, ask, profile)).await,
        (true, true) => heavy::call(stream(app, ask, profile)).await,
    }
}

async fn whole(app: &App, ask: Ask, profile: Profile) -> Result<Response, Refusal> {
    let mut completion = match ask.verb {
        Verb::Chat(request) => app.engine.chat(request).await?,
        Verb::Prompt(request) => app.engine.run_prompt(request).await?,
    };
    completion.meta.warnings.extend(ask.dropped);
    let mut headers = HeaderMap::new();
    about(&mut headers, "model", &completion.model);
    about(&mut headers, "session-id", &completion.session_id);
    let meta = &completion.meta;
    about(&mut headers, "attempts", &meta.attempts.len().to_string());
    if let Some(id) = &meta.recording_id {
        about(&mut headers, "recording-id", id);
    }
    if let Some(variant) = meta
        .prompt
        .as_ref()
        .and_then(|prompt| prompt.variant.as_ref())
    {
        about(&mut headers, "variant", variant);
    }
    let body = match profile {
        Profile::Plain => serde_json::to_vec(&completion),
        Profile::Filled => {
            if completion.usage.is_none() {
                about(&mut headers, "usage", "unknown");
            }
            serde_json::to_vec(&filled(&completion))
        }
    };
    let body = body.map_err(|error| {
        let message = "the answer cannot be written as JSON";
        slugline::Error::new(slugline::ErrorKind::Internal, message).with_source(error)
    })?;
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    Ok((headers, body).into_response())
}

async fn stream(app: &App, mut ask: Ask, profile: Profile) -> Result<Response, Refusal> {
    let options = ask.options().stream_options.as_ref();
    let usage = options.is_some_and(|options| options.include_usage);
    let mut stream = match ask.verb {
        Verb::Chat(request) => app.engine.chat_stream(request),
        Verb::Prompt(request) => app.engine.run_prompt_stream(request),
    };
    let first = match tokio::time::timeout(FIRST, stream.next_batch(BATCH)).await {
        Ok(Ok(batch)) => Some(batch),
        Ok(Err(error)) => return Err(error.into()),
        Err(_) => None,
    };
    let mut headers = HeaderMap::new();
    if let Some(StreamHead {
        model, session_id, ..
    }) = stream.head()
    {
        about(&mut headers, "model", model);
        about(&mut headers, "session-id", session_id);
    }
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies that collect answers would hold events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    let outcome = Outcome::default();
    let form = Form {
        profile,
        usage,
        dropped: ask.dropped,
    };
    let body = Body::new(Events::new(
        stream,
        first,
        form,
        outcome.clone(),
        app.halt.clone(),
    ));
    let mut response = (headers, body).into_response();
    response.extensions_mut().insert(outcome);
    Ok(response)
}

/// Sets `x-slugline-NAME`; a value that is not ASCII, or is too long for a header, is left out.
fn about(headers: &mut HeaderMap, name: &str, value: &str) {
    // Bytes beyond ASCII would be let through, and every client reads them as it likes.
    if value.len() > LONGEST || !value.is_ascii() {
        return;
    }
    let name = axum::http::HeaderName::try_from(format!("x-slugline-{name}"));
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
        headers.insert(name, value);
    }
}

/// A completion in the form of [`Profile::Filled`].
fn filled(completion: &ChatCompletion) -> Value {
    let mut value = json!(completion);
    if completion.usage.is_none() {
        value["usage"] = json!({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0});
    }
    for choice in value["choices"].as_array_mut().into_iter().flatten() {
        let id = choice["completion_id"].clone();
        let message = &mut choice["message"];
        if message["content"].is_null() {
            message["content"] = json!("");
        }
        if message["id"].is_null() {
            message["id"] = id;
        }
    }
    value
}
