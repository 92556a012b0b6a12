//! How an answer came about: attempts, prompt, timing, cost, warnings.

use serde::{Deserialize, Serialize};

/// How an answer came about.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Meta {
    /// The provider that served.
    pub provider: String,
    /// The model that was asked, as the provider names it.
    pub model: String,
    /// The provider's own word for the model that answered.
    pub provider_model: Option<String>,
    /// Every attempt, in order of their starts.
    pub attempts: Vec<Attempt>,
    /// The stored prompt, where one was run.
    pub prompt: Option<PromptRef>,
    /// The campaign the call took part in.
    pub campaign: Option<CampaignRef>,
    /// Durations.
    pub timing: Timing,
    /// Cost; `None` where unknown, never 0 for unknown.
    pub cost: Option<Cost>,
    /// Parameters that could not be carried and other things to know.
    pub warnings: Vec<Warning>,
    /// The recording, where one was kept.
    pub recording_id: Option<String>,
}

/// One attempt against one target.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Attempt {
    /// The provider.
    pub provider: String,
    /// The model, as the provider names it.
    pub model: String,
    /// `ok`, `error` or `cancelled`.
    pub outcome: String,
    /// HTTP status, where there was one.
    pub status: Option<u16>,
    /// Code of the error, where it failed.
    pub code: Option<String>,
    /// Milliseconds waited before it, for back-off or a free slot.
    pub wait_ms: u64,
    /// Milliseconds from its start to its end.
    pub duration_ms: u64,
    /// The provider's id of the request.
    pub request_id: Option<String>,
}

/// Which stored prompt was run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PromptRef {
    /// The slug.
    pub slug: String,
    /// Version number, where the prompt is numbered.
    pub version: Option<u64>,
    /// The environment it was resolved in.
    pub environment: Option<String>,
    /// The variant that was used.
    pub variant: Option<String>,
    /// SHA-256 over the file and every partial it reaches, in hex.
    pub hash: String,
}

/// Which arm of which campaign served.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct CampaignRef {
    /// The campaign's key.
    pub key: String,
    /// The arm's name.
    pub arm: String,
}

/// Durations in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Timing {
    /// Waited for a free slot.
    pub queue_ms: u64,
    /// From the call's start to the first content, reasoning or tool delta; `None` without a stream.
    pub ttft_ms: Option<u64>,
    /// The whole call.
    pub total_ms: u64,
}

/// What a call cost.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Cost {
    /// The amount.
    pub amount: f64,
    /// ISO 4217.
    pub currency: String,
    /// `provider` where the host said so, `catalogue` where computed from list prices.
    pub source: String,
}

/// Something to know about a call that went through.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Warning {
    /// A stable word, for example `unsupported_parameter`.
    pub code: String,
    /// The parameter it is about.
    pub param: Option<String>,
    /// One sentence.
    pub message: String,
}

impl Warning {
    /// A warning about a parameter.
    pub fn param(code: &str, param: &str, message: impl Into<String>) -> Self {
        Warning {
            code: code.to_owned(),
            param: Some(param.to_owned()),
            message: message.into(),
        }
    }
}
