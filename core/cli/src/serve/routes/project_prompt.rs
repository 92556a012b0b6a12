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
use slugline::chat::{JsonMap, Options, PromptRequest, Warning};
use slugline::prompt::{Address, Prompt};

use super::segments;
use crate::serve::answer::{Profile, answer};
use crate::serve::app::App;
use crate::serve::refusal::Refusal;
use crate::serve::schema::{
    ChatCompletion, ChatEvent, ErrorBody, ProjectPromptRequest, StoredPrompt,
};
use crate::serve::{ask, body};

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
/// Keys that steer Langtail's own tests: they mean nothing here, and nothing to a provider.
const FOREIGN: &str = "_langtail";

/// Runs a stored prompt in an environment.
#[utoipa::path(post, path = "/{workspace}/{project}/{prompt}/{environment}", tag = "prompts",
    params(
        ("workspace" = String, Path), ("project" = String, Path), ("prompt" = String, Path), ("environment" = String, Path),
        ("v" = Option<u64>, Query, description = "A version, instead of the environment's"),
    ),
    request_body(content = ProjectPromptRequest, content_type = "application/json"),
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
    let address = address(request.uri())?;
    let headers = request.headers().clone();
    let (body, foreign) = renamed(body::object(request).await?);
    let mut ask = ask::prompt(&address, body)?.heed(&headers);
    from_headers(&headers, ask.options());
    // Told like any other key that nobody knows, and kept from every target.
    ask.dropped = foreign;
    answer(&app, ask, Profile::Plain).await
}

/// Runs a stored prompt of the default project in an environment.
#[utoipa::path(post, path = "/project-prompt/{prompt}/{environment}", tag = "prompts",
    params(
        ("prompt" = String, Path), ("environment" = String, Path),
        ("v" = Option<u64>, Query, description = "A version, instead of the environment's"),
    ),
    request_body(content = ProjectPromptRequest, content_type = "application/json"),
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
        ("workspace" = String, Path), ("project" = String, Path), ("prompt" = String, Path), ("environment" = String, Path),
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
    let prompt = app.engine.prompts().load(&address(request.uri())?)?;
    Ok(Json(stored(&app, &prompt)))
}

/// Gives a stored prompt of the default project.
#[utoipa::path(get, path = "/project-prompt/{prompt}/{environment}", tag = "prompts",
    params(
        ("prompt" = String, Path), ("environment" = String, Path),
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

/// The prompt that a path and its query name.
fn address(uri: &Uri) -> Result<Address, Refusal> {
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

/// The body with our names for its fields, and what is not for anybody here.
fn renamed(body: JsonMap) -> (JsonMap, Vec<Warning>) {
    let known = |name: &str| Options::NAMES.contains(&name) || PromptRequest::NAMES.contains(&name);
    let mut out = JsonMap::with_capacity(body.len());
    let mut foreign = Vec::new();
    for (key, value) in body {
        if key.starts_with(FOREIGN) {
            let message = format!("`{key}` means nothing here; it was left out");
            foreign.push(Warning::param("unknown_parameter", &key, message));
            continue;
        }
        let snake = snake(&key);
        let name = match snake.as_str() {
            // Read by `ask`, in both spellings.
            "do_not_record" => key,
            "max_thinking_tokens" => "thinking_budget".to_owned(),
            _ if known(&snake) => snake,
            _ => key,
        };
        out.insert(name, value);
    }
    (out, foreign)
}

fn snake(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// What headers say about metadata; the body wins.
fn from_headers(headers: &HeaderMap, options: &mut Options) {
    for (name, value) in headers {
        if let (Some(key), Ok(value)) = (name.as_str().strip_prefix(METADATA), value.to_str())
            && !key.is_empty()
        {
            let metadata = &mut options.metadata;
            metadata.entry(key).or_insert_with(|| json!(value));
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
        let of = |path: &str| address(&path.parse().unwrap());
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
    fn camel_case_is_understood() {
        let body = json!({
            "doNotRecord": true, "maxTokens": 5, "top_p": 1, "maxThinkingTokens": 9, "_langtailTestRunId": "x", "minP": 1,
        });
        let (body, foreign) = renamed(body.as_object().cloned().unwrap());
        assert_eq!(
            json!(body),
            json!({"doNotRecord": true, "max_tokens": 5, "top_p": 1, "thinking_budget": 9, "minP": 1})
        );
        assert_eq!(foreign[0].param.as_deref(), Some("_langtailTestRunId"));
    }

    #[test]
    fn metadata_comes_from_headers_where_the_body_has_none() {
        let mut headers = HeaderMap::new();
        headers.insert("x-langtail-metadata-team", "blue".parse().unwrap());
        let mut options = Options {
            metadata: json!({"team": "red"}).as_object().cloned().unwrap(),
            ..Options::default()
        };
        from_headers(&headers, &mut options);
        assert_eq!(options.metadata["team"], "red");
        let mut options = Options::default();
        from_headers(&headers, &mut options);
        assert_eq!(options.metadata["team"], "blue");
    }
}
