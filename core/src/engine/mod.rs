//! The engine: opened once and shared; `chat`, `run_prompt`, their streams, and the one attempt loop.

mod attempt;
mod attempts;
mod builder;
mod call;
mod core;
mod dispatch;
mod finish;
mod handle;
mod look;
mod prompts;
mod transports;

pub use builder::EngineBuilder;
pub use handle::Engine;
pub use look::{ProviderRequest, RequestFor};
pub use prompts::Prompts;
