//! `POST /api/v1/chat/completions`: the same call, in answers that leave nothing out.
//!
//! Every delta carries `id`, `role` and `content`, a message's content is never null and `usage` is always an
//! object: clients of this route read them without looking.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use crate::serve::answer::{Profile, answer};
use crate::serve::app::App;
use crate::serve::refusal::Refusal;
use crate::serve::schema::{ChatCompletion, ChatEvent, ChatRequest, ErrorBody};
use crate::serve::{ask, body};

/// Asks a model; ids, roles, texts and usage are always there.
#[utoipa::path(post, path = "/api/v1/chat/completions", tag = "chat",
    request_body(content = ChatRequest, content_type = "application/json",
        example = json!({"model": "test/echo", "messages": [{"role": "user", "content": "Hello there"}], "labels": {"team": "blue"}})),
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
    answer(&app, ask, Profile::Filled).await
}
