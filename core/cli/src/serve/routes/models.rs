//! `GET /v1/models`: the names that the configuration gives to models, and the stored prompts.
//!
//! Any `provider/model` works beside them; hosts are not asked what they have.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use axum::Json;
use axum::extract::State;

use crate::serve::app::App;
use crate::serve::ask::PROMPT_PREFIX;
use crate::serve::refusal::Refusal;
use crate::serve::schema::{ErrorBody, ModelInfo, ModelList};

/// Lists aliases, projects and prompts.
#[utoipa::path(get, path = "/v1/models", tag = "chat", responses(
    (status = 200, body = ModelList),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/json"),
))]
pub(super) async fn models(State(app): State<Arc<App>>) -> Result<Json<ModelList>, Refusal> {
    let created = app.started.duration_since(UNIX_EPOCH).unwrap_or_default();
    let model = |id: String| ModelInfo {
        id,
        object: "model",
        created: i64::try_from(created.as_secs()).unwrap_or_default(),
        owned_by: "slugline",
    };
    let mut data: Vec<ModelInfo> = app.config.models.keys().cloned().map(model).collect();
    for (name, project) in &app.config.projects {
        data.push(model(name.clone()));
        data.extend(
            project
                .models
                .keys()
                .map(|own| model(format!("{name}/{own}"))),
        );
    }
    let listing = app.clone();
    let prompts = super::aside(move || listing.engine.prompts().list()).await?;
    data.extend(
        prompts
            .into_iter()
            .map(|prompt| model(format!("{PROMPT_PREFIX}{}", prompt.slug))),
    );
    Ok(Json(ModelList {
        object: "list",
        data,
    }))
}
