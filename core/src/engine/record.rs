//! What is recorded of a call, once it has ended: the facts always, the payload only where everything is
//! to be kept and the call did not say otherwise.

use std::sync::Arc;

use serde_json::Value;

use super::call::{Call, Keep};
use crate::chat::{ChatCompletion, Choice, JsonMap, Options, Timing, Warning};
use crate::error::Error;
use crate::store::Recording;

/// Options that are no part of a recorded request: secrets may be in the one, the others speak of the
/// recording itself.
const UNKEPT: &[&str] = &[
    "extra_headers",
    "labels",
    "metadata",
    "tags",
    "store",
    "do_not_record",
];

/// Endings of names, in lower case, without `-` and `_` and without an `s` at the end, whose values may be secrets.
const SECRETS: &[&str] = &[
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "secret",
    "password",
    "authorization",
    "authorizationtoken",
    "authentication",
    "credential",
    "accesstoken",
    "authtoken",
    "bearertoken",
    "idtoken",
    "refreshtoken",
    "securitytoken",
    "sessiontoken",
    "connectionstring",
    "apitoken",
    "usertoken",
    "cookie",
    "passwd",
    "subscriptionkey",
    "header",
];

/// Records a call by its answer, whole or partial, and writes the recording's id into it. `code` is that of
/// the error it ended with all the same.
pub(super) fn answered(call: &Call, answer: &mut ChatCompletion, code: Option<&str>) {
    if call.keep == Keep::Nothing {
        return;
    }
    let meta = &answer.meta;
    let reason = answer
        .choices
        .first()
        .and_then(|choice| choice.finish_reason);
    let mut recording = Recording {
        model: Some(answer.model.clone()),
        provider: Some(meta.provider.clone()),
        provider_model: meta.provider_model.clone(),
        finish_reason: reason.map(|reason| reason.as_str().to_owned()),
        error_code: code.map(str::to_owned),
        usage: answer.usage.clone(),
        cost: meta.cost.clone(),
        attempts: meta.attempts.clone(),
        timing: meta.timing,
        warnings: meta.warnings.clone(),
        ..facts(call)
    };
    let bytes = add_payload(call, &mut recording, Some(&answer.choices));
    let id = recording.id.clone();
    if call.core.state.record(recording, bytes) {
        answer.meta.recording_id = Some(id);
    } else {
        answer.meta.warnings.push(Warning {
            code: "recording_lost".to_owned(),
            param: None,
            message: "the call was not recorded: the store does not keep up, or cannot be written"
                .to_owned(),
        });
    }
}

/// Records a call that failed, with what had arrived of its answer.
pub(super) fn failed(call: &Call, error: &mut Error) {
    let code = error.code();
    let data = error.data_mut();
    if let Some(partial) = &mut data.partial {
        return answered(call, partial, Some(code));
    }
    if call.keep == Keep::Nothing {
        return;
    }
    let mut recording = unanswered(call, code);
    if let (Some(provider), Some(model)) = (&data.provider, &data.model) {
        recording.model = Some(format!("{provider}/{model}"));
        recording.provider = Some(provider.clone());
    }
    let bytes = add_payload(call, &mut recording, None);
    call.core.state.record(recording, bytes);
}

/// A whole answer whose turn is being appended. Where its runtime is shut down meanwhile, its call is recorded as
/// cancelled.
pub(super) struct Unkept<'a>(Option<(&'a Call, &'a mut ChatCompletion)>);

impl<'a> Unkept<'a> {
    pub(super) fn watch(call: &'a Call, answer: &'a mut ChatCompletion) -> Self {
        Unkept(Some((call, answer)))
    }

    pub(super) fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Unkept<'_> {
    fn drop(&mut self) {
        if let Some((call, answer)) = self.0.take() {
            answered(call, answer, Some("cancelled"));
        }
    }
}

/// A call that is dropped before it has ended is recorded as cancelled.
pub(super) struct Unended(Option<Arc<Call>>);

impl Unended {
    pub(super) fn watch(call: &Arc<Call>) -> Self {
        Unended(Some(call.clone()))
    }

    /// It ended, or somebody else sees to its end.
    pub(super) fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Unended {
    fn drop(&mut self) {
        if let Some(call) = &self.0
            && call.keep != Keep::Nothing
        {
            let mut recording = unanswered(call, "cancelled");
            let bytes = add_payload(call, &mut recording, None);
            call.core.state.record(recording, bytes);
        }
    }
}

/// What is known before any answer.
fn facts(call: &Call) -> Recording {
    let mut labels = call.base.labels.clone();
    labels.extend(call.own.labels.clone());
    for value in labels.values_mut() {
        if !value.is_string() {
            *value = Value::String(value.to_string());
        }
    }
    let tags = if call.own.tags.is_empty() {
        &call.base.tags
    } else {
        &call.own.tags
    };
    Recording {
        // Of version 7, the time first: the newest stand together in an index.
        id: uuid::Uuid::now_v7().to_string(),
        created_ms: call.created_ms,
        session_id: call.session_id.clone(),
        completion_ids: call.completion_ids.clone(),
        project: call.plan.project.clone(),
        prompt: call.prompt.clone(),
        campaign: call.campaign.clone(),
        requested_models: call.own.model.clone(),
        stream: call.streams,
        labels,
        tags: tags.clone(),
        ..Recording::default()
    }
}

fn unanswered(call: &Call, code: &str) -> Recording {
    let (attempts, warnings, queued) = call.log.summary();
    let last = attempts.last();
    Recording {
        model: last.map(|last| format!("{}/{}", last.provider, last.model)),
        provider: last.map(|last| last.provider.clone()),
        error_code: Some(code.to_owned()),
        timing: Timing {
            queue_ms: super::attempts::millis(queued),
            ttft_ms: None,
            total_ms: super::attempts::millis(call.started.elapsed()),
        },
        attempts,
        warnings,
        ..facts(call)
    }
}

/// Adds the payload, where it is to be kept, and gives about how many bytes it has.
fn add_payload(call: &Call, recording: &mut Recording, answer: Option<&[Choice]>) -> usize {
    if call.keep != Keep::Everything {
        return 0;
    }
    let params = call.params.get();
    let options = match (call.base.is_empty(), params) {
        (true, None) => json(&call.own),
        (_, params) => {
            let mut options = call.base.clone();
            if let Some(params) = params {
                options.overlay(Options::clone(params));
            }
            options.overlay(call.own.clone());
            json(&options)
        }
    };
    let mut request = JsonMap::new();
    request.insert("messages".to_owned(), json(&call.messages));
    if let Value::Object(mut options) = options {
        options.retain(|name, _| !UNKEPT.contains(&name.as_str()));
        for (name, value) in &mut options {
            match (name.as_str(), value) {
                // The names of a schema are no values.
                ("response_format", _) => {}
                ("tools", Value::Array(tools)) => tools
                    .iter_mut()
                    .filter(|tool| tool.get("function").is_none())
                    .for_each(leave_secrets_out),
                (_, value) => leave_secrets_out(value),
            }
        }
        request.extend(options);
    }
    let bytes = weight(request.values())
        + call
            .variables
            .as_ref()
            .map_or(0, |map| weight(map.values()))
        + answer.map_or(0, |choices| {
            choices
                .iter()
                .map(|choice| choice.message.text().len())
                .sum()
        });
    recording.request = Some(request);
    recording.variables.clone_from(&call.variables);
    recording.answer = answer.map(<[Choice]>::to_vec);
    bytes
}

/// Hosts take keys in the body too: of a search index, of a tool's server.
fn leave_secrets_out(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|name, _| !is_secret(name));
            map.values_mut().for_each(leave_secrets_out);
        }
        Value::Array(items) => items.iter_mut().for_each(leave_secrets_out),
        _ => {}
    }
}

fn is_secret(name: &str) -> bool {
    let name: String = name
        .chars()
        .filter(|c| !matches!(c, '-' | '_'))
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let name = name.strip_suffix('s').unwrap_or(&name);
    name == "token" || SECRETS.iter().any(|secret| name.ends_with(secret))
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// About how many bytes the values take: their texts, and a little for each.
fn weight<'a>(values: impl Iterator<Item = &'a Value>) -> usize {
    values
        .map(|value| match value {
            Value::String(text) => text.len(),
            Value::Array(items) => weight(items.iter()),
            Value::Object(map) => weight(map.values()),
            _ => 0,
        })
        .map(|bytes| bytes + 16)
        .sum()
}
