//! From a call to the bytes of a `chat/completions` request, in one pass and always in the same order of keys, so
//! that the hosts' prompt caches hit.

use std::collections::BTreeMap;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::messages::{Messages, Tools};
use crate::chat::{CacheMode, Content, Message, Options, Part, Tool, ToolChoice};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::url::{join, segment};
use crate::provider::{Call, Quirks, ReasoningForm, Target, body, request};
use crate::transport::HttpRequest;

/// The request without credentials. `script` is the `test` provider's.
pub(super) fn encode(
    call: Call<'_>,
    family: &'static str,
    script: Option<&Value>,
) -> Result<HttpRequest> {
    let quirks = &call.target.provider.quirks;
    let body = Body {
        call,
        quirks,
        family,
        script,
        marks: quirks.cache_control && call.options.cache != Some(CacheMode::Off),
        system_as_developer: quirks
            .rules_for(&call.target.model)
            .any(|rule| rule.system_as_developer),
    };
    let mut bytes = Vec::with_capacity(estimate(call.messages));
    serde_json::to_writer(&mut bytes, &body).map_err(|error| {
        Error::new(
            ErrorKind::InvalidRequest,
            format!("the request cannot be written: {error}"),
        )
    })?;
    let bytes = body::merge(bytes, &call.options.extra_body)?;
    request::request(url(call.target)?, call, bytes)
}

/// Where the request goes.
fn url(target: &Target) -> Result<String> {
    const PATH: &str = "chat/completions";
    let provider = &target.provider;
    let (base, query) = provider
        .base_url
        .split_once('?')
        .unwrap_or((&provider.base_url, ""));
    if !provider.quirks.deployments {
        return Ok(join(&provider.base_url, PATH, ""));
    }
    let classic = base.contains("/openai/deployments/");
    let version = match &provider.api_version {
        Some(version) if !query.contains("api-version=") => {
            format!("api-version={}", segment(version, "api_version")?)
        }
        _ => String::new(),
    };
    Ok(if classic {
        join(&provider.base_url, PATH, &version)
    } else if base.trim_end_matches('/').ends_with("/openai/v1") {
        join(&provider.base_url, PATH, "")
    } else if provider.api_version.is_some() {
        let path = format!(
            "openai/deployments/{}/{PATH}",
            segment(&target.model, "model")?
        );
        join(&provider.base_url, &path, &version)
    } else {
        join(&provider.base_url, &format!("openai/v1/{PATH}"), "")
    })
}

/// Roughly how long the body will be.
fn estimate(messages: &[Message]) -> usize {
    let text = |message: &Message| match &message.content {
        Some(Content::Text(text)) => text.len(),
        Some(Content::Parts(parts)) => parts
            .iter()
            .map(|part| match part {
                Part::Text { text, .. } => text.len() + 32,
                Part::ImageUrl { url, .. } => url.len() + 64,
                Part::InputAudio { data, .. } => data.len() + 64,
                Part::File { file_data, .. } => file_data.as_ref().map_or(0, String::len) + 96,
                _ => 128,
            })
            .sum(),
        None => 0,
    };
    let all: usize = messages
        .iter()
        .map(|message| 48 + text(message) + 256 * message.tool_calls.len())
        .sum();
    // Line breaks and quotes take two bytes each.
    512 + all + all / 16
}

pub(super) struct Body<'a> {
    pub(super) call: Call<'a>,
    pub(super) quirks: &'a Quirks,
    pub(super) family: &'static str,
    script: Option<&'a Value>,
    /// `cache_control` is sent.
    pub(super) marks: bool,
    pub(super) system_as_developer: bool,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let options = self.call.options;
        let quirks = self.quirks;
        let mut map = serializer.serialize_map(None)?;
        macro_rules! put {
            ($($field:ident)+) => {$(
                if let Some(value) = &options.$field {
                    map.serialize_entry(stringify!($field), value)?;
                }
            )+};
        }
        map.serialize_entry("model", &self.call.target.model)?;
        map.serialize_entry("messages", &Messages(self))?;
        let tools = options.tools.as_deref().unwrap_or_default();
        let has_tools = tools
            .iter()
            .any(|tool| !matches!(tool, Tool::Switch { .. }));
        if has_tools {
            map.serialize_entry("tools", &Tools(self, tools))?;
        }
        match &options.tool_choice {
            // Without tools these two say what holds anyway, and OpenAI refuses them.
            Some(ToolChoice::None | ToolChoice::Auto) if !has_tools => {}
            Some(ToolChoice::Required) => {
                let word = quirks.required_word.as_deref().unwrap_or("required");
                map.serialize_entry("tool_choice", word)?;
            }
            Some(choice) => map.serialize_entry("tool_choice", choice)?,
            None => {}
        }
        if has_tools {
            put!(parallel_tool_calls);
        }
        put!(response_format);
        if let Some(limit) = options.token_limit() {
            let field = match quirks.max_completion_tokens {
                true => "max_completion_tokens",
                false => "max_tokens",
            };
            map.serialize_entry(field, &limit)?;
        }
        put!(temperature top_p top_k frequency_penalty presence_penalty);
        if let Some(seed) = options.seed {
            map.serialize_entry(quirks.seed_field.as_deref().unwrap_or("seed"), &seed)?;
        }
        if !options.stop.is_empty() {
            map.serialize_entry("stop", &options.stop)?;
        }
        put!(n logprobs top_logprobs logit_bias);
        reasoning(options, quirks, &mut map)?;
        put!(verbosity service_tier prediction modalities audio user safety_identifier prompt_cache_key web_search_options);
        if let Some(script) = self.script {
            map.serialize_entry(body::TEST_KEY, script)?;
        }
        if self.call.stream {
            map.serialize_entry("stream", &true)?;
            if !quirks.no_stream_options {
                // Always asked for: the completion reports it whether or not the caller's chunks do.
                let usage = BTreeMap::from([("include_usage", true)]);
                map.serialize_entry("stream_options", &usage)?;
            }
        }
        map.end()
    }
}

/// Writes the fields that ask for reasoning, in the host's form.
fn reasoning<M: SerializeMap>(
    options: &Options,
    quirks: &Quirks,
    map: &mut M,
) -> Result<(), M::Error> {
    #[derive(Serialize)]
    struct Reasoning<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        effort: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        max_tokens: Option<i64>,
    }
    let effort = options.reasoning_effort.as_deref();
    let budget = options.thinking_budget;
    let word = effort.map(|effort| {
        quirks
            .effort_words
            .get(effort)
            .map_or(effort, String::as_str)
    });
    let on = match (effort, budget) {
        (Some(effort), _) => Some(effort != "none"),
        (None, Some(budget)) => Some(budget != 0),
        (None, None) => None,
    };
    let Some(on) = on else {
        return Ok(());
    };
    match quirks.reasoning {
        ReasoningForm::Effort => match word {
            Some(word) => map.serialize_entry("reasoning_effort", word),
            None => Ok(()),
        },
        ReasoningForm::Object => {
            let reasoning = Reasoning {
                // A host takes one of them; the budget says more.
                effort: word.filter(|_| budget.is_none()),
                max_tokens: budget,
            };
            map.serialize_entry("reasoning", &reasoning)
        }
        ReasoningForm::Enabled => {
            map.serialize_entry("reasoning", &BTreeMap::from([("enabled", on)]))
        }
        ReasoningForm::Thinking => {
            let kind = if on { "enabled" } else { "disabled" };
            map.serialize_entry("thinking", &BTreeMap::from([("type", kind)]))?;
            match word.filter(|_| on) {
                Some(word) => map.serialize_entry("reasoning_effort", word),
                None => Ok(()),
            }
        }
        ReasoningForm::EnableThinking => {
            map.serialize_entry("enable_thinking", &on)?;
            match budget {
                Some(budget) => map.serialize_entry("thinking_budget", &budget),
                None => Ok(()),
            }
        }
    }
}
