//! Opens an engine with what no file can hold: prompts, helpers and keys from code.

use std::sync::Arc;

use super::core::Core;
use super::handle::Engine;
use crate::chat::JsonMap;
use crate::config::{Config, ConfigSource};
use crate::error::Result;
use crate::prompt::{FileStore, PromptStore, Rules};
use crate::provider::KeyProvider;
use crate::store::Store;
use crate::template::Helpers;

/// Opens an [`Engine`].
#[derive(Default)]
pub struct EngineBuilder {
    source: ConfigSource,
    config: Option<Config>,
    overrides: JsonMap,
    keys: Vec<(String, Arc<dyn KeyProvider>)>,
    prompts: Option<Arc<dyn PromptStore>>,
    helpers: Helpers,
    store: Option<Arc<dyn Store>>,
}

impl EngineBuilder {
    /// Takes the configuration from a file or plain data.
    #[must_use]
    pub fn source(mut self, source: ConfigSource) -> Self {
        self.source = source;
        self
    }

    /// Takes a configuration that was read before.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = Some(config);
        self
    }

    /// Overrides keys of the source: each a top-level table or a key of `[engine]`.
    #[must_use]
    pub fn overrides(mut self, overrides: JsonMap) -> Self {
        self.overrides = overrides;
        self
    }

    /// Asks code for a provider's key at each attempt; wins over its `api_key`.
    #[must_use]
    pub fn key_provider(mut self, provider: impl Into<String>, key: Arc<dyn KeyProvider>) -> Self {
        self.keys.push((provider.into(), key));
        self
    }

    /// Serves prompts from this store instead of the configured folder.
    #[must_use]
    pub fn prompt_store(mut self, store: Arc<dyn PromptStore>) -> Self {
        self.prompts = Some(store);
        self
    }

    /// Adds helpers for templates.
    #[must_use]
    pub fn helpers(mut self, helpers: Helpers) -> Self {
        self.helpers = helpers;
        self
    }

    /// Keeps sessions, recordings and feedback in this store instead of the configured one. Recordings reach it
    /// in batches from a thread of the engine, which also closes it with the engine.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Opens the engine.
    ///
    /// # Errors
    /// `config_error`; `store_error` where a file of storage cannot be opened.
    pub fn open(self) -> Result<Engine> {
        let mut config = match self.config {
            Some(config) => config,
            None => Config::open(self.source, self.overrides)?,
        };
        for (provider, key) in self.keys {
            config.key_providers.0.insert(provider, key);
        }
        let rules = Arc::new(Rules {
            limits: config.engine.template_limits.clone(),
            helpers: self.helpers,
        });
        let prompts = match self.prompts {
            Some(store) => store,
            None => Arc::new(FileStore::configured(&config, rules.clone())?),
        };
        let core = Core::open(config, prompts, rules, self.store)?;
        Ok(Engine(Arc::new(core)))
    }
}
