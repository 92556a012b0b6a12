//! What a render gives: text and structure in order, and what was missing.

use serde::{Serialize, Serializer};

use crate::Location;
use crate::chat::Role;

/// Who speaks in a template, in Dotprompt's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TemplateRole {
    /// `system`.
    System,
    /// `developer`.
    Developer,
    /// `user`.
    User,
    /// `model`, also written `assistant`.
    Model,
    /// `tool`.
    Tool,
}

impl TemplateRole {
    /// Every role.
    pub const ALL: [TemplateRole; 5] = [
        TemplateRole::System,
        TemplateRole::Developer,
        TemplateRole::User,
        TemplateRole::Model,
        TemplateRole::Tool,
    ];

    /// Dotprompt's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            TemplateRole::System => "system",
            TemplateRole::Developer => "developer",
            TemplateRole::User => "user",
            TemplateRole::Model => "model",
            TemplateRole::Tool => "tool",
        }
    }

    /// The role with this word; `assistant` is `model`.
    pub fn from_word(word: &str) -> Option<TemplateRole> {
        Some(match word {
            "system" => TemplateRole::System,
            "developer" => TemplateRole::Developer,
            "user" => TemplateRole::User,
            "model" | "assistant" => TemplateRole::Model,
            "tool" => TemplateRole::Tool,
            _ => return None,
        })
    }

    /// True for `system` and `developer`.
    pub const fn is_instruction(self) -> bool {
        matches!(self, TemplateRole::System | TemplateRole::Developer)
    }

    /// True for the roles that data may choose: `user` and `model`.
    pub const fn is_conversational(self) -> bool {
        matches!(self, TemplateRole::User | TemplateRole::Model)
    }
}

impl From<TemplateRole> for Role {
    fn from(role: TemplateRole) -> Role {
        match role {
            TemplateRole::System => Role::System,
            TemplateRole::Developer => Role::Developer,
            TemplateRole::User => Role::User,
            TemplateRole::Model => Role::Assistant,
            TemplateRole::Tool => Role::Tool,
        }
    }
}

impl From<Role> for TemplateRole {
    fn from(role: Role) -> TemplateRole {
        match role {
            Role::System => TemplateRole::System,
            Role::Developer => TemplateRole::Developer,
            Role::User => TemplateRole::User,
            Role::Assistant => TemplateRole::Model,
            Role::Tool | Role::Function => TemplateRole::Tool,
        }
    }
}

impl Serialize for TemplateRole {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One piece of a rendered prompt. Structure comes from the template's own tags only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text; never empty, and never two in a row.
    Text(String),
    /// `{{role}}`: the next text is said by this role.
    Role(TemplateRole),
    /// `{{media}}`.
    Media {
        /// `https:` or `data:` URL, as given.
        url: String,
        /// Media type, as given.
        content_type: Option<String>,
    },
    /// `{{section}}`, by name.
    Section(String),
    /// `{{history}}`.
    History,
}

/// A variable that a template prints and the caller did not give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MissingVariable {
    /// The path as written in the template, for example `user.name`.
    pub path: String,
    /// Where it is printed.
    pub location: Location,
}

/// A rendered template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rendered {
    /// Text and structure in order.
    pub pieces: Vec<Piece>,
    /// Every missing variable, each place once. Only filled under [`MissingPolicy::Error`]:
    /// the caller raises one error over all templates of a prompt.
    ///
    /// [`MissingPolicy::Error`]: super::MissingPolicy::Error
    pub missing: Vec<MissingVariable>,
}

/// A template rendered to plain text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RenderedText {
    /// The text.
    pub text: String,
    /// As in [`Rendered::missing`].
    pub missing: Vec<MissingVariable>,
}
