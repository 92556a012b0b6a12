//! The configuration: read from a file, plain data and overrides ([`Config::open`]) into plain data
//! ([`Config`]).

mod file;
mod model;
mod presets;
mod read;
mod value;

pub use file::ConfigSource;
pub use model::{
    AliasConfig, AliasTarget, AppliesTo, ArmConfig, CampaignConfig, ClientCert, Config,
    EngineConfig, Goal, Headers, KeyProviders, MetricConfig, Missing, ProjectConfig,
    ProviderConfig, Proxy, Recording, RetryBudget, ServerConfig, Storage, Strategy, TemplateLimits,
    ToolConfig,
};
pub use presets::{Evidence, Preset, PresetEnv, preset, presets};
