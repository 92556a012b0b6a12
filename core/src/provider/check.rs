//! Our own checks of a call, before any target is chosen: what no host could take, found without the network and
//! named by its path. What only some hosts refuse is not checked here: [`fit`](super::fit) and the host know.

use std::collections::HashSet;

use serde_json::Value;

use crate::chat::{
    Content, JsonMap, Message, Options, Part, ResponseFormat, Role, Tool, ToolChoice,
};
use crate::error::{Error, ErrorKind, Result};
use crate::nearest::nearest;

/// Most entries of `labels` and `metadata` together.
const MOST_LABELS: usize = 16;
/// Longest key of a label, in characters.
const LABEL_KEY_CHARS: usize = 64;
/// Longest value of a label, in characters.
const LABEL_VALUE_CHARS: usize = 512;
/// Longest `session_id`, in characters.
const SESSION_CHARS: usize = 256;

/// Checks a call whose tools are resolved.
///
/// # Errors
/// `invalid_request` whose `param` is the path of what is wrong, for example `messages[2].tool_call_id`.
pub fn check(options: &Options, messages: &[Message]) -> Result<()> {
    check_messages(messages)?;
    check_ranges(options)?;
    check_tools(options)?;
    if let Some(ResponseFormat::JsonSchema { name, schema, .. }) = &options.response_format {
        check_name(name, "response_format.json_schema.name")?;
        check_schema(schema, "response_format.json_schema.schema")?;
    }
    check_labels(options)?;
    check_session(options)?;
    super::request::check_extra(&options.extra_headers)?;
    for (place, code) in options.fallback_on.iter().flatten().enumerate() {
        if ErrorKind::from_code(code).is_none() {
            let codes = ErrorKind::ALL.iter().map(|kind| kind.code());
            let shown = super::error::clean(code, 64);
            let message = match nearest(code, codes) {
                Some(near) => format!("`{shown}` is no error code: did you mean `{near}`?"),
                None => format!("`{shown}` is no error code"),
            };
            return Err(Error::invalid(format!("fallback_on[{place}]"), message));
        }
    }
    Ok(())
}

fn check_messages(messages: &[Message]) -> Result<()> {
    if messages.is_empty() {
        return Err(Error::invalid("messages", "there are no messages"));
    }
    let mut calls: HashSet<&str> = HashSet::new();
    for (place, message) in messages.iter().enumerate() {
        let fail = |field: &str, message: &str| {
            Err(Error::invalid(
                format!("messages[{place}].{field}"),
                message,
            ))
        };
        match message.role {
            Role::Assistant => {
                for (call_place, call) in message.tool_calls.iter().enumerate() {
                    if call.id.is_empty() {
                        let field = format!("tool_calls[{call_place}].id");
                        return fail(&field, "a tool call needs an id, which its result repeats");
                    }
                    calls.insert(&call.id);
                }
            }
            Role::Tool => match message.tool_call_id.as_deref() {
                None | Some("") => {
                    return fail("tool_call_id", "a tool result needs the id of its call");
                }
                Some(id) if !calls.contains(id) => {
                    let message = "no assistant message before this one makes a call with this id";
                    return fail("tool_call_id", message);
                }
                Some(_) => {}
            },
            Role::Function if message.name.is_none() => {
                return fail("name", "a function result needs the name of its function");
            }
            _ => {}
        }
        match &message.content {
            None if message.role != Role::Assistant => {
                return fail(
                    "content",
                    "only an assistant message may be without content",
                );
            }
            Some(Content::Parts(parts)) => {
                for (part_place, part) in parts.iter().enumerate() {
                    check_part(part, || format!("messages[{place}].content[{part_place}]"))?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_part(part: &Part, param: impl FnOnce() -> String) -> Result<()> {
    // `gs:` and `s3:` are for the clouds' own hosts.
    const SCHEMES: &[&str] = &["https", "http", "data", "gs", "s3"];
    let url = match part {
        Part::ImageUrl { url, .. } => url,
        Part::File {
            file_url: Some(url),
            ..
        } => url,
        _ => return Ok(()),
    };
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
    if SCHEMES
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
    {
        return Ok(());
    }
    let message = "the URL must be an `https:` or a `data:` URL; a file of this machine is read with `image` or `file`";
    Err(Error::invalid(param(), message))
}

/// Most choices of a call: OpenAI's limit.
pub(crate) const MOST_CHOICES: u32 = 128;

fn check_ranges(options: &Options) -> Result<()> {
    for (param, value, low, high) in [
        ("temperature", options.temperature, 0.0, 2.0),
        ("top_p", options.top_p, 0.0, 1.0),
        ("frequency_penalty", options.frequency_penalty, -2.0, 2.0),
        ("presence_penalty", options.presence_penalty, -2.0, 2.0),
    ] {
        // Not a number is in no range.
        if value.is_some_and(|value| !(low..=high).contains(&value)) {
            return Err(Error::invalid(
                param,
                format!("`{param}` must be from {low} to {high}"),
            ));
        }
    }
    if let Some(top) = options.top_logprobs {
        if top > 20 {
            return Err(Error::invalid(
                "top_logprobs",
                "`top_logprobs` must be from 0 to 20",
            ));
        }
        if options.logprobs != Some(true) {
            let message = "`top_logprobs` needs `logprobs` to be true";
            return Err(Error::invalid("top_logprobs", message));
        }
    }
    if options.n.is_some_and(|n| !(1..=MOST_CHOICES).contains(&n)) {
        let message = format!("`n` must be from 1 to {MOST_CHOICES}");
        return Err(Error::invalid("n", message));
    }
    for (param, limit) in [
        ("max_tokens", options.max_tokens),
        ("max_completion_tokens", options.max_completion_tokens),
        ("thinking_budget", options.thinking_budget),
    ] {
        if limit.is_some_and(|limit| limit < -1) {
            return Err(Error::invalid(
                param,
                format!("`{param}` must be at least 0, or -1"),
            ));
        }
    }
    if let (Some(old), Some(new)) = (options.max_tokens, options.max_completion_tokens)
        && old != new
    {
        let message =
            "`max_tokens` and `max_completion_tokens` are two names of one limit, and differ here";
        return Err(Error::invalid("max_completion_tokens", message));
    }
    for (token, bias) in options.logit_bias.iter().flatten() {
        if !bias
            .as_f64()
            .is_some_and(|bias| (-100.0..=100.0).contains(&bias))
        {
            let param = format!("logit_bias.{}", super::error::clean(token, 64));
            return Err(Error::invalid(
                param,
                "a bias must be a number from -100 to 100",
            ));
        }
    }
    Ok(())
}

fn check_tools(options: &Options) -> Result<()> {
    let tools = options.tools.as_deref().unwrap_or_default();
    let mut names: HashSet<&str> = HashSet::with_capacity(tools.len());
    for (place, tool) in tools.iter().enumerate() {
        let Tool::Function { function, .. } = tool else {
            continue;
        };
        check_name(&function.name, &format!("tools[{place}].function.name"))?;
        if !names.insert(&function.name) {
            let message = format!("two tools have the name `{}`", function.name);
            return Err(Error::invalid(
                format!("tools[{place}].function.name"),
                message,
            ));
        }
        match &function.parameters {
            None | Some(Value::Null) => {}
            Some(schema @ Value::Object(_)) => {
                check_schema(schema, &format!("tools[{place}].function.parameters"))?;
            }
            Some(_) => {
                let param = format!("tools[{place}].function.parameters");
                return Err(Error::invalid(
                    param,
                    "the parameters must be a JSON schema, an object",
                ));
            }
        }
    }
    match &options.tool_choice {
        Some(ToolChoice::Required | ToolChoice::Function(_)) if tools.is_empty() => {
            let message = "`tool_choice` asks for a tool, and the call has none";
            Err(Error::invalid("tool_choice", message))
        }
        Some(ToolChoice::Function(name)) if !names.contains(name.as_str()) => {
            let shown = super::error::clean(name, 64);
            let message = match nearest(name, names.iter().copied()) {
                Some(near) => format!("the call has no tool `{shown}`: did you mean `{near}`?"),
                None => format!("the call has no tool `{shown}`"),
            };
            Err(Error::invalid("tool_choice.function.name", message))
        }
        _ => Ok(()),
    }
}

/// Names of functions and schemas: letters, digits, `_` and `-`, at most 64.
fn check_name(name: &str, param: &str) -> Result<()> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=64).contains(&name.len()) && name.bytes().all(fits) {
        return Ok(());
    }
    let shown = super::error::clean(name, 64);
    let message = format!("`{shown}` must be 1 to 64 letters, digits, `_` or `-`");
    Err(Error::invalid(param, message))
}

/// A schema may refer to its own parts only: nothing is fetched, here or by a host.
fn check_schema(schema: &Value, param: &str) -> Result<()> {
    let mut open = vec![schema];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(map) => {
                for (key, value) in map {
                    match value {
                        Value::String(target) if key == "$ref" && !target.starts_with('#') => {
                            let message =
                                "a `$ref` must begin with `#`: other documents are not fetched";
                            return Err(Error::invalid(param, message));
                        }
                        // Data, in which `$ref` is a word like any other.
                        _ if matches!(key.as_str(), "const" | "enum" | "default" | "examples") => {}
                        Value::Object(_) | Value::Array(_) => open.push(value),
                        _ => {}
                    }
                }
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    Ok(())
}

fn check_labels(options: &Options) -> Result<()> {
    let (labels, metadata) = (&options.labels, &options.metadata);
    let more = metadata
        .keys()
        .filter(|key| !labels.contains_key(*key))
        .count();
    if labels.len() + more > MOST_LABELS {
        let message = format!(
            "there are {} labels, and {MOST_LABELS} are allowed",
            labels.len() + more
        );
        return Err(Error::invalid("labels", message));
    }
    check_label_map(labels, "labels")?;
    check_label_map(metadata, "metadata")
}

fn check_label_map(labels: &JsonMap, field: &str) -> Result<()> {
    for (key, value) in labels {
        let param = || format!("{field}.{}", super::error::clean(key, LABEL_KEY_CHARS));
        if key.is_empty() || longer_than(key, LABEL_KEY_CHARS) {
            let message = format!("the key of a label has 1 to {LABEL_KEY_CHARS} characters");
            return Err(Error::invalid(param(), message));
        }
        match value {
            Value::String(text) if longer_than(text, LABEL_VALUE_CHARS) => {
                let message = format!("a label has at most {LABEL_VALUE_CHARS} characters");
                return Err(Error::invalid(param(), message));
            }
            Value::String(_) | Value::Number(_) | Value::Bool(_) => {}
            _ => {
                let message = "a label must be a string, a number or a boolean";
                return Err(Error::invalid(param(), message));
            }
        }
    }
    Ok(())
}

fn check_session(options: &Options) -> Result<()> {
    options
        .session_id
        .as_deref()
        .map_or(Ok(()), check_session_id)
}

/// What every use of a session refuses.
pub(crate) fn check_session_id(id: &str) -> Result<()> {
    if id.is_empty() || longer_than(id, SESSION_CHARS) {
        let message = format!(
            "`session_id` has 1 to {SESSION_CHARS} characters; leave it out for one made here"
        );
        return Err(Error::invalid("session_id", message));
    }
    Ok(())
}

fn longer_than(text: &str, most: usize) -> bool {
    text.len() > most && text.chars().count() > most
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
