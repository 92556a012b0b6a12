//! `GET /v1/models`: the names that the configuration gives to models, and the stored prompts. Any `provider/model`
//! works beside them; hosts are not asked what they have.
//!
//! `GET /v1/models/{model}`: whether a call could name this model, listed or not.

use std::sync::Arc;
use std::time::UNIX_EPOCH;

use axum::Json;
use axum::extract::{Request, State};
use slugline::chat::ChatRequest;
use slugline::prompt::Address;
use slugline::{Error, ErrorKind};

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
    let model = |id: String| info(&app, id);
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

/// Says whether a call could name this model.
#[utoipa::path(get, path = "/v1/models/{model}", tag = "chat",
    params(("model" = String, Path, example = "test/echo", description = "Its slashes as they are, or as `%2F`")),
    responses(
        (status = 200, body = ModelInfo),
        (status = "default", description = "An error", body = ErrorBody, content_type = "application/json"),
    ))]
pub(super) async fn model(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Json<ModelInfo>, Refusal> {
    let path = request.uri().path().strip_prefix("/v1/models/");
    let id = super::decoded(path.ok_or_else(Refusal::no_route)?)?;
    let found = move || {
        known(&app, &id)?;
        Ok(Json(info(&app, id)))
    };
    Ok(super::aside(found).await?)
}

fn known(app: &App, id: &str) -> Result<(), Error> {
    let found = match id.strip_prefix(PROMPT_PREFIX) {
        Some(address) => {
            let address = Address::parse(address)?;
            app.engine.prompts().load(&address).map(drop)
        }
        None => {
            let request = ChatRequest::new("x").model(id);
            app.engine.build_request(request).map(drop)
        }
    };
    use ErrorKind::{InvalidRequest, NotFound, UnknownModel};
    match found {
        Err(error) if matches!(error.kind(), InvalidRequest | NotFound | UnknownModel) => {
            Err(error)
        }
        // It is there, whatever else a call may lack.
        _ => Ok(()),
    }
}

fn info(app: &App, id: String) -> ModelInfo {
    let created = app.started.duration_since(UNIX_EPOCH).unwrap_or_default();
    ModelInfo {
        id,
        object: "model",
        created: i64::try_from(created.as_secs()).unwrap_or_default(),
        owned_by: "slugline",
    }
}
