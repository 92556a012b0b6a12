//! A call as Cohere's v2 chat wants it. Roles and tools are close to OpenAI's; limits and reasoning are not.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::FAMILY;
use super::types::{
    Body, Call as WireCall, CallFunction, Format, ImageUrl, Part as WirePart, Request, Thinking,
    Tool as WireTool, ToolFunction, Turn,
};
use crate::chat::{
    Content, FunctionCall, Message, Options, Part, ResponseFormat, Role, Tool, ToolChoice, Warning,
};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::told::Told;
use crate::provider::{Call, arguments, body, own_state, request, url};
use crate::transport::HttpRequest;

/// What Cohere takes of `stop`.
const MOST_STOPS: usize = 5;

/// Tools without parameters take none.
static NO_PARAMETERS: LazyLock<Value> =
    LazyLock::new(|| json!({"type": "object", "properties": {}}));

/// The request, without credentials.
pub(super) fn encode(call: Call<'_>, warnings: &mut Vec<Warning>) -> Result<HttpRequest> {
    let options = call.options;
    let mut told = Told::new(call, warnings);
    let (tools, tool_choice) = tools(options);
    if options.parallel_tool_calls == Some(false) {
        told.dropped("parallel_tool_calls", "it cannot hold a model to one call")?;
    }
    let wire = Request {
        model: &call.target.model,
        messages: turns(call.messages, &mut told)?,
        strict_tools: strict_tools(options, &mut told),
        response_format: response_format(options, &tools, &told)?,
        thinking: thinking(call),
        tools,
        tool_choice,
        max_tokens: options.token_limit(),
        stop_sequences: stops(options, &mut told)?,
        temperature: options.temperature,
        p: options.top_p,
        k: options.top_k,
        frequency_penalty: options.frequency_penalty,
        presence_penalty: options.presence_penalty,
        seed: options.seed,
        logprobs: options.logprobs,
        stream: call.stream,
    };
    let encoded = serde_json::to_vec(&wire).map_err(|error| {
        Error::new(ErrorKind::Internal, "the request cannot be encoded").with_source(error)
    })?;
    let encoded = body::merge(encoded, &options.extra_body)?;
    let url = url::join(&call.target.provider.base_url, "v2/chat", "");
    request::request(url, call, encoded)
}

fn turns<'a>(messages: &'a [Message], told: &mut Told<'_>) -> Result<Vec<Turn<'a>>> {
    let mut turns = Vec::with_capacity(messages.len());
    // The name of the last legacy call, whose answer has no id.
    let mut legacy = None;
    for (place, message) in messages.iter().enumerate() {
        if message.name.is_some() && message.role != Role::Function {
            told.dropped("messages.name", "it has no field for a speaker's name")?;
        }
        turns.push(match message.role {
            Role::System | Role::Developer => Turn::System {
                content: content(message, place, told)?,
            },
            Role::User => Turn::User {
                content: content(message, place, told)?,
            },
            Role::Assistant => {
                if let Some(call) = &message.function_call {
                    legacy = Some(call.name.as_str());
                }
                assistant(message, place, told)?
            }
            Role::Tool | Role::Function => {
                let id = message.tool_call_id.as_deref();
                let Some(tool_call_id) = id.or(message.name.as_deref()).or(legacy) else {
                    let param = format!("messages[{place}].tool_call_id");
                    let text = format!("`{param}` is missing: it names the call that is answered");
                    return Err(Error::invalid(param, text));
                };
                Turn::Tool {
                    tool_call_id,
                    content: content(message, place, told)?,
                }
            }
        });
    }
    Ok(turns)
}

fn content<'a>(message: &'a Message, place: usize, told: &Told<'_>) -> Result<Body<'a>> {
    let parts = match &message.content {
        None => return Ok(Body::Text("")),
        Some(Content::Text(text)) => return Ok(Body::Text(text)),
        Some(Content::Parts(parts)) => parts,
    };
    let mut wire = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        wire.push(match part {
            Part::Text { text, .. } => WirePart::Text { text },
            Part::Refusal { refusal } => WirePart::Text { text: refusal },
            Part::ImageUrl { url, detail, .. } if message.role == Role::User => {
                WirePart::ImageUrl {
                    image_url: ImageUrl {
                        url,
                        detail: detail.as_deref(),
                    },
                }
            }
            _ => {
                let param = format!("messages[{place}].content[{index}]");
                let why = format!(
                    "a part of type `{}` has no place in a message of role `{}`",
                    part.kind(),
                    message.role
                );
                return Err(told.refused(&param, &why));
            }
        });
    }
    Ok(Body::Parts(wire))
}

fn assistant<'a>(message: &'a Message, place: usize, told: &Told<'_>) -> Result<Turn<'a>> {
    let mut calls = Vec::with_capacity(message.tool_calls.len());
    for (index, call) in message.tool_calls.iter().enumerate() {
        let param = format!("messages[{place}].tool_calls[{index}].function.arguments");
        calls.push(wire_call(&call.id, &call.function, &param)?);
    }
    if let Some(function) = &message.function_call {
        let param = format!("messages[{place}].function_call.arguments");
        calls.push(wire_call(&function.name, function, &param)?);
    }
    let mut parts = match content(message, place, told)? {
        Body::Parts(parts) => parts,
        Body::Text(text) if !text.is_empty() => vec![WirePart::Text { text }],
        Body::Text(_) => Vec::new(),
    };
    if let (true, Some(refusal)) = (parts.is_empty(), &message.refusal) {
        parts.push(WirePart::Text { text: refusal });
    }
    let (thinking, tool_plan) = reasoning(message);
    if let Some(thinking) = thinking {
        parts.insert(0, WirePart::Thinking { thinking });
    }
    Ok(Turn::Assistant {
        content: match parts.as_slice() {
            [] => None,
            [WirePart::Text { text }] => Some(Body::Text(text)),
            _ => Some(Body::Parts(parts)),
        },
        tool_plan,
        tool_calls: calls,
    })
}

/// What a turn of Cohere's own thought, cut as it came: thinking, and the plan for tools. A turn that was
/// edited since has none.
fn reasoning(message: &Message) -> (Option<&str>, Option<&str>) {
    let split = || {
        let state = own_state(message, FAMILY)?;
        let bytes = |key: &str| usize::try_from(state.get(key)?.as_u64()?).ok();
        let (thinking, plan) = (bytes("thinking")?, bytes("tool_plan")?);
        let text = message.reasoning_content.as_deref()?;
        (thinking.checked_add(plan)? == text.len())
            .then(|| text.split_at_checked(thinking))
            .flatten()
    };
    let present = |text: &&str| !text.is_empty();
    split().map_or((None, None), |(thinking, plan)| {
        (Some(thinking).filter(present), Some(plan).filter(present))
    })
}

/// Arguments stay text here; that they are an object is checked all the same.
fn wire_call<'a>(id: &'a str, function: &'a FunctionCall, param: &str) -> Result<WireCall<'a>> {
    Ok(WireCall {
        id,
        kind: "function",
        function: CallFunction {
            name: &function.name,
            arguments: arguments::object(&function.arguments, param)?
                .map_or("{}", |arguments| arguments.get()),
        },
    })
}

/// The tools to send, and whether one must be called. A named one is forced by sending no other.
fn tools(options: &Options) -> (Vec<WireTool<'_>>, Option<&'static str>) {
    let definitions = options
        .tools
        .iter()
        .flatten()
        .filter_map(|tool| match tool {
            Tool::Function { function, .. } => Some(function),
            _ => None,
        });
    let named = match &options.tool_choice {
        Some(ToolChoice::Function(name)) => Some(name),
        _ => None,
    };
    let tools: Vec<WireTool<'_>> = definitions
        .filter(|function| named.is_none_or(|name| *name == function.name))
        .map(|function| WireTool {
            kind: "function",
            function: ToolFunction {
                name: &function.name,
                description: function.description.as_deref(),
                parameters: function.parameters.as_ref().unwrap_or(&NO_PARAMETERS),
            },
        })
        .collect();
    let choice = match &options.tool_choice {
        _ if tools.is_empty() => None,
        Some(ToolChoice::Function(_) | ToolChoice::Required) => Some("REQUIRED"),
        Some(ToolChoice::None) => Some("NONE"),
        _ => None,
    };
    (tools, choice)
}

/// Cohere is strict about all tools of a request or about none.
fn strict_tools(options: &Options, told: &mut Told<'_>) -> Option<bool> {
    let strict: Vec<bool> = options
        .tools
        .iter()
        .flatten()
        .filter_map(|tool| match tool {
            Tool::Function { function, .. } => Some(function.strict.unwrap_or(false)),
            _ => None,
        })
        .collect();
    if !strict.contains(&true) {
        return None;
    }
    if strict.contains(&false) {
        told.adapted(
            "tools",
            "`strict` holds for all of them or none, so for all",
        );
    }
    Some(true)
}

fn response_format<'a>(
    options: &'a Options,
    tools: &[WireTool<'_>],
    told: &Told<'_>,
) -> Result<Option<Format<'a>>> {
    let json_schema = match &options.response_format {
        None | Some(ResponseFormat::Text) => return Ok(None),
        Some(ResponseFormat::JsonObject) => None,
        Some(ResponseFormat::JsonSchema { schema, .. }) => Some(schema),
    };
    if !tools.is_empty() {
        return Err(told.refused(
            "response_format",
            "JSON answers and tools exclude each other",
        ));
    }
    Ok(Some(Format {
        kind: "json_object",
        json_schema,
    }))
}

fn stops<'a>(options: &'a Options, told: &mut Told<'_>) -> Result<&'a [String]> {
    match options.stop.get(..MOST_STOPS) {
        Some(first) if options.stop.len() > MOST_STOPS => {
            told.dropped("stop", "only the first five texts are taken")?;
            Ok(first)
        }
        _ => Ok(&options.stop),
    }
}

/// Reasoning is on or off, with a budget or without; efforts below the highest are budgets.
fn thinking(call: Call<'_>) -> Option<Thinking> {
    let effort = call.options.reasoning_effort.as_deref();
    let budget = match (call.options.thinking_budget, effort) {
        (Some(budget), _) => u64::try_from(budget).ok(),
        (None, Some("none")) => Some(0),
        (None, Some(effort)) => {
            let own = call.target.provider.quirks.thinking_budgets.get(effort);
            own.copied().or(match effort {
                "minimal" => Some(512),
                "low" => Some(1024),
                "medium" => Some(8192),
                _ => None,
            })
        }
        (None, None) => return None,
    };
    Some(match budget {
        Some(0) => Thinking {
            kind: "disabled",
            token_budget: None,
        },
        token_budget => Thinking {
            kind: "enabled",
            token_budget,
        },
    })
}
