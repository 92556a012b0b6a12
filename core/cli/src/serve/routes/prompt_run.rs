//! `POST /prompt/{slug}/run`: runs a stored prompt. The slug is everything between `/prompt/` and a final
//! `/run`, its slashes as they are or as `%2F`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::Uri;
use axum::response::Response;
use slugline::prompt::Address;

use super::decoded;
use crate::serve::answer::{Profile, answer};
use crate::serve::app::App;
use crate::serve::refusal::Refusal;
use crate::serve::schema::{ChatCompletion, ChatEvent, ErrorBody, PromptRequest};
use crate::serve::{ask, body};

/// Runs a stored prompt.
#[utoipa::path(post, path = "/prompt/{slug}/run", tag = "prompts",
    params(("slug" = String, Path, example = "greet", description = "`name`, `dir/name` or `workspace/project/prompt`; `@ENVIRONMENT` or `@VERSION` may follow")),
    request_body(content = PromptRequest, content_type = "application/json",
        example = json!({"variables": {"name": "Ada"}})),
    responses(
        (status = 200, description = "The answer; with `stream`, its chunks as events", content(
            (ChatCompletion = "application/json"), (ChatEvent = "text/event-stream"),
        )),
        (status = "default", description = "An error", body = ErrorBody, content_type = "application/json"),
    ))]
pub(super) async fn run(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Refusal> {
    let address = Address::parse(&slug(request.uri())?)?;
    let ask = body::ask(request, move |body| ask::prompt(&address, body)).await?;
    answer(&app, ask, Profile::Plain).await
}

fn slug(uri: &Uri) -> Result<String, Refusal> {
    let path = uri.path().strip_prefix("/prompt/");
    let slug = path.and_then(|path| path.strip_suffix("/run"));
    Ok(decoded(slug.ok_or_else(Refusal::no_route)?)?)
}
