//! `engine.prompts()`: the stored prompts, to be listed, looked at and checked.

use std::sync::Arc;

use super::core::Core;
use crate::error::{Error, Result};
use crate::prompt::{Address, Prompt, PromptInfo};

/// The stored prompts of an engine.
#[derive(Clone)]
pub struct Prompts(Arc<Core>);

impl std::fmt::Debug for Prompts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prompts").finish_non_exhaustive()
    }
}

impl Prompts {
    pub(super) fn new(core: Arc<Core>) -> Self {
        Prompts(core)
    }

    /// Every prompt, by slug.
    ///
    /// # Errors
    /// Where the folder cannot be read. A broken prompt is listed all the same.
    pub fn list(&self) -> Result<Vec<PromptInfo>> {
        self.0.prompts.list()
    }

    /// One prompt: source, schema, variables used, versions and environments.
    ///
    /// # Errors
    /// `not_found` with near names.
    pub fn get(&self, slug: &str) -> Result<PromptInfo> {
        self.0.prompts.get(&Address::parse(slug)?)
    }

    /// The prompt an address means, with its parameters, defaults and template.
    ///
    /// # Errors
    /// `not_found` with near names, or the environments and versions that exist; `template_error`.
    pub fn load(&self, address: &Address) -> Result<Arc<Prompt>> {
        self.0.prompts.load(address)
    }

    /// Reads every version and variant of every prompt and gives what is wrong.
    pub fn check(&self) -> Vec<Error> {
        self.0.prompts.check()
    }
}
