//! The row of one call. `docs/recordings.md` describes it as a schema that other tools may read.

use serde::{Deserialize, Serialize};

use super::Feedback;
use crate::chat::{Attempt, CampaignRef, Choice, Cost, JsonMap, PromptRef, Timing, Usage, Warning};

/// What is kept of one call. Built by the engine at the call's end, whether it succeeded or not.
///
/// `request`, `variables` and `answer` are the payload: they are there only where the recording is
/// `full` and the call did not say `do_not_record`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Recording {
    /// UUID v4; `meta.recording_id` of the completion.
    pub id: String,
    /// When the call began: Unix time in milliseconds.
    pub created_ms: i64,
    /// The session the call belongs to.
    pub session_id: String,
    /// The ids feedback refers to, one a choice.
    pub completion_ids: Vec<String>,
    /// The call's project.
    pub project: Option<String>,
    /// The stored prompt that was run: slug, version, hash, environment, variant.
    pub prompt: Option<PromptRef>,
    /// The campaign and the arm the call took part in.
    pub campaign: Option<CampaignRef>,
    /// What the call asked for, as it named it: an alias, `provider/model`, a bare id. Several are
    /// a fallback, in order. Empty where a default was taken.
    pub requested_models: Vec<String>,
    /// The target that served, or the last one tried, as `provider/model`.
    pub model: Option<String>,
    /// The provider of that target.
    pub provider: Option<String>,
    /// The provider's own word for the model that answered.
    pub provider_model: Option<String>,
    /// Whether the caller read a stream.
    pub stream: bool,
    /// Why the first choice stopped, in OpenAI's words.
    pub finish_reason: Option<String>,
    /// The code of the error, where the call failed; `cancelled` where the caller broke it off; `conflict`,
    /// with a whole answer, where its session went on without it.
    pub error_code: Option<String>,
    /// Every attempt, in order of their starts.
    pub attempts: Vec<Attempt>,
    /// Durations.
    pub timing: Timing,
    /// Token counts; `None` where the provider gave none.
    pub usage: Option<Usage>,
    /// Cost by the prices of that day; `None` where unknown.
    pub cost: Option<Cost>,
    /// The call's labels (and its `metadata`): names to strings.
    pub labels: JsonMap,
    /// The call's tags.
    pub tags: Vec<String>,
    /// What the call warned of.
    pub warnings: Vec<Warning>,
    /// Payload: the call as it was composed, in the form `chat` takes: `messages` and the options set.
    pub request: Option<JsonMap>,
    /// Payload: the variables of the prompt.
    pub variables: Option<JsonMap>,
    /// Payload: the choices of the answer; what had arrived, where it broke off.
    pub answer: Option<Vec<Choice>>,
    /// What people said of the answer. Filled by the store on reading, ignored on writing.
    pub feedback: Vec<Feedback>,
}

impl Recording {
    /// Whether the payload was kept.
    pub fn has_payload(&self) -> bool {
        self.request.is_some() || self.variables.is_some() || self.answer.is_some()
    }

    /// Whether the call failed. A call its caller broke off did not.
    pub fn is_error(&self) -> bool {
        self.error_code
            .as_deref()
            .is_some_and(|code| code != "cancelled")
    }

    /// Takes the payload out.
    pub(crate) fn drop_payload(&mut self) {
        self.request = None;
        self.variables = None;
        self.answer = None;
    }
}
