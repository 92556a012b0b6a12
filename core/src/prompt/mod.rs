//! Prompts: files and texts, read, addressed, resolved and rendered.
//!
//! A [`PromptStore`] turns an [`Address`] into a [`Prompt`], which holds model, parameters and
//! variants for the engine and renders messages from variables. [`FileStore`] is the store for a
//! folder and for texts from code.
//!
//! Inside, a file per step: `files` reads, `layout` and `resolve` find, `yaml`, `frontmatter`,
//! `parameters`, `settings`, `picoschema`, `schema`, `output`, `tools`, `variants` and `messages`
//! each understand a part, `document` puts one file together, `partials` completes it, `load`
//! makes the `Prompt`, and `render` uses it.

mod address;
mod body;
mod catalog;
mod core_schema;
mod document;
mod file_store;
mod files;
mod frontmatter;
mod hash;
mod info;
mod layout;
mod lint;
mod load;
mod manifest;
mod manifest_edit;
mod messages;
mod output;
mod parameters;
mod partials;
mod parts;
mod picoschema;
mod place;
#[expect(
    clippy::module_inception,
    reason = "a file per noun, and this is the noun"
)]
mod prompt;
mod publish;
mod render;
mod resolve;
mod schema;
mod settings;
mod shelf;
mod slug;
mod store;
mod tools;
mod variants;
mod yaml;

pub use address::{Address, DEFAULT_ENVIRONMENT};
pub use body::Rules;
pub use document::Format;
pub use file_store::FileStore;
pub use hash::content_hash;
pub use lint::{Finding, Level, lint};
pub use prompt::Prompt;
pub(crate) use render::missing_variables;
pub use render::{RenderPrompt, RenderedMessages};
pub use settings::{Settings, Unused};
pub use slug::Slug;
pub use store::{
    EnvironmentInfo, PromptInfo, PromptStore, PromptWriter, Published, StoreOptions, VariantInfo,
};
pub use variants::VariantSpec;
