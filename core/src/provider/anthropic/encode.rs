//! A call as a request of the Messages API: options, tools and the format of the answer. The messages
//! are [`turns`](super::turns)' work, limits and thinking those of [`thinking`](super::thinking).

use std::borrow::Cow;

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::chat::{FunctionDefinition, Options, ResponseFormat, Tool, ToolChoice, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::told::Told;
use crate::provider::url::join;
use crate::provider::{Call, body, request, vertex};
use crate::transport::HttpRequest;

use super::models::Model;
use super::turns::{Conversation, conversation};
use super::types::{self, Format, Metadata, OutputConfig, Request};
use super::{DEFAULT_VERSION, schema, thinking};

pub(super) fn request(call: Call<'_>, warnings: &mut Vec<Warning>) -> Result<HttpRequest> {
    let Call {
        options, target, ..
    } = call;
    let provider = &target.provider;
    let mut told = Told::new(call, warnings);
    let told = &mut told;
    let model = Model::of(&target.model);

    let Conversation { system, turns } = conversation(call, told)?;
    let tools = tools(options, &model, told)?;
    let tool_choice = tool_choice(options, !tools.is_empty(), told)?;
    let forced = tool_choice
        .as_ref()
        .is_some_and(|choice| matches!(choice.kind, "any" | "tool"));
    let plan = thinking::plan(options, target, &model, forced, told)?;
    let sampled = thinking::sampling(options, &model, plan.thinks(), told)?;
    let output_config = OutputConfig {
        effort: plan.effort,
        format: format(options, &model, told)?,
    };
    let vertex = provider.quirks.vertex;
    let body = Request {
        model: (!vertex).then_some(target.model.as_str()),
        anthropic_version: vertex
            .then(|| provider.api_version.as_deref().unwrap_or(VERTEX_VERSION)),
        max_tokens: plan.max_tokens,
        tools,
        tool_choice,
        system,
        messages: turns,
        thinking: plan.thinking,
        output_config: (output_config.effort.is_some() || output_config.format.is_some())
            .then_some(output_config),
        temperature: sampled.temperature,
        top_p: sampled.top_p,
        top_k: sampled.top_k,
        stop_sequences: stops(options, told)?,
        metadata: options
            .user
            .as_deref()
            .or(options.safety_identifier.as_deref())
            .map(|user_id| Metadata { user_id }),
        service_tier: service_tier(options, told)?,
        stream: call.stream,
    };
    let bytes = serde_json::to_vec(&body).map_err(|error| {
        Error::new(ErrorKind::Internal, "the request cannot be written as JSON").with_source(error)
    })?;
    let bytes = body::merge(bytes, &options.extra_body)?;
    let url = if vertex {
        let verb = match call.stream {
            true => ":streamRawPredict",
            false => ":rawPredict",
        };
        let path = vertex::path(target, "v1", "anthropic")? + verb;
        join(&vertex::base_url(provider)?, &path, "")
    } else {
        join(&provider.base_url, "v1/messages", "")
    };
    let mut request = request::request(url, call, bytes)?;
    const VERSION: HeaderName = HeaderName::from_static("anthropic-version");
    if !vertex && !request.headers.contains_key(&VERSION) {
        let version = provider.api_version.as_deref().unwrap_or(DEFAULT_VERSION);
        let value = HeaderValue::from_str(version).map_err(|_| {
            let message = format!(
                "`api_version` of provider `{}` is no version",
                provider.name
            );
            Error::new(ErrorKind::ConfigError, message)
        })?;
        request.headers.insert(VERSION, value);
    }
    Ok(request)
}

/// The version that Google Cloud wants in the body.
const VERTEX_VERSION: &str = "vertex-2023-10-16";

fn tools<'a>(
    options: &'a Options,
    model: &Model,
    told: &mut Told<'_>,
) -> Result<Vec<types::Tool<'a>>> {
    let given = options.tools.as_deref().unwrap_or_default();
    let mut tools = Vec::with_capacity(given.len());
    for (place, tool) in given.iter().enumerate() {
        match tool {
            Tool::Function {
                function,
                cache_control,
            } => {
                let strict = match function.strict {
                    Some(true) if !model.schema => {
                        told.dropped("tools.function.strict", "this model has no strict tools")?;
                        None
                    }
                    strict => strict.filter(|strict| *strict),
                };
                let param = format!("tools[{place}].function.parameters");
                tools.push(types::Tool {
                    name: &function.name,
                    description: function.description.as_deref(),
                    input_schema: input_schema(function, strict.is_some(), &param, told)?,
                    strict,
                    cache_control: cache_control
                        .as_ref()
                        .filter(|_| options.cache != Some(crate::chat::CacheMode::Off)),
                    extra: &function.extra,
                });
            }
            Tool::Other(raw) => {
                let kind = raw.get("type").and_then(Value::as_str).unwrap_or_default();
                let why = format!("it has no tools of type `{kind}`");
                return Err(told.refused(&format!("tools[{place}]"), &why));
            }
            // Resolved before encoding: what is still a switch is off.
            Tool::Switch { .. } => {}
        }
    }
    Ok(tools)
}

fn input_schema<'a>(
    function: &'a FunctionDefinition,
    strict: bool,
    param: &str,
    told: &mut Told<'_>,
) -> Result<Cow<'a, Value>> {
    let Some(parameters) = function
        .parameters
        .as_ref()
        .filter(|value| !value.is_null())
    else {
        return Ok(Cow::Owned(json!({"type": "object", "properties": {}})));
    };
    let Value::Object(map) = parameters else {
        let message = format!("`{param}` must be a JSON Schema with `\"type\": \"object\"`");
        return Err(Error::invalid(param, message));
    };
    match map.get("type") {
        Some(Value::String(kind)) if kind == "object" => {}
        None if map.is_empty() => {
            return Ok(Cow::Owned(json!({"type": "object", "properties": {}})));
        }
        None => {
            let mut typed = crate::chat::JsonMap::with_capacity(map.len() + 1);
            typed.insert("type".into(), "object".into());
            typed.extend(map.clone());
            return Ok(Cow::Owned(Value::Object(typed)));
        }
        Some(_) => {
            let message = format!("`{param}` must have `\"type\": \"object\"` at its top");
            return Err(Error::invalid(param, message));
        }
    }
    if !strict {
        return Ok(Cow::Borrowed(parameters));
    }
    let (schema, unenforced) = schema::fit(parameters, param)?;
    tell_unenforced("tools.function.parameters", &unenforced, told)?;
    Ok(Cow::Owned(schema))
}

fn tell_unenforced(param: &str, keywords: &[String], told: &mut Told<'_>) -> Result<()> {
    if keywords.is_empty() {
        return Ok(());
    }
    let why = format!(
        "{} cannot be enforced and are told to the model in the descriptions instead",
        keywords.join(", ")
    );
    told.adapted(param, &why);
    Ok(())
}

fn tool_choice<'a>(
    options: &'a Options,
    has_tools: bool,
    told: &mut Told<'_>,
) -> Result<Option<types::ToolChoice<'a>>> {
    if !has_tools {
        return Ok(None);
    }
    let (kind, name) = match &options.tool_choice {
        // Said only where there is something to say with it.
        None => ("auto", None),
        Some(ToolChoice::Auto) => ("auto", None),
        Some(ToolChoice::None) => ("none", None),
        Some(ToolChoice::Required) => ("any", None),
        Some(ToolChoice::Function(name)) => ("tool", Some(name.as_str())),
        Some(ToolChoice::Other(_)) => {
            return Err(told.refused("tool_choice", "it has no choice of this form"));
        }
    };
    let single = options.parallel_tool_calls == Some(false) && kind != "none";
    if options.tool_choice.is_none() && !single {
        return Ok(None);
    }
    Ok(Some(types::ToolChoice {
        kind,
        name,
        disable_parallel_tool_use: single,
    }))
}

fn format(options: &Options, model: &Model, told: &mut Told<'_>) -> Result<Option<Format>> {
    match &options.response_format {
        None | Some(ResponseFormat::Text) => Ok(None),
        Some(ResponseFormat::JsonObject) => {
            told.adapted(
                "response_format",
                "the API has no free JSON format; only the prompt asks for it",
            );
            Ok(None)
        }
        Some(ResponseFormat::JsonSchema { .. }) if !model.schema => {
            Err(told.refused("response_format", "this model has no structured outputs"))
        }
        Some(ResponseFormat::JsonSchema { schema, .. }) => {
            const PARAM: &str = "response_format.json_schema.schema";
            let (schema, unenforced) = schema::fit(schema, PARAM)?;
            tell_unenforced("response_format", &unenforced, told)?;
            Ok(Some(Format::JsonSchema { schema }))
        }
    }
}

fn stops<'a>(options: &'a Options, told: &mut Told<'_>) -> Result<Vec<&'a str>> {
    let mut stops = Vec::with_capacity(options.stop.len());
    for stop in &options.stop {
        if stop.trim().is_empty() {
            told.dropped("stop", "the API refuses stop texts of white space alone")?;
        } else {
            stops.push(stop.as_str());
        }
    }
    Ok(stops)
}

fn service_tier(options: &Options, told: &mut Told<'_>) -> Result<Option<&'static str>> {
    Ok(match options.service_tier.as_deref() {
        None => None,
        Some("auto") => Some("auto"),
        Some("default" | "standard_only") => Some("standard_only"),
        Some(_) => {
            told.dropped("service_tier", "the tiers are `auto` and `default` here")?;
            None
        }
    })
}
