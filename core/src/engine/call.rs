//! One call under way: everything that is fixed before its first attempt.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;

use super::attempts::AttemptLog;
use super::core::Core;
use super::session::Turn;
use crate::chat::{CampaignRef, JsonMap, Message, Options, PromptRef, UnsupportedPolicy};
use crate::config::Plan;
use crate::provider::Target;

/// What is recorded of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// It is not counted anywhere.
    Nothing,
    /// Everything but prompt, variables and answer.
    Facts,
    /// All of it.
    Everything,
}

/// One call under way.
pub(super) struct Call {
    pub(super) core: Arc<Core>,
    pub(super) messages: Vec<Message>,
    /// Defaults of engine, project, prompt, variant and arm, in one.
    pub(super) base: Options,
    /// What the caller itself set.
    pub(super) own: Options,
    pub(super) plan: Plan,
    /// Whether the caller reads the answer as a stream.
    pub(super) streams: bool,
    pub(super) session_id: String,
    pub(super) completion_ids: Vec<String>,
    pub(super) prompt: Option<PromptRef>,
    pub(super) campaign: Option<CampaignRef>,
    /// The variables of the prompt.
    pub(super) variables: Option<JsonMap>,
    pub(super) keep: Keep,
    /// The caller asked that what is said be kept nowhere.
    pub(super) off_the_record: bool,
    /// In a session: the messages that are new.
    pub(super) spoken: Vec<Message>,
    /// In a session: what is appended when the call has ended well.
    pub(super) turn: Option<Turn>,
    /// When it began: Unix time in milliseconds.
    pub(super) created_ms: i64,
    pub(super) started: Instant,
    pub(super) deadline: Instant,
    pub(super) idle: Duration,
    pub(super) max_ttft: Option<Duration>,
    pub(super) hedge_after: Option<Duration>,
    pub(super) max_retries: u32,
    pub(super) policy: UnsupportedPolicy,
    pub(super) log: AttemptLog,
    /// What the target that answered has set of its own, where that is to be recorded.
    pub(super) params: OnceLock<Box<Options>>,
}

impl Call {
    /// The options for one target: defaults, then the target's own, then the caller's.
    pub(super) fn options_for(&self, target: &Target) -> Cow<'_, Options> {
        if target.params.is_none() && self.base.is_empty() {
            return Cow::Borrowed(&self.own);
        }
        let mut options = self.base.clone();
        if let Some(params) = &target.params {
            options.overlay(Options::clone(params));
        }
        options.overlay(self.own.clone());
        Cow::Owned(options)
    }

    /// Whether the provider is asked to stream: for the caller, or to see the first delta in time.
    pub(super) fn streams_upstream(&self) -> bool {
        self.streams
            || self.max_ttft.is_some()
            || self.hedge_after.is_some()
            || self.plan.has_ttft()
    }
}
