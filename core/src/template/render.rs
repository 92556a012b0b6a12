//! What a render needs beside the template.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Helpers, Limits, Template};
use crate::chat::JsonMap;

/// What a missing variable prints; the key `missing` of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MissingPolicy {
    /// It is collected and reported: `missing_variable`, all of them at once.
    #[default]
    Error,
    /// Nothing, as in Handlebars.
    Empty,
    /// The tag itself, as written.
    Keep,
}

/// Where a render finds the partials that templates name.
pub trait Partials {
    /// The partial with this name, as written after `{{>`. `from` is the file of the template
    /// that includes it, where it has one.
    fn partial(&self, name: &str, from: Option<&str>) -> Option<Arc<Template>>;
}

/// No partials.
impl Partials for () {
    fn partial(&self, _: &str, _: Option<&str>) -> Option<Arc<Template>> {
        None
    }
}

/// Partials by name, the same from everywhere.
impl Partials for HashMap<String, Arc<Template>> {
    fn partial(&self, name: &str, _: Option<&str>) -> Option<Arc<Template>> {
        self.get(name).cloned()
    }
}

/// Everything one render depends on: the same input gives the same bytes.
#[derive(Clone, Copy)]
pub struct RenderInput<'a> {
    /// The variables: an object in prompts, any JSON value in principle.
    pub data: &'a Value,
    /// Values reached by `@name`.
    pub context: &'a JsonMap,
    /// Where partials are found.
    pub partials: &'a dyn Partials,
    /// The helpers; those the template was compiled with.
    pub helpers: &'a Helpers,
    /// What a missing variable does.
    pub missing: MissingPolicy,
    /// Root variables that the prompt's schema declares optional: they print nothing where missing.
    pub optional: &'a HashSet<String>,
    /// Limits.
    pub limits: &'a Limits,
    /// The time `date` and `$date` print.
    pub now: SystemTime,
}

static NO_HELPERS: Helpers = Helpers::new();
static DEFAULT_LIMITS: Limits = Limits::DEFAULT;
static NO_CONTEXT: LazyLock<JsonMap> = LazyLock::new(JsonMap::new);
static NONE_OPTIONAL: LazyLock<HashSet<String>> = LazyLock::new(HashSet::new);

impl<'a> RenderInput<'a> {
    /// The data alone: no context, no partials, the built-in helpers, default limits,
    /// missing variables reported, and the clock at the start of 1970.
    pub fn new(data: &'a Value) -> Self {
        RenderInput {
            data,
            context: &NO_CONTEXT,
            partials: &(),
            helpers: &NO_HELPERS,
            missing: MissingPolicy::default(),
            optional: &NONE_OPTIONAL,
            limits: &DEFAULT_LIMITS,
            now: SystemTime::UNIX_EPOCH,
        }
    }
}
