//! The dialects that are built in: one line each.

use std::sync::Arc;

use super::Dialect;

/// The dialect with this name in configuration.
pub fn dialect(name: &str) -> Option<Arc<dyn Dialect>> {
    let _ = name;
    None
}
