//! From a request to a call that can be routed: the rendered prompt, the caller's overrides and the
//! defaults of project and engine in one. All precedence lives here: call > arm > variant >
//! prompt file > project > engine.

mod campaign;
mod composer;
mod conversation;
mod rendered;
mod system;
mod tools;

pub(crate) use composer::{Composed, Composer};
pub use rendered::RenderedPrompt;
pub(crate) use system::SystemPrompts;
