//! `GET /list-deployments`: which version of which prompt is live where.

use std::sync::Arc;
use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use slugline::prompt::{EnvironmentInfo, PromptInfo};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::serve::app::App;
use crate::serve::refusal::Refusal;
use crate::serve::schema::{Deployment, Deployments, ErrorBody};

/// Lists environments of prompts.
#[utoipa::path(get, path = "/list-deployments", tag = "prompts", responses(
    (status = 200, body = Deployments),
    (status = "default", description = "An error", body = ErrorBody, content_type = "application/json"),
))]
pub(super) async fn deployments(State(app): State<Arc<App>>) -> Result<Json<Deployments>, Refusal> {
    let list = move || {
        let prompts = app.engine.prompts().list()?;
        let mut deployments = Vec::new();
        for prompt in &prompts {
            for environment in &prompt.environments {
                deployments.push(Deployment {
                    prompt_slug: short(&app, &prompt.slug).to_owned(),
                    environment: environment.name.clone(),
                    version: environment.version.map(|version| version.to_string()),
                    deployed_at: deployed(&app, prompt, environment),
                });
            }
        }
        Ok(deployments)
    };
    let deployments = super::aside(list).await?;
    Ok(Json(Deployments { deployments }))
}

/// The slug as short as `/project-prompt/` understands it.
fn short<'a>(app: &App, slug: &'a str) -> &'a str {
    let engine = &app.config.engine;
    let (Some(workspace), Some(project)) = (&engine.default_workspace, &engine.default_project)
    else {
        return slug;
    };
    let rest = slug.strip_prefix(workspace.as_str());
    let rest = rest.and_then(|rest| rest.strip_prefix('/')?.strip_prefix(project.as_str()));
    rest.and_then(|rest| rest.strip_prefix('/')).unwrap_or(slug)
}

/// When the environment last changed: its file, or the `prompt.yaml` that points it at a version.
fn deployed(app: &App, prompt: &PromptInfo, environment: &EnvironmentInfo) -> String {
    let file = match environment.version {
        Some(_) => Some(format!("{}/prompt.yaml", prompt.slug)),
        None => {
            let address = slugline::prompt::Address::new(&prompt.slug)
                .and_then(|address| address.environment(&environment.name));
            let loaded = address.and_then(|address| app.engine.prompts().load(&address));
            loaded.ok().map(|prompt| prompt.file.clone())
        }
    };
    let path = file.and_then(|file| Some(app.config.engine.prompts.as_ref()?.folder()?.join(file)));
    let changed = path.and_then(|path| path.metadata().ok()?.modified().ok());
    rfc3339(changed.unwrap_or(app.started))
}

fn rfc3339(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time).replace_nanosecond(0);
    let time = time.map(|time| time.format(&Rfc3339).unwrap_or_default());
    time.unwrap_or_default()
}
