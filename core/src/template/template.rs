//! A compiled template: made once, shared, rendered many times.

use super::{Helpers, Limits, RenderInput, Rendered, RenderedText, TemplateRole};
use crate::{Error, ErrorKind, Result};

/// Where a source comes from and what it may use.
#[derive(Debug, Clone, Copy)]
pub struct CompileOptions<'a> {
    /// The file, for errors and for partials looked up beside it.
    pub file: Option<&'a str>,
    /// Lines of the file before the first line of the source.
    pub line_offset: u32,
    /// Columns of the file before the first column of the source, on each of its lines.
    pub column_offset: u32,
    /// Index of the message in a messages file.
    pub message: Option<u32>,
    /// True for the bodies of a messages file: a tag that makes structure is an error.
    pub text_only: bool,
    /// Names a computed partial (`{{> (lookup . "kind")}}`) may have; empty: none are allowed.
    pub dynamic_partials: &'a [String],
    /// Limits of the source.
    pub limits: &'a Limits,
    /// The helpers it may call.
    pub helpers: &'a Helpers,
}

static DEFAULT_LIMITS: Limits = Limits::DEFAULT;
static NO_HELPERS: Helpers = Helpers::new();

impl Default for CompileOptions<'_> {
    fn default() -> Self {
        CompileOptions {
            file: None,
            line_offset: 0,
            column_offset: 0,
            message: None,
            text_only: false,
            dynamic_partials: &[],
            limits: &DEFAULT_LIMITS,
            helpers: &NO_HELPERS,
        }
    }
}

/// Where a name is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// First name of the path.
    pub name: String,
    /// The path as written, for example `../user.name`.
    pub path: String,
    /// Line in the file, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Where the name is looked up.
    pub scope: Scope,
    /// True where it is printed as it is, so that it is reported when missing; false for a
    /// condition, a loop or an argument.
    pub printed: bool,
    /// The roles it may be said by: several where conditions decide.
    pub roles: Vec<TemplateRole>,
}

impl Variable {
    /// True where it may be inside a system or developer message.
    pub fn in_instruction(&self) -> bool {
        self.roles.iter().any(|role| role.is_instruction())
    }
}

/// A partial that a template includes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialUse {
    /// The name as written.
    pub name: String,
    /// Line in the file, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// True where a `{{#> name}}..{{/name}}` block stands in for it when it does not exist.
    pub fallback: bool,
}

/// A compiled template. Immutable; share it in an `Arc`.
#[derive(Debug)]
pub struct Template {
    source: String,
    partials: Vec<PartialUse>,
}

impl Template {
    /// Compiles a source. `template_error` with file, line and column where it cannot.
    pub fn compile(source: &str, options: &CompileOptions<'_>) -> Result<Template> {
        let _ = options;
        Ok(Template {
            source: source.to_owned(),
            partials: Vec::new(),
        })
    }

    /// The source it was compiled from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The partials it may include, each place once, inline partials of its own left out.
    pub fn partials(&self) -> &[PartialUse] {
        &self.partials
    }

    /// The variables it uses, in the order of the source.
    pub fn variables(&self) -> Vec<Variable> {
        Vec::new()
    }

    /// Renders to pieces. `template_error` where a limit is passed or a helper cannot do with
    /// its arguments.
    pub fn render(&self, input: &RenderInput<'_>) -> Result<Rendered> {
        let _ = input;
        Err(Error::new(
            ErrorKind::Internal,
            "rendering is not built yet",
        ))
    }

    /// Renders to text. Structure that comes out of a partial is a `template_error`.
    pub fn render_text(&self, input: &RenderInput<'_>) -> Result<RenderedText> {
        let _ = input;
        Err(Error::new(
            ErrorKind::Internal,
            "rendering is not built yet",
        ))
    }
}
