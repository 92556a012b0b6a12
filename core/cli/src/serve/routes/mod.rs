//! The routes, and the document that describes them: a file a route.

mod chat;
mod deployments;
mod engine_chat;
mod feedback;
mod health;
mod models;
mod openapi;
mod project_prompt;
mod prompt_run;

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::{Extension, Router, routing};
use percent_encoding::percent_decode_str;
use slugline::{Error, ErrorKind};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use utoipa_axum::routes;

use super::access;
use super::app::App;
use super::refusal::Refusal;

/// Every route, behind the checks that hold for all.
pub(crate) fn router(app: Arc<App>) -> Router {
    let documented = OpenApiRouter::with_openapi(openapi::head())
        .routes(routes!(chat::chat))
        .routes(routes!(chat::chat_v1))
        .routes(routes!(engine_chat::chat))
        .routes(routes!(project_prompt::run, project_prompt::get))
        .routes(routes!(
            project_prompt::run_default,
            project_prompt::get_default
        ))
        .routes(routes!(feedback::feedback))
        .routes(routes!(models::models))
        .routes(routes!(deployments::deployments))
        .routes(routes!(health::health))
        .routes(routes!(openapi::document));
    let (router, mut document) = documented.split_for_parts();
    // A slug may have slashes as they are, which a document cannot say and a router takes only at the end; so may a model.
    let run: UtoipaMethodRouter<Arc<App>> = routes!(prompt_run::run);
    let model: UtoipaMethodRouter<Arc<App>> = routes!(models::model);
    for (schemas, paths, _) in [run, model] {
        document.paths.paths.extend(paths.paths);
        if let Some(components) = &mut document.components {
            components.schemas.extend(schemas);
        }
    }
    router
        .route("/prompt/{*path}", routing::post(prompt_run::run))
        .route("/v1/models/{*model}", routing::get(models::model))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(Extension(openapi::Document::of(&document)))
        .layer(from_fn_with_state(app.clone(), access::admit))
        .with_state(app)
}

async fn no_route() -> Refusal {
    Refusal::no_route()
}

async fn no_method(request: Request) -> Refusal {
    let message = format!("this route does not take {}", request.method());
    let error = Error::new(ErrorKind::InvalidRequest, message);
    Refusal::from(error).status(StatusCode::METHOD_NOT_ALLOWED)
}

/// Work over the folder of prompts, on a thread that no call waits for.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Error::new(ErrorKind::Internal, "a bug in slugline"))?
}

/// The segments of a path, decoded.
fn segments(uri: &Uri) -> Result<Vec<String>, Error> {
    let path = uri.path();
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split('/').map(decoded).collect()
}

fn decoded(text: &str) -> Result<String, Error> {
    let text = percent_decode_str(text).decode_utf8();
    let text = text.map_err(|_| Error::invalid("path", "the path is not UTF-8"))?;
    Ok(text.into_owned())
}
