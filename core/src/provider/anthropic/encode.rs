//! A call as a request of the Messages API: options, tools, thinking and the format of the answer.
//! The messages are [`turns`](super::turns)' work.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::catalogue;
use crate::chat::{FunctionDefinition, Options, ResponseFormat, Tool, ToolChoice, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::told::Told;
use crate::provider::url::join;
use crate::provider::{Call, Target, body, request, vertex};
use crate::transport::HttpRequest;

use super::models::{Model, Off, Sampling, Thinking as Way};
use super::turns::{Conversation, conversation};
use super::types::{self, Format, Metadata, OutputConfig, Request, Thinking};
use super::{DEFAULT_VERSION, FAMILY, schema};

/// `max_tokens` where neither the call nor the catalogue names one.
const MOST_TOKENS: i64 = 4096;
/// The least budget the API takes.
const LEAST_BUDGET: i64 = 1024;
/// Budgets for the words of `reasoning_effort`; the quirk `thinking_budgets` overrides them.
const BUDGETS: &[(&str, i64)] = &[
    ("minimal", 1024),
    ("low", 1024),
    ("medium", 2048),
    ("high", 4096),
    ("xhigh", 8192),
    ("max", 16_384),
];

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
    let plan = thinking(options, target, &model, forced, told)?;
    let sampled = sampling(options, &model, plan.thinks(), told)?;
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

/// The API requires a limit: the model's own where it is known, at this host or at home.
fn most_tokens(target: &Target) -> i64 {
    let model = target.model.split('@').next().unwrap_or_default();
    catalogue::find(&target.provider.preset, &target.model)
        .or_else(|| catalogue::find(FAMILY, model))
        .and_then(|entry| i64::try_from(entry.max_output?).ok())
        .unwrap_or(MOST_TOKENS)
}

/// How the model shall think, and how many tokens it may write.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) thinking: Option<Thinking>,
    pub(super) effort: Option<&'static str>,
    max_tokens: i64,
}

impl Plan {
    pub(super) fn thinks(&self) -> bool {
        matches!(
            self.thinking,
            Some(Thinking::Enabled { .. } | Thinking::Adaptive { .. })
        )
    }
}

pub(super) fn thinking(
    options: &Options,
    target: &Target,
    model: &Model,
    forced: bool,
    told: &mut Told<'_>,
) -> Result<Plan> {
    let quirks = &target.provider.quirks;
    let way = match quirks.adaptive_thinking {
        Some(true) => Way::Adaptive,
        Some(false) => Way::Budget,
        None => model.thinking,
    };
    let limit = options.token_limit();
    let mut plan = Plan {
        thinking: None,
        effort: None,
        max_tokens: limit.unwrap_or_else(|| most_tokens(target)),
    };
    let effort = options.reasoning_effort.as_deref();
    let budget = options.thinking_budget;
    let param = match budget {
        Some(_) => "thinking_budget",
        None => "reasoning_effort",
    };
    if budget.is_none() && effort.is_none() {
        return Ok(plan);
    }
    if budget == Some(0) || (budget.is_none() && effort == Some("none")) {
        match model.off {
            Off::Omit => {}
            Off::Disabled => plan.thinking = Some(Thinking::Disabled),
            Off::BetweenTools => plan.thinking = Some(Thinking::BetweenTools),
            Off::Never => {
                told.adapted(param, "this model always thinks; sent as effort `low`");
                plan.effort = Some("low");
            }
        }
        return Ok(plan);
    }
    let budget = match (way, budget) {
        (Way::None, _) => {
            told.dropped(param, "this model does not think")?;
            return Ok(plan);
        }
        (Way::Either | Way::Budget, Some(tokens)) if tokens > 0 => {
            if effort.is_some() {
                told.adapted("reasoning_effort", "`thinking_budget` decides");
            }
            tokens
        }
        (Way::Budget, _) => budget_of(effort.unwrap_or("medium"), target, told)?,
        (Way::Either | Way::Adaptive, tokens) => {
            if tokens.is_some_and(|tokens| tokens > 0) {
                told.adapted(param, "this model decides itself how long to think");
            }
            // Without `display` the words of the thinking come back empty.
            plan.thinking = Some(Thinking::Adaptive {
                display: "summarized",
            });
            plan.effort = match effort {
                Some(word) => effort_word(word, model, told)?,
                None => None,
            };
            return Ok(plan);
        }
    };
    if forced {
        told.dropped(param, "a tool is forced, and then this model cannot think")?;
        return Ok(plan);
    }
    let mut tokens = budget;
    if tokens < LEAST_BUDGET {
        told.adapted(param, "raised to 1024 tokens, the least the API takes");
        tokens = LEAST_BUDGET;
    }
    // The budget counts inside `max_tokens` and must leave room for an answer.
    match limit {
        None if plan.max_tokens <= tokens => plan.max_tokens = tokens.saturating_add(MOST_TOKENS),
        Some(limit) if limit <= LEAST_BUDGET => {
            told.dropped(
                param,
                "`max_tokens` leaves no room to think (more than 1024 are needed)",
            )?;
            return Ok(plan);
        }
        Some(limit) if limit <= tokens => {
            told.adapted(
                param,
                "lowered to half of `max_tokens`, inside which it counts",
            );
            tokens = (limit / 2).max(LEAST_BUDGET);
        }
        _ => {}
    }
    plan.thinking = Some(Thinking::Enabled {
        budget_tokens: tokens,
    });
    Ok(plan)
}

fn budget_of(word: &str, target: &Target, told: &mut Told<'_>) -> Result<i64> {
    let own = target.provider.quirks.thinking_budgets.get(word);
    if let Some(tokens) = own.and_then(|tokens| i64::try_from(*tokens).ok()) {
        return Ok(tokens);
    }
    match BUDGETS.iter().find(|(known, _)| *known == word) {
        Some((_, tokens)) => Ok(*tokens),
        None => Err(unknown_effort(told)),
    }
}

fn effort_word(word: &str, model: &Model, told: &mut Told<'_>) -> Result<Option<&'static str>> {
    Ok(Some(match word {
        "low" => "low",
        "medium" => "medium",
        "high" => "high",
        "max" => "max",
        "xhigh" if model.xhigh => "xhigh",
        "xhigh" => {
            told.adapted(
                "reasoning_effort",
                "sent as `high`, which this model has next",
            );
            "high"
        }
        "minimal" => {
            told.adapted("reasoning_effort", "sent as `low`, the least the API has");
            "low"
        }
        // With a budget that says to think all the same.
        "none" => return Ok(None),
        _ => return Err(unknown_effort(told)),
    }))
}

fn unknown_effort(told: &Told<'_>) -> Error {
    told.refused(
        "reasoning_effort",
        "it is none of none, minimal, low, medium, high, xhigh and max",
    )
}

pub(super) struct Sampled {
    pub(super) temperature: Option<f64>,
    pub(super) top_p: Option<f64>,
    pub(super) top_k: Option<u64>,
}

pub(super) fn sampling(
    options: &Options,
    model: &Model,
    thinks: bool,
    told: &mut Told<'_>,
) -> Result<Sampled> {
    let mut sampled = Sampled {
        temperature: options.temperature,
        top_p: options.top_p,
        top_k: options.top_k,
    };
    if thinks {
        const WHY: &str = "this model cannot be sampled while it thinks";
        // 1 is what the API itself takes then.
        if sampled.temperature.take_if(|t| *t != 1.0).is_some() {
            told.dropped("temperature", WHY)?;
        }
        if sampled.top_p.take_if(|p| *p < 0.95).is_some() {
            told.dropped("top_p", "while it thinks, this model takes 0.95 to 1 only")?;
        }
        if sampled.top_k.take().is_some() {
            told.dropped("top_k", WHY)?;
        }
    }
    if model.sampling == Sampling::One && sampled.temperature.is_some() && sampled.top_p.is_some() {
        told.dropped(
            "top_p",
            "this model takes `temperature` or `top_p`, not both",
        )?;
        sampled.top_p = None;
    }
    Ok(sampled)
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
