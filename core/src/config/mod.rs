//! The configuration: read from a file, plain data and overrides into plain data ([`Config`]), then
//! checked and made ready to be asked which targets a model string names ([`Models`]).

mod check;
mod file;
mod host;
mod model;
mod naming;
mod paths;
mod presets;
mod read;
mod resolve;
mod setting;

pub use file::{ConfigSource, default_file};
pub use model::{
    AliasConfig, AliasTarget, AppliesTo, ArmConfig, CampaignConfig, ClientCert, Config,
    EngineConfig, MetricConfig, ProjectConfig, ProviderConfig, RetryBudget, ServerConfig,
    ToolConfig,
};
pub use presets::{Evidence, Preset, PresetEnv, preset, presets};
pub use resolve::{Ask, Group, Models, Plan, PlannedTarget};
pub use setting::{Goal, Headers, KeyProviders, PromptSource, Proxy, Recording, Storage, Strategy};

#[cfg(test)]
mod cases_tests;
