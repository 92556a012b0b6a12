//! What `render_prompt` gives: a prompt as it would be sent, without sending it.

use serde::Serialize;

use crate::chat::{JsonMap, Message, PromptRef, Warning};

/// A stored prompt with its variables filled in.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct RenderedPrompt {
    /// The messages, texts verbatim; `build_request` shows them as they are sent.
    pub messages: Vec<Message>,
    /// The parameters that apply: the prompt's under the caller's.
    pub params: JsonMap,
    /// Which prompt it was.
    pub prompt: Option<PromptRef>,
    /// Unused variables and the like.
    pub warnings: Vec<Warning>,
}
