//! `POST /chat/completions` and `POST /v1/chat/completions`: OpenAI's own.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use crate::serve::answer::{Profile, answer};
use crate::serve::app::App;
use crate::serve::refusal::Refusal;
use crate::serve::schema::{ChatCompletion, ChatEvent, ChatRequest, ErrorBody};
use crate::serve::{ask, body};

/// Asks a model.
#[utoipa::path(post, path = "/chat/completions", tag = "chat",
    request_body(content = ChatRequest, content_type = "application/json",
        example = json!({"model": "test/echo", "messages": [{"role": "user", "content": "Hello there"}]})),
    responses(
        (status = 200, description = "The answer; with `stream`, its chunks as events", content(
            (ChatCompletion = "application/json"), (ChatEvent = "text/event-stream"),
        )),
        (status = "default", description = "An error", body = ErrorBody, content_type = "application/json"),
    ))]
pub(super) async fn chat(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Refusal> {
    let ask = body::ask(request, ask::chat).await?;
    answer(&app, ask, Profile::Plain).await
}

/// Asks a model.
#[utoipa::path(post, path = "/v1/chat/completions", tag = "chat",
    request_body(content = ChatRequest, content_type = "application/json",
        example = json!({"model": "test/echo", "messages": [{"role": "user", "content": "Hello there"}]})),
    responses(
        (status = 200, description = "The answer; with `stream`, its chunks as events", content(
            (ChatCompletion = "application/json"), (ChatEvent = "text/event-stream"),
        )),
        (status = "default", description = "An error", body = ErrorBody, content_type = "application/json"),
    ))]
pub(super) async fn chat_v1(app: State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    chat(app, request).await
}
