//! Whom a call is for: a [`Provider`] (a host and how to talk to it) and a [`Target`] (a provider and a model).

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Dialect, KeySource, Quirks};
use crate::chat::Options;

/// A host that serves models, fully resolved: preset, configuration and overrides merged.
#[derive(Clone)]
pub struct Provider {
    /// Its name in configuration and in `provider/model`.
    pub name: String,
    /// The built-in row it stands on, whose name the model catalogue knows; empty for a host of one's own.
    pub preset: String,
    /// Its wire format.
    pub dialect: Arc<dyn Dialect>,
    /// Everything before the dialect's own path, without a slash at the end; may hold a query.
    pub base_url: String,
    /// Where the key comes from.
    pub key: KeySource,
    /// A key is needed: without one the call fails before any network.
    pub key_required: bool,
    /// Headers of every request, checked.
    pub headers: Vec<(String, String)>,
    /// What this host does otherwise than its dialect's home.
    pub quirks: Quirks,
    /// Cloud region (Bedrock, Vertex).
    pub region: Option<String>,
    /// Cloud project (Vertex; OpenAI's project header).
    pub project: Option<String>,
    /// Cloud location (Vertex).
    pub location: Option<String>,
    /// Version of the host's API (Azure's query, Anthropic's header).
    pub api_version: Option<String>,
    /// OpenAI's organization header.
    pub organization: Option<String>,
    /// Most calls at once, in this engine.
    pub max_concurrency: Option<u32>,
    /// Requests per minute, in this engine.
    pub rpm: Option<u32>,
    /// Tokens per minute, in this engine.
    pub tpm: Option<u32>,
    /// How many engines share the limits.
    pub share: u32,
    /// Milliseconds for a whole call, instead of the engine's.
    pub timeout_ms: Option<u64>,
    /// How it is reached.
    pub network: Network,
    /// What carries its requests.
    pub carrier: Carrier,
}

/// What carries a provider's requests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Carrier {
    /// The network.
    #[default]
    Network,
    /// Recorded answers of a folder (`base_url = "replay:FOLDER"`).
    Replay(PathBuf),
    /// The script in the request itself (`base_url = "script:"`, the `test` provider).
    Script,
}

/// How a provider is reached. Providers with equal settings share connections.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct Network {
    /// Milliseconds to connect, TLS included.
    pub connect_timeout_ms: u64,
    /// `system`, `off`, or the proxy's URL.
    pub proxy: String,
    /// PEM file with certificate authorities, instead of the machine's.
    pub ca_bundle: Option<PathBuf>,
    /// PEM files of the client's certificate and key.
    pub client_cert: Option<(PathBuf, PathBuf)>,
}

impl fmt::Debug for Provider {
    // Values of headers are as secret as keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| &**name).collect();
        f.debug_struct("Provider")
            .field("name", &self.name)
            .field("preset", &self.preset)
            .field("dialect", &self.dialect)
            .field("base_url", &self.base_url)
            .field("key", &self.key)
            .field("headers", &headers)
            .field("network", &self.network)
            .field("carrier", &self.carrier)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Network {
    // The URL of a proxy may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proxy = match self.proxy.as_str() {
            word @ ("system" | "off") => word,
            _ => "[redacted]",
        };
        f.debug_struct("Network")
            .field("connect_timeout_ms", &self.connect_timeout_ms)
            .field("proxy", &proxy)
            .field("ca_bundle", &self.ca_bundle)
            .field("client_cert", &self.client_cert)
            .finish()
    }
}

/// A provider and a model with the settings of this place in the routing.
#[derive(Debug, Clone)]
pub struct Target {
    /// The host.
    pub provider: Arc<Provider>,
    /// The model, as the host names it.
    pub model: String,
    /// Options of this target, over the call's defaults and under the call's own. Boxed, since most
    /// targets have none, and a target is made for each call.
    pub params: Option<Box<Options>>,
}

impl Target {
    /// `provider/model`, as the caller sees it.
    pub fn name(&self) -> String {
        format!("{}/{}", self.provider.name, self.model)
    }
}
