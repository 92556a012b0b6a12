//! Templates: the Handlebars language without HTML escaping, rendered to typed pieces.
//!
//! [`Template::compile`] reads a source once; [`Template::render`] walks it over JSON data
//! and gives [`Piece`]s, so that no value can ever become structure; [`to_messages`] groups
//! pieces into messages. Files, front matter, schemas and the search for partials belong
//! to `prompt`; what happens to the messages afterwards belongs to `compose`.

mod blocks;
mod compile;
mod compiled;
mod evaluate;
mod helpers;
mod include;
mod library;
mod limits;
mod loops;
mod meaning;
mod messages;
mod origin;
mod output;
mod pieces;
mod prepass;
mod render;
mod scope;
mod space;
mod survey;
mod tree;
mod uses;
mod value;
mod word;

pub use compiled::{CompileOptions, Template};
pub use helpers::{HelperFn, Helpers};
pub use limits::Limits;
pub use messages::{
    HistoryPolicy, TemplateMessage, TemplatePart, media_part, to_chat, to_messages, trim_text,
};
pub use pieces::{MissingVariable, Piece, Rendered, RenderedText, TemplateRole};
pub use render::{MissingPolicy, Partials, RenderInput};
pub use uses::{HelperUse, PartialUse, Reached, Scope, Survey, Variable};

#[cfg(test)]
mod injection_tests;
