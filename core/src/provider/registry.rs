//! The dialects that are built in: one line each.

use std::sync::Arc;

use super::Dialect;
use super::openai::OpenAi;

/// The dialect with this name in configuration.
pub fn dialect(name: &str) -> Option<Arc<dyn Dialect>> {
    Some(match name {
        "openai" => Arc::new(OpenAi),
        _ => return None,
    })
}
