//! The helpers a template may call: the built-in ones, and functions of the host language.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::chat::JsonMap;
use crate::{Error, Result};

/// A helper written in the host language: positional arguments and `key=value` arguments in,
/// a value out. It must be pure: the same arguments, the same value. A missing variable comes
/// in as null.
pub type HelperFn = dyn Fn(&[Value], &JsonMap) -> Result<Value> + Send + Sync;

/// The helpers templates are compiled against and rendered with.
#[derive(Clone, Default)]
pub struct Helpers {
    host: BTreeMap<String, Arc<HelperFn>>,
}

impl Helpers {
    /// The built-in helpers alone.
    pub const fn new() -> Self {
        Helpers {
            host: BTreeMap::new(),
        }
    }

    /// Adds a function of the host language. `invalid_request` where the name is a built-in
    /// helper's, is taken, or cannot be written in a tag.
    pub fn register(
        &mut self,
        name: &str,
        function: impl Fn(&[Value], &JsonMap) -> Result<Value> + Send + Sync + 'static,
    ) -> Result<()> {
        if self.host.contains_key(name) {
            return Err(Error::invalid(
                "helpers",
                format!("a helper `{name}` is registered already"),
            ));
        }
        self.host.insert(name.to_owned(), Arc::new(function));
        Ok(())
    }
}

impl fmt::Debug for Helpers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.host.keys()).finish()
    }
}
