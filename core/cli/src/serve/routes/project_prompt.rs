//! `/{workspace}/{project}/{prompt}/{environment}` and `/project-prompt/{prompt}/{environment}`: POST runs the
//! prompt, GET gives it as it is stored. `?v=` names a version.
//!
//! Fields of the body may be written in camelCase. Whether a call is recorded and its metadata may stand in
//! headers too; of body and header the stricter wins.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde_json::{Map, Value, json};
use slugline::Error;
use slugline::chat::{JsonMap, Warning};
use slugline::prompt::{Address, Prompt};

use super::segments;
use crate::serve::answer::{Profile, answer};
use crate::serve::app::App;
use crate::serve::ask::{self, Ask};
use crate::serve::refusal::Refusal;
use crate::serve::schema::{
    ChatCompletion, ChatEvent, ErrorBody, ProjectPromptRequest, StoredPrompt,
};
use crate::serve::{body, casing};

/// First segments of other routes: no workspace has such a name here.
const RESERVED: &[&str] = &[
    "prompt",
    "api",
    "v1",
    "chat",
    "project-prompt",
    "list-deployments",
    "healthz",
    "metrics",
    "openapi.json",
];
const METADATA: &str = "x-langtail-metadata-";

/// Runs a stored prompt in an environment.
#[utoipa::path(post, path = "/{workspace}/{project}/{prompt}/{environment}", tag = "prompts",
    params(
        ("workspace" = String, Path, example = "acme"),
        ("project" = String, Path, example = "shop"),
        ("prompt" = String, Path, example = "welcome"),
        ("environment" = String, Path, example = "production"),
        ("v" = Option<u64>, Query, description = "A version, instead of the environment's"),
    ),
    request_body(content = ProjectPromptRequest, content_type = "application/json",
        example = json!({"variables": {"customer": "Ada"}, "doNotRecord": true})),
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
    let address = address(&app, request.uri())?;
    let headers = request.headers().clone();
    let take = move |body: JsonMap| {
        let (body, foreign) = casing::renamed(body)?;
        let mut ask = ask::prompt(&address, body)?;
        // Told like any other key that nobody knows, and kept from every target.
        ask.dropped = foreign;
        Ok(ask)
    };
    let mut ask = body::ask(request, take).await?;
    from_headers(&headers, &mut ask);
    answer(&app, ask, Profile::Plain).await
}

/// Runs a stored prompt of the default project in an environment.
#[utoipa::path(post, path = "/project-prompt/{prompt}/{environment}", tag = "prompts",
    params(
        ("prompt" = String, Path, example = "greet"),
        ("environment" = String, Path, example = "production"),
        ("v" = Option<u64>, Query, description = "A version, instead of the environment's"),
    ),
    request_body(content = ProjectPromptRequest, content_type = "application/json",
        example = json!({"variables": {"name": "Ada"}})),
    responses(
        (status = 200, description = "The answer; with `stream`, its chunks as events", content(
            (ChatCompletion = "application/json"), (ChatEvent = "text/event-stream"),
        )),
        (status = "default", description = "An error", body = ErrorBody, content_type = "application/json"),
    ))]
pub(super) async fn run_default(
    app: State<Arc<App>>,
    request: Request,
) -> Result<Response, Refusal> {
    run(app, request).await
}

/// Gives a stored prompt: its messages unrendered, parameters, tools and default variables.
#[utoipa::path(get, path = "/{workspace}/{project}/{prompt}/{environment}", tag = "prompts",
    params(
        ("workspace" = String, Path, example = "acme"),
        ("project" = String, Path, example = "shop"),
        ("prompt" = String, Path, example = "welcome"),
        ("environment" = String, Path, example = "production"),
        ("v" = Option<u64>, Query, description = "A version, instead of the environment's"),
    ),
    responses(
        (status = 200, body = StoredPrompt),
        (status = "default", description = "An error", body = ErrorBody, content_type = "application/json"),
    ))]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Json<StoredPrompt>, Refusal> {
    let prompt = app.engine.prompts().load(&address(&app, request.uri())?)?;
    Ok(Json(stored(&app, &prompt)))
}

/// Gives a stored prompt of the default project.
#[utoipa::path(get, path = "/project-prompt/{prompt}/{environment}", tag = "prompts",
    params(
        ("prompt" = String, Path, example = "greet"),
        ("environment" = String, Path, example = "production"),
        ("v" = Option<u64>, Query, description = "A version, instead of the environment's"),
    ),
    responses(
        (status = 200, body = StoredPrompt),
        (status = "default", description = "An error", body = ErrorBody, content_type = "application/json"),
    ))]
pub(super) async fn get_default(
    app: State<Arc<App>>,
    request: Request,
) -> Result<Json<StoredPrompt>, Refusal> {
    get(app, request).await
}

/// The prompt that a path and its query name. The environment must be there although a version is taken.
fn address(app: &App, uri: &Uri) -> Result<Address, Refusal> {
    let address = named(uri)?;
    if address.version.is_some() {
        let environment = Address {
            version: None,
            ..address.clone()
        };
        if let Err(error) = app.engine.prompts().load(&environment)
            && error.data().details.get("resource").and_then(Value::as_str) == Some("environment")
        {
            return Err(error.into());
        }
    }
    Ok(address)
}

fn named(uri: &Uri) -> Result<Address, Refusal> {
    let segments = segments(uri)?;
    let (slug, environment) = match segments.as_slice() {
        [first, prompt, environment] if first == "project-prompt" => (prompt.clone(), environment),
        [workspace, project, prompt, environment] if !RESERVED.contains(&workspace.as_str()) => {
            (format!("{workspace}/{project}/{prompt}"), environment)
        }
        _ => return Err(Refusal::no_route()),
    };
    let mut address = Address::new(&slug)?.environment(environment)?;
    let query = uri.query().unwrap_or_default();
    let version = url::form_urlencoded::parse(query.as_bytes())
        .find(|(key, value)| key == "v" && !value.is_empty());
    if let Some((_, version)) = version {
        let number = version.parse();
        address.version =
            Some(number.map_err(|_| Error::invalid("v", "`v`: expected the number of a version"))?);
    }
    Ok(address)
}

/// What headers say about metadata; the body wins. A value that is no text is told.
fn from_headers(headers: &HeaderMap, ask: &mut Ask) {
    for (name, value) in headers {
        let Some(key) = name.as_str().strip_prefix(METADATA) else {
            continue;
        };
        match std::str::from_utf8(value.as_bytes()) {
            Ok(value) if !key.is_empty() => {
                let metadata = &mut ask.options().metadata;
                metadata.entry(key).or_insert_with(|| json!(value));
            }
            Ok(_) => {}
            Err(_) => {
                let message = format!("the header `{name}` is not UTF-8; it was left out");
                let warning = Warning::param("unreadable_header", name.as_str(), message);
                ask.dropped.push(warning);
            }
        }
    }
}

/// The prompt in the form of the route.
fn stored(app: &App, prompt: &Prompt) -> StoredPrompt {
    let mut args = match serde_json::to_value(&prompt.options) {
        Ok(Value::Object(args)) => args,
        _ => Map::new(),
    };
    let tools = args.remove("tools").unwrap_or_else(|| json!([]));
    args.remove("response_format");
    let model = match prompt.options.model.first() {
        Some(model) => Some(model),
        None => app.config.engine.default_model.first(),
    };
    args.remove("model");
    if let Some(model) = model {
        args.insert("model".to_owned(), json!(model));
    }
    if let Some(format) = &prompt.options.response_format {
        let format = json!(format);
        args.insert(
            "jsonmode".to_owned(),
            json!(format["type"] == "json_object"),
        );
        args.insert("response_format".to_owned(), format);
    }
    if let Some(budget) = args.remove("thinking_budget") {
        args.insert("max_thinking_tokens".to_owned(), budget);
    }
    let schema = prompt.input_schema.as_ref();
    let properties = schema.and_then(|schema| schema.get("properties")?.as_object());
    let mut variables: JsonMap = properties
        .into_iter()
        .flatten()
        .filter_map(|(name, about)| Some((name.clone(), about.get("default")?.clone())))
        .collect();
    variables.extend(prompt.defaults.clone());
    StoredPrompt::new(json!(prompt.template()), tools, args, variables)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_prompts() {
        let of = |path: &str| named(&path.parse().unwrap());
        let whole = of("/acme/support/greet/staging?x=1&v=3").unwrap();
        assert_eq!(whole.slug.as_str(), "acme/support/greet");
        assert_eq!(whole.environment.as_deref(), Some("staging"));
        assert_eq!(whole.version, Some(3));
        let short = of("/project-prompt/greet/production?v=").unwrap();
        assert_eq!((short.slug.as_str(), short.version), ("greet", None));
        for wrong in [
            "/api/v2/x/y",
            "/v1/a/b/c",
            "/metrics/a/b/c",
            "/a/b/c",
            "/a/b/../production",
            "/a/b/..%2F..%2Fetc/production",
            "/a/b/c/production?v=latest",
            "/a/b/%FF/production",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn metadata_comes_from_headers_where_the_body_has_none() {
        let mut headers = HeaderMap::new();
        let latin = axum::http::HeaderValue::from_bytes(b"\xe9").unwrap();
        headers.insert("x-langtail-metadata-team", "blue".parse().unwrap());
        headers.insert(
            "x-langtail-metadata-city",
            axum::http::HeaderValue::from_bytes("Zürich".as_bytes()).unwrap(),
        );
        headers.insert("x-langtail-metadata-old", latin);
        let asked = |metadata: Value| {
            let body = json!({"metadata": metadata}).as_object().cloned().unwrap();
            let mut ask = ask::prompt(&Address::new("a").unwrap(), body).unwrap();
            from_headers(&headers, &mut ask);
            (json!(ask.options().metadata), ask.dropped)
        };
        assert_eq!(asked(json!({"team": "red"})).0["team"], "red");
        let (metadata, dropped) = asked(json!({}));
        assert_eq!(metadata, json!({"team": "blue", "city": "Zürich"}));
        assert_eq!(dropped.len(), 1);
        assert_eq!(dropped[0].param.as_deref(), Some("x-langtail-metadata-old"));
    }
}
