//! Providers without I/O: the wire formats ([`Dialect`], [`StreamDecoder`]), whom a call is for
//! ([`Provider`], [`Target`]), what a target can take ([`Capability`]), and keys ([`Secret`]).

mod arguments;
mod auth;
mod aws;
#[cfg(feature = "bedrock")]
pub mod bedrock;
mod capability;
mod data_url;
mod lenient;
mod registry;
mod spec;
mod url;
mod wire;

pub(crate) use auth::env_var;
pub use auth::{Credentials, KeyProvider, KeySource, Secret};
pub use capability::{Capability, Support};
pub use registry::dialect;
pub use spec::{Carrier, Network, Provider, Quirks, Target};
pub use wire::{Call, Dialect, Reply, ReplyHead, StreamDecoder, own_state, provider_state};
