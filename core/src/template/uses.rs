//! What a survey of a template says: variables, partials and helpers, each with its place.

use std::sync::Arc;

use super::{Template, TemplateRole};

/// Where a name is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Among the variables the caller gives.
    Root,
    /// In an element of a list, the object of a `{{#with}}`, or the argument of a partial:
    /// a root variable of this name is not seen there.
    Inner,
}

/// A variable that a template uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// First name of the path; `this` or `@root` where all variables are taken at once.
    pub name: String,
    /// The path as written, for example `../user.name`.
    pub path: String,
    /// The file it is written in, where that has a name.
    pub file: Option<String>,
    /// Line in the file, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Where the name is looked up.
    pub scope: Scope,
    /// True where it is printed as it is, so that it is reported when missing; false for a
    /// condition, a loop or an argument.
    pub printed: bool,
    /// True where its text may come out: printed, also through a helper such as `json`.
    pub shown: bool,
    /// The roles that may be speaking there: several where conditions decide, none where a
    /// template is text only.
    pub roles: Vec<TemplateRole>,
}

impl Variable {
    /// True where it may be inside a system or developer message.
    pub fn in_instruction(&self) -> bool {
        self.roles.iter().any(|role| role.is_instruction())
    }
}

/// A place where a template includes a partial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialUse {
    /// The name as written.
    pub name: String,
    /// The file it is written in, where that has a name.
    pub file: Option<String>,
    /// Line in the file, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// True where a `{{#> name}}..{{/name}}` block stands in for it when it does not exist.
    pub fallback: bool,
    /// Whether the survey found it each time it came by.
    pub found: bool,
}

/// A place where a template calls a helper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelperUse {
    /// The helper's name.
    pub name: String,
    /// The file it is written in, where that has a name.
    pub file: Option<String>,
    /// Line in the file, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// What a template and the partials it reaches use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Survey {
    /// Each place a variable is used, once.
    pub variables: Vec<Variable>,
    /// Each place a partial is included, once; inline partials are left out.
    pub partials: Vec<PartialUse>,
    /// Each call of a helper with arguments, blocks left out; a partial's as often as it is walked.
    pub helpers: Vec<HelperUse>,
    /// The templates reached through partials, each once.
    pub reached: Vec<Reached>,
}

/// A partial that was reached.
#[derive(Debug, Clone)]
pub struct Reached {
    /// The name it was included by.
    pub name: String,
    /// The template.
    pub template: Arc<Template>,
}

impl PartialEq for Reached {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.template, &other.template)
    }
}

impl Eq for Reached {}
