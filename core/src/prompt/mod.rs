//! Prompt files: reading, addressing, resolving and rendering them.

mod address;
mod frontmatter;
mod picoschema;
mod slug;
mod yaml;

pub use address::{Address, DEFAULT_ENVIRONMENT};
pub use slug::Slug;
