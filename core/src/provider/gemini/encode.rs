//! A call as a request of `generateContent`: URL, options, tools and thinking.
//! The messages are [`contents`](super::contents)' work.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::chat::{Options, ResponseFormat, Tool, ToolChoice, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::told::Told;
use crate::provider::url::{join, segment};
use crate::provider::{Call, Target, body, request, vertex};
use crate::transport::HttpRequest;

use super::DEFAULT_VERSION;
use super::contents::{Conversation, conversation};
use super::models::{Model, Thinking};
use super::types::{
    FunctionCalling, FunctionDeclaration, GenerationConfig, Request, ThinkingConfig, ToolConfig,
    Tools,
};

/// Most texts in `stopSequences`.
const MOST_STOPS: usize = 5;
/// The least budget of models that cannot stop thinking.
const LEAST_BUDGET: i64 = 128;
/// Google's own budgets for the words of `reasoning_effort`; the quirk `thinking_budgets` overrides them.
const BUDGETS: &[(&str, i64)] = &[
    ("minimal", 1024),
    ("low", 1024),
    ("medium", 8192),
    ("high", 24_576),
    ("xhigh", 24_576),
    ("max", 24_576),
];

pub(super) fn request(call: Call<'_>, warnings: &mut Vec<Warning>) -> Result<HttpRequest> {
    let Call {
        options, target, ..
    } = call;
    let mut told = Told::new(call, warnings);
    let told = &mut told;
    let model = Model::of(&target.model);

    let Conversation { system, contents } = conversation(call, &model, told)?;
    let (declarations, strict) = tools(options, told)?;
    let has_tools = !declarations.is_empty();
    let body = Request {
        system_instruction: system,
        contents,
        tool_config: tool_config(options, has_tools, strict, told)?,
        tools: match has_tools {
            true => vec![Tools {
                function_declarations: declarations,
            }],
            false => Vec::new(),
        },
        generation_config: generation(options, target, &model, has_tools, told)?,
    };
    let bytes = serde_json::to_vec(&body).map_err(|error| {
        Error::new(ErrorKind::Internal, "the request cannot be written as JSON").with_source(error)
    })?;
    let bytes = body::merge(bytes, &options.extra_body)?;
    request::request(url(target, call.stream)?, call, bytes)
}

/// The key never goes into the query: there it would end in logs.
fn url(target: &Target, stream: bool) -> Result<String> {
    let provider = &target.provider;
    let (verb, query) = match stream {
        true => (":streamGenerateContent", "alt=sse"),
        false => (":generateContent", ""),
    };
    let version = provider.api_version.as_deref();
    let (base, mut path) = if provider.quirks.vertex {
        if target.model.starts_with("claude") {
            let message = "this is a model of Anthropic, which speaks another format on Google Cloud: give its provider `preset = \"vertex-anthropic\"`";
            return Err(Error::new(ErrorKind::UnknownModel, message)
                .with_param("model")
                .with_target(&provider.name, &target.model));
        }
        let path = vertex::path(target, version.unwrap_or("v1"), "google")?;
        (vertex::base_url(provider)?, path)
    } else {
        let version = segment(version.unwrap_or(DEFAULT_VERSION), "api_version")?;
        let name = target
            .model
            .strip_prefix("models/")
            .unwrap_or(&target.model);
        let path = match name.strip_prefix("tunedModels/") {
            Some(tuned) => format!("{version}/tunedModels/{}", segment(tuned, "model")?),
            None => format!("{version}/models/{}", segment(name, "model")?),
        };
        (Cow::Borrowed(provider.base_url.as_str()), path)
    };
    path.push_str(verb);
    Ok(join(&base, &path, query))
}

fn tools<'a>(
    options: &'a Options,
    told: &mut Told<'_>,
) -> Result<(Vec<FunctionDeclaration<'a>>, bool)> {
    let given = options.tools.as_deref().unwrap_or_default();
    let mut declarations = Vec::with_capacity(given.len());
    let mut strict = false;
    for (place, tool) in given.iter().enumerate() {
        match tool {
            Tool::Function { function, .. } => {
                strict |= function.strict == Some(true);
                declarations.push(FunctionDeclaration {
                    name: &function.name,
                    description: function.description.as_deref(),
                    parameters_json_schema: function.parameters.as_ref().filter(|schema| {
                        // A function without parameters is declared without a schema.
                        schema.as_object().is_some_and(|schema| !schema.is_empty())
                    }),
                    extra: &function.extra,
                });
            }
            Tool::Other(raw) => {
                let kind = raw.get("type").and_then(Value::as_str).unwrap_or_default();
                let why =
                    format!("it has no tools of type `{kind}`; Google's own go in `extra_body`");
                return Err(told.refused(&format!("tools[{place}]"), &why));
            }
            // Resolved before encoding: what is still a switch is off.
            Tool::Switch { .. } => {}
        }
    }
    Ok((declarations, strict))
}

fn tool_config<'a>(
    options: &'a Options,
    has_tools: bool,
    strict: bool,
    told: &mut Told<'_>,
) -> Result<Option<ToolConfig<'a>>> {
    if !has_tools {
        return Ok(None);
    }
    let (mode, name) = match &options.tool_choice {
        // Calls that fit their schema are a mode here, not a mark of the tool.
        None if !strict => return Ok(None),
        None | Some(ToolChoice::Auto) if strict => ("VALIDATED", None),
        None | Some(ToolChoice::Auto) => ("AUTO", None),
        Some(ToolChoice::None) => ("NONE", None),
        Some(ToolChoice::Required) => ("ANY", None),
        Some(ToolChoice::Function(name)) => ("ANY", Some([name.as_str()])),
        Some(ToolChoice::Other(_)) => {
            return Err(told.refused("tool_choice", "it has no choice of this form"));
        }
    };
    Ok(Some(ToolConfig {
        function_calling_config: FunctionCalling {
            mode,
            allowed_function_names: name,
        },
    }))
}

fn generation<'a>(
    options: &'a Options,
    target: &Target,
    model: &Model,
    has_tools: bool,
    told: &mut Told<'_>,
) -> Result<GenerationConfig<'a>> {
    if options.stop.len() > MOST_STOPS {
        return Err(told.refused("stop", "it takes at most 5 texts"));
    }
    let (response_mime_type, response_json_schema) = format(options, model, has_tools, told)?;
    Ok(GenerationConfig {
        max_output_tokens: options.token_limit(),
        temperature: options.temperature,
        top_p: options.top_p,
        top_k: options.top_k,
        candidate_count: options.n.filter(|n| *n > 1),
        stop_sequences: &options.stop,
        seed: options.seed,
        presence_penalty: options.presence_penalty,
        frequency_penalty: options.frequency_penalty,
        response_logprobs: options.logprobs.filter(|wanted| *wanted),
        logprobs: options
            .top_logprobs
            .filter(|_| options.logprobs == Some(true)),
        response_mime_type,
        response_json_schema,
        response_modalities: options
            .modalities
            .as_ref()
            .map(|list| list.iter().map(|name| name.to_ascii_uppercase()).collect()),
        speech_config: speech(options, told)?,
        thinking_config: thinking(options, target, model, told)?,
    })
}

fn format<'a>(
    options: &'a Options,
    model: &Model,
    has_tools: bool,
    told: &mut Told<'_>,
) -> Result<(Option<&'static str>, Option<&'a Value>)> {
    const JSON: Option<&str> = Some("application/json");
    const WHY: &str = "before Gemini 3 a call has tools or a JSON answer, not both";
    match &options.response_format {
        None | Some(ResponseFormat::Text) => Ok((None, None)),
        Some(ResponseFormat::JsonObject) if has_tools && !model.third => {
            told.dropped("response_format", WHY)?;
            Ok((None, None))
        }
        Some(ResponseFormat::JsonObject) => Ok((JSON, None)),
        Some(ResponseFormat::JsonSchema { .. }) if has_tools && !model.third => {
            Err(told.refused("response_format", WHY))
        }
        Some(ResponseFormat::JsonSchema { schema, .. }) => Ok((JSON, Some(schema))),
    }
}

fn speech(options: &Options, told: &mut Told<'_>) -> Result<Option<Value>> {
    let Some(audio) = &options.audio else {
        return Ok(None);
    };
    if audio
        .get("format")
        .and_then(Value::as_str)
        .is_some_and(|format| format != "pcm16")
    {
        told.dropped("audio.format", "Gemini speaks in PCM of 16 bits")?;
    }
    let voice = audio.get("voice").and_then(Value::as_str);
    Ok(voice.map(|voice| json!({"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": voice}}})))
}

fn thinking(
    options: &Options,
    target: &Target,
    model: &Model,
    told: &mut Told<'_>,
) -> Result<Option<ThinkingConfig>> {
    let effort = options.reasoning_effort.as_deref();
    let budget = options.thinking_budget;
    // Thoughts are shown where somebody asked for thinking.
    let include_thoughts = !matches!((effort, budget), (_, Some(0)) | (Some("none"), None));
    let (thinking_budget, thinking_level) = match (model.thinking, effort, budget) {
        (_, None, None) => return Ok(None),
        (Thinking::None, _, _) => {
            let param = match budget {
                Some(_) => "thinking_budget",
                None => "reasoning_effort",
            };
            told.dropped(param, "this model does not think")?;
            return Ok(None);
        }
        (Thinking::Level, Some(word), budget) => {
            if budget.is_some() {
                told.dropped(
                    "thinking_budget",
                    "beside `reasoning_effort` this model takes no budget",
                )?;
            }
            (None, Some(level(word, model, told)?))
        }
        // Later generations still take a budget in place of a level.
        (_, effort, Some(tokens)) => {
            if effort.is_some() {
                told.adapted("reasoning_effort", "`thinking_budget` decides");
            }
            (Some(at_least(tokens, "thinking_budget", model, told)), None)
        }
        (Thinking::Budget, Some("none"), None) => {
            (Some(at_least(0, "reasoning_effort", model, told)), None)
        }
        (Thinking::Budget, Some(word), None) => (Some(budget_of(word, target, told)?), None),
    };
    Ok(Some(ThinkingConfig {
        include_thoughts,
        thinking_budget,
        thinking_level,
    }))
}

/// No thinking at all is for some models only.
fn at_least(tokens: i64, param: &str, model: &Model, told: &mut Told<'_>) -> i64 {
    if tokens != 0 || model.off || model.thinking == Thinking::Level {
        return tokens;
    }
    told.adapted(
        param,
        "this model always thinks; sent as 128 tokens, its least",
    );
    LEAST_BUDGET
}

fn budget_of(word: &str, target: &Target, told: &Told<'_>) -> Result<i64> {
    let own = target.provider.quirks.thinking_budgets.get(word);
    if let Some(tokens) = own.and_then(|tokens| i64::try_from(*tokens).ok()) {
        return Ok(tokens);
    }
    match BUDGETS.iter().find(|(known, _)| *known == word) {
        Some((_, tokens)) => Ok(*tokens),
        None => Err(unknown_effort(told)),
    }
}

fn level(word: &str, model: &Model, told: &mut Told<'_>) -> Result<&'static str> {
    const PARAM: &str = "reasoning_effort";
    Ok(match word {
        "none" => {
            told.adapted(
                PARAM,
                &format!(
                    "this model always thinks; sent as `{}`, its least",
                    model.least
                ),
            );
            model.least
        }
        "minimal" if model.least == "minimal" => "minimal",
        "minimal" => {
            told.adapted(PARAM, "sent as `low`, the least of this model");
            "low"
        }
        "low" => "low",
        "medium" if model.medium => "medium",
        "high" => "high",
        "medium" | "xhigh" | "max" => {
            told.adapted(PARAM, "sent as `high`, which this model has next");
            "high"
        }
        _ => return Err(unknown_effort(told)),
    })
}

fn unknown_effort(told: &Told<'_>) -> Error {
    told.refused(
        "reasoning_effort",
        "it is none of none, minimal, low, medium, high, xhigh and max",
    )
}
