//! What a call becomes, model by model; what comes back; and that both forms of an answer are the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::chat::{ChatRequest, Delta};
use crate::provider::{Carrier, KeySource, Network, Provider, Quirks, own_state};
use crate::stream::Accumulator;
use crate::transport::Frame;

mod answers;
mod errors;
mod options;
mod turns;

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const OLD_CLAUDE: &str = "anthropic.claude-3-7-sonnet-20250219-v1:0";
const NOVA: &str = "amazon.nova-lite-v1:0";
const MISTRAL: &str = "mistral.mistral-large-2407-v1:0";
const LLAMA: &str = "meta.llama3-3-70b-instruct-v1:0";

fn target(model: &str) -> Target {
    let provider = Provider {
        name: "bedrock".to_owned(),
        preset: "bedrock".to_owned(),
        dialect: Arc::new(Bedrock),
        base_url: String::new(),
        key: KeySource::None,
        key_required: true,
        headers: Vec::new(),
        quirks: Quirks::default(),
        region: Some("eu-central-1".to_owned()),
        project: None,
        location: None,
        api_version: None,
        organization: None,
        max_concurrency: None,
        rpm: None,
        tpm: None,
        share: 1,
        timeout_ms: None,
        network: Network::default(),
        carrier: Carrier::Network,
    };
    Target {
        provider: Arc::new(provider),
        model: model.to_owned(),
        params: Default::default(),
    }
}

/// URL, body and warnings of a request given as JSON.
fn encoded(target: &Target, request: Value) -> Result<(String, Value, Vec<Warning>)> {
    let request: ChatRequest = serde_json::from_value(request).unwrap();
    let call = Call {
        messages: &request.messages,
        options: &request.options,
        target,
        stream: false,
    };
    let mut warnings = Vec::new();
    let sent = Bedrock.encode(call, &mut warnings)?;
    let body = serde_json::from_slice(&sent.body).unwrap();
    Ok((sent.url, body, warnings))
}

fn body(model: &str, request: Value) -> Value {
    encoded(&target(model), request).unwrap().1
}

fn warned(model: &str, request: Value) -> Vec<(String, String)> {
    let (_, _, warnings) = encoded(&target(model), request).unwrap();
    warnings
        .into_iter()
        .map(|warning| (warning.code, warning.param.unwrap_or_default()))
        .collect()
}

fn error(model: &str, request: Value) -> Error {
    encoded(&target(model), request).unwrap_err()
}

fn weather() -> Value {
    json!({"type": "function", "function": {"name": "weather", "description": " ", "parameters": {"properties": {"city": {"type": "string"}}}}})
}
