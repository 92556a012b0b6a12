//! Providers without I/O: the wire formats ([`Dialect`], [`StreamDecoder`]), whom a call is for
//! ([`Provider`], [`Target`]), what a target can take ([`Capability`]), and keys ([`Secret`]).

mod anthropic;
mod arguments;
mod auth;
mod aws;
#[cfg(feature = "bedrock")]
pub mod bedrock;
pub(crate) mod body;
mod capability;
mod check;
mod cohere;
mod data_url;
pub(crate) mod error;
mod fit;
mod gemini;
mod lenient;
mod openai;
mod quirks;
mod registry;
pub(crate) mod request;
mod spec;
mod test;
mod told;
mod turns;
mod url;
mod vertex;
mod wire;

pub(crate) use auth::env_var;
pub use auth::{Credentials, KeyProvider, KeySource, Secret};
pub use capability::{Capability, Support};
pub use check::check;
pub(crate) use check::{MOST_CHOICES, check_session_id};
pub use fit::fit;
pub use quirks::{Field, ModelRule, Quirks, ReasoningForm};
pub use registry::dialect;
pub use spec::{Carrier, Network, Provider, Target};
pub use wire::{Call, Dialect, Reply, ReplyHead, StreamDecoder, own_state, provider_state};
