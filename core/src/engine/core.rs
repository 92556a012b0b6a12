//! What an engine holds, shared by all its handles and calls.

use std::sync::Arc;
use std::time::Duration;

use super::state::State;
use super::transports::Transports;
use crate::chat::Warning;
use crate::compose::SystemPrompts;
use crate::config::{Config, Models};
use crate::error::Result;
use crate::prompt::{PromptStore, Rules};
use crate::route::{Budget, Router};
use crate::store::Store;

/// What an engine holds.
pub(crate) struct Core {
    pub(crate) config: Arc<Config>,
    pub(crate) models: Models,
    pub(crate) prompts: Arc<dyn PromptStore>,
    pub(crate) rules: Arc<Rules>,
    pub(crate) system: SystemPrompts,
    pub(super) transports: Transports,
    pub(super) router: Router,
    pub(super) state: State,
    pub(super) warnings: Vec<Warning>,
}

impl Core {
    pub(super) fn open(
        config: Config,
        prompts: Arc<dyn PromptStore>,
        rules: Arc<Rules>,
        store: Option<Arc<dyn Store>>,
    ) -> Result<Core> {
        let config = Arc::new(config);
        let (models, mut warnings) = Models::open(config.clone())?;
        if store.is_some() {
            // The warning that results end with the engine is not known to hold of somebody's own store.
            warnings.retain(|warning| warning.code != "campaign_in_memory");
        }
        let engine = &config.engine;
        let budget = &engine.retry_budget;
        let budget = Budget {
            capacity: f64::from(budget.capacity),
            retry: f64::from(budget.retry),
            success: f64::from(budget.success),
        };
        let system = SystemPrompts::of(&config.projects);
        let router = Router::new(budget, Duration::from_millis(engine.cooldown_ms));
        let transports = Transports::new(engine);
        // Last: nothing is written to disk for a configuration that is refused.
        let state = State::open(engine, store)?;
        Ok(Core {
            models,
            prompts,
            rules,
            system,
            transports,
            router,
            state,
            warnings,
            config,
        })
    }
}
