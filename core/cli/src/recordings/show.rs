//! `slugline recordings show ID`: everything about one recording, the words last.

use std::fmt::Write as _;

use clap::Args;
use serde_json::Value;
use slugline::chat::Message;
use slugline::store::{FeedbackValue, Recording};

use crate::open::OpenArgs;
use crate::output::{Failure, print, print_json};
use crate::table::amount;
use crate::when;

/// Arguments of `recordings show`.
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Id of the recording
    id: String,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn show(open: &OpenArgs, args: &ShowArgs) -> Result<(), Failure> {
    let engine = open.engine_with_state()?;
    let recording = engine.recordings().get(&args.id).await?;
    if args.json {
        return print_json(&recording);
    }
    let mut text = facts(&recording);
    text.push_str(&attempts(&recording));
    text.push_str(&words(&recording));
    print(&text).map_err(Failure::from)
}

fn facts(recording: &Recording) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(out, "{name:15}{value}");
        }
    };
    let some = |text: &Option<String>| text.clone().unwrap_or_default();
    line("id", recording.id.clone());
    line(
        "began",
        format!("{} UTC", when::shown(recording.created_ms)),
    );
    line("session", recording.session_id.clone());
    line("completions", recording.completion_ids.join(", "));
    line("project", some(&recording.project));
    if let Some(prompt) = &recording.prompt {
        let version = prompt.version.map(|version| format!(", version {version}"));
        let variant = prompt
            .variant
            .as_ref()
            .map(|name| format!(", variant {name}"));
        let environment = prompt.environment.as_ref().map(|name| format!(", {name}"));
        let parts = [environment, version, variant].into_iter().flatten();
        line("prompt", prompt.slug.clone() + &parts.collect::<String>());
        line("hash", prompt.hash.clone());
    }
    if let Some(campaign) = &recording.campaign {
        line(
            "campaign",
            format!("{}, arm {}", campaign.key, campaign.arm),
        );
    }
    line("asked for", recording.requested_models.join(", "));
    line("model", some(&recording.model));
    line("answered as", some(&recording.provider_model));
    let outcome = recording.error_code.as_deref().unwrap_or("ok");
    let stream = if recording.stream { ", streamed" } else { "" };
    line("outcome", format!("{outcome}{stream}"));
    line("finish reason", some(&recording.finish_reason));
    let timing = &recording.timing;
    let ttft = timing
        .ttft_ms
        .map(|ms| format!(", first output after {ms} ms"));
    line(
        "time",
        format!("{} ms{}", timing.total_ms, ttft.unwrap_or_default()),
    );
    if let Some(usage) = &recording.usage {
        let (sent, got) = (usage.prompt_tokens, usage.completion_tokens);
        line("tokens", format!("{sent} + {got}"));
    }
    if let Some(cost) = &recording.cost {
        let shown = amount(cost.amount, &cost.currency);
        line("cost", format!("{shown} ({})", cost.source));
    }
    let labels = recording
        .labels
        .iter()
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
    line("labels", labels.collect::<Vec<_>>().join(", "));
    line("tags", recording.tags.join(", "));
    for warning in &recording.warnings {
        line("warning", warning.message.clone());
    }
    for feedback in &recording.feedback {
        let value = match feedback.value {
            FeedbackValue::Bool(value) => value.to_string(),
            FeedbackValue::Number(value) => value.to_string(),
        };
        let comment = feedback.comment.as_ref().map(|text| format!(": {text}"));
        let comment = comment.unwrap_or_default();
        line("feedback", format!("{} {value}{comment}", feedback.metric));
    }
    out
}

fn attempts(recording: &Recording) -> String {
    let mut out = String::new();
    for attempt in &recording.attempts {
        let status = attempt.status.map(|status| format!(", status {status}"));
        let code = attempt.code.as_ref().map(|code| format!(", {code}"));
        let _ = writeln!(
            out,
            "{:15}{}/{}: {}{}{}, {} ms after waiting {} ms",
            "attempt",
            attempt.provider,
            attempt.model,
            attempt.outcome,
            status.unwrap_or_default(),
            code.unwrap_or_default(),
            attempt.duration_ms,
            attempt.wait_ms
        );
    }
    out
}

/// The messages and the answer, a heading a message.
fn words(recording: &Recording) -> String {
    let mut out = String::new();
    let sent = recording
        .request
        .as_ref()
        .and_then(|map| map.get("messages"));
    for message in sent.and_then(Value::as_array).into_iter().flatten() {
        if let Ok(message) = serde_json::from_value::<Message>(message.clone()) {
            say(&mut out, &message);
        }
    }
    for choice in recording.answer.iter().flatten() {
        say(&mut out, &choice.message);
    }
    out
}

/// A message under its role; what is no text as JSON.
pub(super) fn say(out: &mut String, message: &Message) {
    let _ = writeln!(out, "\n[{}]", message.role);
    for part in message.parts() {
        let text = match part.as_text() {
            Some(text) => text.trim_end_matches('\n').to_owned(),
            None => serde_json::to_string(&part).unwrap_or_default(),
        };
        let _ = writeln!(out, "{text}");
    }
    for call in &message.tool_calls {
        let _ = writeln!(out, "{}", serde_json::to_string(call).unwrap_or_default());
    }
}
