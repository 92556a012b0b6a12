//! The engine: opened once and shared; `chat`, `run_prompt`, their streams, and the one attempt loop.

pub mod asks;
mod attempt;
mod attempts;
mod builder;
mod call;
mod core;
mod dispatch;
mod finish;
mod handle;
mod look;
mod pending;
mod prompts;
mod record;
mod recorder;
mod recordings;
mod reports;
mod session;
mod state;
mod transports;

pub use builder::EngineBuilder;
pub use handle::Engine;
pub use look::{ProviderRequest, RequestFor};
pub use prompts::Prompts;
pub use recordings::{Recordings, Rerun};
pub use session::Session;
