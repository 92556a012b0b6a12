//! A compiled template: made once, shared, rendered many times.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::evaluate::Evaluator;
use super::library::Library;
use super::origin::Origin;
use super::survey::survey;
use super::tree::{Node, Program, Structure};
use super::uses::{PartialUse, Survey, Variable};
use super::{Helpers, Limits, Partials, Piece, RenderInput, Rendered, RenderedText, TemplateRole};
use super::{blocks, prepass, space};
use crate::{Error, ErrorKind, Result};

/// Where a source comes from and what it may use.
#[derive(Debug, Clone, Copy)]
pub struct CompileOptions<'a> {
    /// The file, for errors and for partials looked up beside it.
    pub file: Option<&'a str>,
    /// Lines of the file before the first line of the source.
    pub line_offset: u32,
    /// Columns of the file before the first line of the source.
    pub first_column_offset: u32,
    /// Columns of the file before each further line of the source.
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
            first_column_offset: 0,
            column_offset: 0,
            message: None,
            text_only: false,
            dynamic_partials: &[],
            limits: &DEFAULT_LIMITS,
            helpers: &NO_HELPERS,
        }
    }
}

/// A compiled template. Immutable; share it in an `Arc`.
#[derive(Debug)]
pub struct Template {
    pub(super) origin: Origin,
    pub(super) program: Program,
    /// Names of the partials it includes, by number.
    pub(super) names: Vec<String>,
    pub(super) text_only: bool,
    uses: Vec<PartialUse>,
}

impl Template {
    /// Compiles a source. `template_error` with file, line and column where it cannot.
    pub fn compile(source: &str, options: &CompileOptions<'_>) -> Result<Template> {
        let limits = options.limits.bounded();
        let options = CompileOptions {
            limits: &limits,
            ..*options
        };
        guarded("compiling", || {
            let origin = Origin::new(source, &options);
            let mut prepass = prepass::read(&origin, &options)?;
            space::settle(&mut prepass);
            let (program, names) = blocks::program(prepass.tokens, &origin, &options)?;
            let mut template = Template {
                origin,
                program,
                names,
                text_only: options.text_only,
                uses: Vec::new(),
            };
            if !template.names.is_empty() {
                template.uses = survey(&template, &()).partials;
            }
            Ok(template)
        })
    }

    /// The source it was compiled from.
    pub fn source(&self) -> &str {
        &self.origin.source
    }

    /// The source cut at the role tags that stand outside of blocks: who speaks, and the text up to the next tag.
    /// Text before the first is the user's. What is only white space is left out.
    pub fn turns(&self) -> Vec<(TemplateRole, &str)> {
        let source = self.source();
        let mut turns = Vec::new();
        let (mut role, mut start) = (TemplateRole::User, 0);
        for node in &self.program.nodes {
            let Node::Structure {
                kind: Structure::Role(next),
                at,
            } = node
            else {
                continue;
            };
            // A tag's place is at its braces or within them.
            let at = *at as usize;
            let rest = source.get(at..).unwrap_or_default();
            let open = match rest.starts_with("{{") {
                true => at,
                false => source
                    .get(..at)
                    .and_then(|text| text.rfind("{{"))
                    .unwrap_or(at),
            };
            turns.push((role, source.get(start..open).unwrap_or_default()));
            let end = rest.find("}}").map_or(rest.len(), |end| end + 2);
            (role, start) = (*next, at + end);
        }
        turns.push((role, source.get(start..).unwrap_or_default()));
        turns.retain(|(_, text)| !text.trim().is_empty());
        turns
    }

    /// The partials it may include, each place once; inline partials of its own left out.
    /// [`Template::survey`] says which of them are found, those given by an including template
    /// counted.
    pub fn partials(&self) -> &[PartialUse] {
        &self.uses
    }

    /// The variables it uses itself, in the order of the source, partials left out.
    pub fn variables(&self) -> Vec<Variable> {
        survey(self, &()).variables
    }

    /// The variables it uses and the partials it reaches, followed through `partials`.
    pub fn survey(&self, partials: &dyn Partials) -> Survey {
        survey(self, partials)
    }

    /// Renders to pieces. `template_error` where a limit is passed, a partial is not there, or a
    /// helper cannot do with its arguments.
    pub fn render(&self, input: &RenderInput<'_>) -> Result<Rendered> {
        let (pieces, missing) = self.evaluate(input, false)?;
        Ok(Rendered { pieces, missing })
    }

    /// Renders to text. Structure that comes out of a partial is a `template_error`.
    pub fn render_text(&self, input: &RenderInput<'_>) -> Result<RenderedText> {
        let (mut pieces, missing) = self.evaluate(input, true)?;
        let text = match pieces.pop() {
            Some(Piece::Text(text)) => text,
            _ => String::new(),
        };
        Ok(RenderedText { text, missing })
    }

    fn evaluate(
        &self,
        input: &RenderInput<'_>,
        text_only: bool,
    ) -> Result<(Vec<Piece>, Vec<super::MissingVariable>)> {
        guarded("rendering", || {
            let library = Library::gather(self, input.partials)?;
            Evaluator::new(input, &library, text_only).run()
        })
    }
}

/// A panic here, or in a helper of the host language, must not take the host down.
fn guarded<T>(doing: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Error::new(
            ErrorKind::Internal,
            format!("{doing} a template panicked; this is a bug here or in a registered helper"),
        ))
    })
}
