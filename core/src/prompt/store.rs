//! Where prompts come from: the trait a store has, and the one for stores that can be written.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::{Address, Prompt};
use crate::{Error, Result};

/// A source of prompts. Synchronous: a prompt is read once and then served from memory.
pub trait PromptStore: Send + Sync {
    /// The prompt an address means, as one shared, immutable value. Of a file that was changed
    /// and no longer loads, the last good version, with a warning in [`Prompt::warnings`].
    ///
    /// `not_found` with near names for an unknown slug; for an unknown environment, version or
    /// variant it lists those that exist. `template_error` with file, line and column for a file
    /// that does not load.
    fn load(&self, address: &Address) -> Result<Arc<Prompt>>;

    /// What there is, by slug. A prompt that does not load is listed with its `problem`.
    fn list(&self) -> Result<Vec<PromptInfo>>;

    /// Everything about one prompt.
    fn get(&self, address: &Address) -> Result<PromptInfo>;

    /// Reads every version and variant of every prompt, and gives what does not load.
    fn check(&self) -> Vec<Error>;
}

/// A store that publishes.
pub trait PromptWriter: PromptStore {
    /// Freezes the working file of an environment as the next version, with every partial it
    /// reaches, and records its hash. `from` names the environment whose file it is; it may be
    /// left out where only one environment has a file.
    fn publish(&self, slug: &str, from: Option<&str>) -> Result<Published>;

    /// Points an environment at a version.
    fn promote(&self, slug: &str, environment: &str, version: u64) -> Result<()>;
}

/// A published version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Published {
    /// The slug.
    pub slug: String,
    /// Its number.
    pub version: u64,
    /// Its content hash.
    pub hash: String,
    /// False where the newest version had this content already, so that none was added.
    pub created: bool,
}

/// What `prompts.list` and `prompts.get` say about a prompt.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct PromptInfo {
    /// The slug.
    pub slug: String,
    /// What it is for.
    pub description: Option<String>,
    /// The file of the environment asked for.
    pub file: String,
    /// Version numbers, ascending; empty where prompts are not numbered.
    pub versions: Vec<u64>,
    /// Environments by name.
    pub environments: Vec<EnvironmentInfo>,
    /// Variants by name.
    pub variants: Vec<VariantInfo>,
    /// The version asked for, where it has a number.
    pub version: Option<u64>,
    /// Content hash.
    pub hash: String,
    /// JSON Schema of the variables.
    pub schema: Option<Value>,
    /// Names of the variables that the template uses, in order of first use.
    pub variables: Vec<String>,
    /// The file's text; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Why it does not load.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// An environment of a prompt.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct EnvironmentInfo {
    /// Its name.
    pub name: String,
    /// The version it points at; `None` where it has a file of its own.
    pub version: Option<u64>,
}

/// A variant of a prompt.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct VariantInfo {
    /// Its name.
    pub name: String,
    /// Its weight in the draw.
    pub weight: f64,
    /// What it tries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// How a store reads.
#[derive(Debug, Clone)]
pub struct StoreOptions {
    /// Read a prompt again when one of its files changes.
    pub watch: bool,
    /// Completes slugs that lack their workspace (workspaces layout).
    pub default_workspace: Option<String>,
    /// Completes slugs that lack their project (workspaces layout).
    pub default_project: Option<String>,
    /// Limits and helpers of templates.
    pub rules: Arc<super::Rules>,
    /// Named schemas from code, by name, as JSON Schema or Picoschema; they win over files.
    pub schemas: serde_json::Map<String, Value>,
}

impl Default for StoreOptions {
    fn default() -> Self {
        StoreOptions {
            watch: true,
            default_workspace: None,
            default_project: None,
            rules: Arc::default(),
            schemas: serde_json::Map::new(),
        }
    }
}
