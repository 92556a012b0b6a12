//! The data of the configuration: every table and key with its default.
//!
//! A [`Config`] is plain data: read by `file.rs` from TOML, JSON or plain values, or built in code.
//! Whether its entries fit together is decided in `resolve.rs`, when an engine is opened.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::file::Places;
use super::read::{At, Read, table};
use super::setting::{
    Goal, Headers, KeyProviders, PromptSource, Proxy, Recording, Storage, Strategy,
};
use crate::chat::{JsonMap, Options, UnsupportedPolicy};
use crate::error::{Error, Result};
use crate::provider::KeySource;
use crate::template::{Limits, MissingPolicy};

/// Everything an engine is opened with.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// `[engine]`.
    pub engine: EngineConfig,
    /// `[providers.NAME]`: accounts, hosts of one's own, changes to built-in hosts.
    pub providers: BTreeMap<String, ProviderConfig>,
    /// `[models]`: aliases.
    pub models: BTreeMap<String, AliasConfig>,
    /// `[projects.NAME]`.
    pub projects: BTreeMap<String, ProjectConfig>,
    /// `[tools.NAME]`: registered tools.
    pub tools: BTreeMap<String, ToolConfig>,
    /// `[campaigns.KEY]`.
    pub campaigns: BTreeMap<String, CampaignConfig>,
    /// `[server]`.
    pub server: ServerConfig,
    /// Keys that code provides, by provider; each wins over that provider's `api_key`.
    pub key_providers: KeyProviders,
    /// Where each key stands in its file, for errors that are found later.
    pub(super) places: Places,
}

impl Config {
    /// The tables at the top level.
    pub const KEYS: &'static [&'static str] = &[
        "engine",
        "providers",
        "models",
        "projects",
        "tools",
        "campaigns",
        "server",
    ];

    /// Adds the place of the key that an error is about, where it stands in a file.
    pub(crate) fn locate(&self, error: Error) -> Error {
        self.places.locate(error)
    }

    pub(super) fn read(value: Value) -> Result<Config> {
        let at = At::Root;
        let mut config = Config::default();
        for (key, value) in at.table(value)? {
            let at_key = at.key(&key);
            match key.as_str() {
                "engine" => config.engine = Read::read(value, &at_key)?,
                "providers" => config.providers = Read::read(value, &at_key)?,
                "models" => config.models = Read::read(value, &at_key)?,
                "projects" => config.projects = Read::read(value, &at_key)?,
                "tools" => config.tools = Read::read(value, &at_key)?,
                "campaigns" => config.campaigns = Read::read(value, &at_key)?,
                "server" => config.server = Read::read(value, &at_key)?,
                _ => return Err(at.unknown(&key, Config::KEYS)),
            }
        }
        Ok(config)
    }
}

table! {
    /// `[engine]`. Times are in milliseconds.
    EngineConfig {
        /// Model of a call that names none: a model string, or several as an ordered fallback.
        default_model: Vec<String>;
        /// First part of a slug that leaves it out.
        default_workspace: Option<String>;
        /// Second part of a slug that leaves it out.
        default_project: Option<String>;
        /// Folder of prompts, or a table of texts by the names their files would have.
        prompts: Option<PromptSource>;
        /// Read a prompt again when its file changes.
        watch: bool = true;
        /// Where sessions and recordings are kept.
        storage: Storage;
        /// What is kept of a call.
        recording: Recording;
        /// How many recordings memory storage keeps: the newest.
        recording_limit: u64 = 10_000;
        /// Age at which a recording is deleted; 0 keeps it.
        recording_max_age_ms: u64;
        /// Age at which a session is deleted; 0 keeps it.
        session_ttl_ms: u64;
        /// Built-in hosts honour `OPENAI_BASE_URL` and its kin.
        env_base_urls: bool = true;
        /// What a missing template variable does.
        missing: MissingPolicy;
        /// What is done about a parameter that the target lacks.
        unsupported: UnsupportedPolicy;
        /// For a whole call.
        timeout_ms: u64 = 600_000;
        /// To connect, TLS included.
        connect_timeout_ms: u64 = 5_000;
        /// Between events of a stream, once its headers are there.
        idle_timeout_ms: u64 = 120_000;
        /// Retries on one target.
        max_retries: u32 = 2;
        /// What bounds retries during an outage.
        retry_budget: RetryBudget;
        /// How long a target is skipped after 5 failures in a row.
        cooldown_ms: u64 = 5_000;
        /// Refuse every connection; `test` and `replay:` still answer.
        block_network: bool;
        /// Send keys over plain http to hosts other than this machine.
        allow_http: bool;
        /// The proxy.
        proxy: Proxy;
        /// PEM file with certificate authorities, instead of the machine's.
        ca_bundle: Option<PathBuf>;
        /// The client's certificate.
        client_cert: Option<ClientCert>;
        /// Longest answer that is read, decoded.
        max_answer_bytes: u64 = 64 << 20;
        /// Limits of template rendering.
        template_limits: Limits;
    }
}

table! {
    /// `retry_budget`: a bucket per target, full at the start. When it is empty nothing is retried; fallbacks still run.
    RetryBudget {
        /// Most that it holds.
        capacity: u32 = 100;
        /// What a retry takes.
        retry: u32 = 10;
        /// What a success gives back.
        success: u32 = 1;
    }
}

table! {
    /// `client_cert`: PEM files.
    ClientCert {
        /// The certificate, with its chain.
        cert: PathBuf;
        /// Its private key.
        key: PathBuf;
    }
}

table! {
    /// `[providers.NAME]`. With the name of a built-in host and neither `preset` nor `dialect`: that host with changes.
    ProviderConfig {
        /// The built-in host this is another account or region of.
        preset: Option<String>;
        /// The wire format of a host of one's own.
        dialect: Option<String>;
        /// Everything before the dialect's own path, or `replay:FOLDER`.
        base_url: Option<String>;
        /// `env:NAME`, `file:PATH` or the key itself.
        api_key: Option<KeySource>;
        /// Headers of every request.
        headers: Headers;
        /// What the host does otherwise than its dialect's home, over the preset's.
        quirks: JsonMap;
        /// Cloud region.
        region: Option<String>;
        /// Cloud project; OpenAI's project.
        project: Option<String>;
        /// Cloud location.
        location: Option<String>;
        /// Version of the host's API.
        api_version: Option<String>;
        /// OpenAI's organization.
        organization: Option<String>;
        /// Most calls at once.
        max_concurrency: Option<u32>;
        /// Most requests per minute.
        rpm: Option<u32>;
        /// Most tokens per minute.
        tpm: Option<u32>;
        /// How many engines share these limits.
        share: u32 = 1;
        /// For a whole call, instead of the engine's.
        timeout_ms: Option<u64>;
        /// To connect, instead of the engine's.
        connect_timeout_ms: Option<u64>;
        /// The proxy, instead of the engine's.
        proxy: Option<Proxy>;
        /// Certificate authorities, instead of the engine's.
        ca_bundle: Option<PathBuf>;
        /// The client's certificate, instead of the engine's.
        client_cert: Option<ClientCert>;
    }
}

table! {
    short
    /// A model name of one's own: in `[models]`, or in the `models` of a project.
    /// A string is one target and a list is ordered; the table also gives a strategy.
    AliasConfig {
        /// How a target is chosen.
        strategy: Strategy;
        /// The targets.
        targets: Vec<AliasTarget>;
        /// Milliseconds a target has until its first delta; 0 is absent.
        max_ttft_ms: u64;
        /// Codes of errors that fall back although they would not.
        fallback_on: Vec<String>;
    }
}

table! {
    short
    /// One target of an alias; a model string alone will do.
    AliasTarget {
        /// A model string: `provider/model`, another alias, a project or a bare model id.
        model: String;
        /// Its part under the strategy `weighted`.
        weight: f64 = 1.0;
        /// Options of this target.
        params: Options;
    }
}

table! {
    /// `[projects.NAME]`.
    ProjectConfig {
        /// Model of a call in this project that names none.
        default_model: Vec<String>;
        /// Model names of this project.
        models: BTreeMap<String, AliasConfig>;
        /// Template of the system message that every call of the project starts with.
        system_prompt: Option<String>;
        /// A file that holds it.
        system_prompt_file: Option<PathBuf>;
        /// Registered tools that are on.
        tools: Vec<String>;
    }
}

table! {
    /// `[tools.NAME]`: a registered tool.
    ToolConfig {
        /// What it does.
        description: Option<String>;
        /// JSON Schema of its arguments.
        parameters: Option<Value>;
        /// Whether arguments must fit the schema exactly.
        strict: Option<bool>;
    }
}

table! {
    /// `[campaigns.KEY]`: an A/B test.
    CampaignConfig {
        /// Which calls are eligible.
        applies_to: AppliesTo;
        /// Share of the eligible calls that take part, 0 to 1.
        traffic_split: f64 = 1.0;
        /// Changes the assignment when changed.
        salt: String;
        /// Off: every call runs as if there were no campaign.
        enabled: bool = true;
        /// What is compared.
        metric: Option<MetricConfig>;
        /// What is tested against each other.
        arms: Vec<ArmConfig>;
    }
}

table! {
    /// `applies_to`: one of the two.
    AppliesTo {
        /// Runs of these prompts, by slug.
        prompts: Vec<String>;
        /// Calls of this project.
        project: Option<String>;
    }
}

table! {
    /// `metric`.
    MetricConfig {
        /// Name of the metric in feedback.
        key: String;
        /// Which way is better.
        goal: Goal;
    }
}

table! {
    /// One arm of a campaign. What it sets replaces the prompt's own for calls that it gets.
    ArmConfig {
        /// Its name.
        name: String;
        /// Its part of the calls that take part.
        weight: f64 = 1.0;
        /// Variant of the prompt.
        variant: Option<String>;
        /// Model, or several as an ordered fallback.
        model: Vec<String>;
        /// Options.
        params: Options;
    }
}

table! {
    /// `[server]`, for `slugline serve`.
    ServerConfig {
        /// Address and port.
        listen: String = "127.0.0.1:8787".to_owned();
        /// Keys that clients show.
        keys: Vec<KeySource>;
    }
}
