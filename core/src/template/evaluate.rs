//! The evaluator: walks the tree over the data and prints pieces.
//!
//! It counts what it spends (depth, rounds, partials, bytes), borrows the data it reads, and
//! keeps its frames small, for hosts run it on threads with little stack. Partials are
//! `include`'s, values of helpers `helpers`'.

use std::collections::HashSet;

use serde_json::Value;

use super::helpers;
use super::library::Library;
use super::output::{Full, Output, conversational};
use super::scope::{Context, Inlines, Place, Scope, find};
use super::tree::{Arm, Base, Block, Call, Expr, Hash, Node, Path, Program, Structure, Test};
use super::value::{Val, deeper_than, equal, is_zero, print, truthy};
use super::{Limits, MissingPolicy, MissingVariable, Piece, RenderInput};
use crate::{Error, Result};

/// One render.
pub(super) struct Evaluator<'a> {
    pub(super) input: &'a RenderInput<'a>,
    pub(super) library: &'a Library<'a>,
    pub(super) limits: Limits,
    pub(super) out: Output,
    /// Structure is an error.
    pub(super) text_only: bool,
    pub(super) depth: usize,
    pub(super) partial_depth: usize,
    pub(super) expansions: usize,
    pub(super) rounds: usize,
    /// Bytes that helpers may still make on the way to what is printed.
    scratch: usize,
    missing: Vec<MissingVariable>,
    seen: HashSet<(usize, u32)>,
    buffer: String,
}

impl<'a> Evaluator<'a> {
    pub(super) fn new(
        input: &'a RenderInput<'a>,
        library: &'a Library<'a>,
        text_only: bool,
    ) -> Self {
        let limits = input.limits.bounded();
        let guess = library.unit(0).template.source().len();
        Evaluator {
            input,
            library,
            out: Output::new(limits.output_bytes, guess + guess / 2),
            text_only,
            depth: 0,
            partial_depth: 0,
            expansions: 0,
            rounds: 0,
            scratch: limits.output_bytes.saturating_mul(8),
            missing: Vec::new(),
            seen: HashSet::new(),
            buffer: String::new(),
            limits,
        }
    }

    /// Renders the main template.
    pub(super) fn run(mut self) -> Result<(Vec<Piece>, Vec<MissingVariable>)> {
        let limit = self.limits.data_depth;
        let mut data = std::iter::once(self.input.data).chain(self.input.context.values());
        if data.any(|value| deeper_than(value, limit)) {
            return Err(Error::invalid(
                "variables",
                format!("the variables are nested deeper than {limit}"),
            ));
        }
        let context = Context::Plain(Val::Borrowed(self.input.data));
        let scope = Scope {
            context: &context,
            parent: None,
            root: true,
        };
        let place = Place {
            unit: 0,
            scope: &scope,
            outer: None,
            params: None,
            data: None,
            inlines: None,
            block: None,
        };
        self.program(&self.library.unit(0).template.program, &place)?;
        Ok((self.out.finish(), self.missing))
    }

    pub(super) fn program(&mut self, program: &'a Program, place: &Place<'_, 'a>) -> Result<()> {
        if program.inlines.is_empty() {
            return self.nodes(&program.nodes, place);
        }
        let inlines = Inlines {
            list: &program.inlines,
            place: *place,
        };
        let place = Place {
            inlines: Some(&inlines),
            ..*place
        };
        self.nodes(&program.nodes, &place)
    }

    fn nodes(&mut self, nodes: &'a [Node], place: &Place<'_, 'a>) -> Result<()> {
        for node in nodes {
            match node {
                Node::Text(text) => self.text(text, place.unit, 0)?,
                Node::Print { value, at, end } => self.print(value, *at, *end, place)?,
                Node::Block(block) => self.block(block, place)?,
                Node::Partial(call) => self.partial(call, place)?,
                Node::Structure { kind, at } => self.structure(kind, *at, place)?,
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str, unit: usize, at: u32) -> Result<()> {
        match self.out.print(text) {
            Ok(()) => Ok(()),
            Err(Full) => Err(self.full(unit, at)),
        }
    }

    fn print(&mut self, value: &'a Expr, at: u32, end: u32, place: &Place<'_, 'a>) -> Result<()> {
        let value = match value {
            Expr::Path(path) => {
                let found = find(path, place, self.input.data, self.input.context);
                if found.value.is_missing() && found.root {
                    return self.absent(path, at, end, place.unit);
                }
                found.value
            }
            expr => self.value(expr, place)?,
        };
        if let Value::String(text) = value.value() {
            return self.text(text, place.unit, at);
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.clear();
        print(value.value(), &mut buffer);
        let printed = self.text(&buffer, place.unit, at);
        self.buffer = buffer;
        printed
    }

    /// Prints what stands for a variable that was not given.
    #[inline(never)]
    fn absent(&mut self, path: &Path, at: u32, end: u32, unit: usize) -> Result<()> {
        let above_root = matches!(path.base, Base::Context { up } if up > 0);
        let optional = path
            .segments
            .first()
            .is_some_and(|name| self.input.optional.contains(&name.key));
        if optional && !above_root {
            return Ok(());
        }
        let origin = &self.library.unit(unit).template.origin;
        match self.input.missing {
            MissingPolicy::Empty => Ok(()),
            MissingPolicy::Keep => self.text(origin.text(at, end), unit, at),
            MissingPolicy::Error => {
                if self.seen.insert((unit, path.at)) {
                    self.missing.push(MissingVariable {
                        path: origin.text(path.at, path.end).to_owned(),
                        location: origin.location(path.at),
                    });
                }
                Ok(())
            }
        }
    }

    #[inline(never)]
    fn block(&mut self, block: &'a Block, place: &Place<'_, 'a>) -> Result<()> {
        let at = block.arms.first().map_or(0, |arm| arm.at);
        self.enter(place.unit, at)?;
        let place = Place {
            outer: Some(place.scope),
            ..*place
        };
        let mut entered = false;
        for arm in &block.arms {
            entered = self.arm(arm, &place)?;
            if entered {
                break;
            }
        }
        if let (false, Some(otherwise)) = (entered, &block.otherwise) {
            self.program(otherwise, &place)?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Renders an arm if its test holds, and says whether it does.
    fn arm(&mut self, arm: &'a Arm, place: &Place<'_, 'a>) -> Result<bool> {
        match &arm.test {
            Test::If { .. } | Test::Equals { .. } => {
                let holds = self.holds(&arm.test, place)?;
                if holds {
                    self.program(&arm.body, place)?;
                }
                Ok(holds)
            }
            Test::Each(list) => {
                let list = self.value(list, place)?;
                self.each(arm, list, place)
            }
            Test::With(value) => {
                let value = self.value(value, place)?;
                let zero = matches!(value.value(), Value::Number(number) if is_zero(number));
                if !zero && !truthy(value.value()) {
                    return Ok(false);
                }
                self.body(arm, value, None, place).map(|()| true)
            }
            Test::Section(value) => {
                let value = self.value(value, place)?;
                match value.value() {
                    Value::Array(_) => self.each(arm, value, place),
                    Value::Bool(true) => self
                        .body(arm, place.scope.context.this(), None, place)
                        .map(|()| true),
                    value if !truthy(value) => Ok(false),
                    _ => self.body(arm, value, None, place).map(|()| true),
                }
            }
        }
    }

    #[inline(never)]
    fn holds(&mut self, test: &'a Test, place: &Place<'_, 'a>) -> Result<bool> {
        Ok(match test {
            Test::If {
                value,
                include_zero,
                negated,
            } => {
                let value = self.value(value, place)?;
                let mut holds = truthy(value.value());
                if let (false, Some(include_zero), Value::Number(_)) =
                    (holds, include_zero, value.value())
                {
                    holds = truthy(self.value(include_zero, place)?.value());
                }
                holds != *negated
            }
            Test::Equals {
                left,
                right,
                negated,
            } => {
                let left = self.value(left, place)?;
                let right = self.value(right, place)?;
                same_kind(&left, &right) != *negated
            }
            _ => false,
        })
    }

    #[inline(never)]
    fn structure(&mut self, kind: &'a Structure, at: u32, place: &Place<'_, 'a>) -> Result<()> {
        if self.text_only {
            return Err(self.fail(
                place.unit,
                at,
                "this partial makes structure (role, history, section or media), and is used in a message of a messages file",
            ));
        }
        let piece = match kind {
            Structure::Role(role) => Piece::Role(*role),
            Structure::History => Piece::History,
            Structure::RoleOf(role) => {
                let role = self.value(role, place)?;
                match role.value().as_str().and_then(conversational) {
                    Some(role) => Piece::Role(role),
                    None => {
                        return Err(self.fail(
                            place.unit,
                            at,
                            "a role that comes from data is `user`, `assistant` or `model`; write other roles out, as in `{{role \"system\"}}`",
                        ));
                    }
                }
            }
            Structure::Section(name) => {
                let name = self.value(name, place)?.printed().into_owned();
                if name.is_empty() {
                    return Err(self.fail(place.unit, at, "this section has no name"));
                }
                Piece::Section(name)
            }
            Structure::Media { url, content_type } => {
                let Value::String(url) = self.value(url, place)?.into_value() else {
                    return Err(self.fail(
                        place.unit,
                        at,
                        "`url` of this media is missing or no text: guard it with `{{#if}}`",
                    ));
                };
                let content_type = match content_type {
                    Some(kind) => Some(self.value(kind, place)?.printed().into_owned()),
                    None => None,
                };
                Piece::Media {
                    url,
                    content_type: content_type.filter(|kind| !kind.is_empty()),
                }
            }
        };
        match self.out.structure(piece) {
            Ok(()) => Ok(()),
            Err(Full) => Err(self.full(place.unit, at)),
        }
    }

    /// The value of an expression; missing variables are just that.
    pub(super) fn value(&mut self, expr: &'a Expr, place: &Place<'_, 'a>) -> Result<Val<'a>> {
        match expr {
            Expr::Literal(value) => Ok(Val::Borrowed(value)),
            Expr::Undefined => Ok(Val::Missing),
            Expr::Path(path) => Ok(find(path, place, self.input.data, self.input.context).value),
            Expr::Call(call) => self.call(call, place),
        }
    }

    #[inline(never)]
    fn call(&mut self, call: &'a Call, place: &Place<'_, 'a>) -> Result<Val<'a>> {
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            arguments.push(self.value(argument, place)?);
        }
        let hash = self.hash(&call.hash, place)?;
        let value = match helpers::run(&call.helper, arguments, hash, self.input) {
            Ok(value) => value,
            Err(problem) => return Err(self.refused(problem, call, place.unit)),
        };
        if let Val::Owned(made) = &value {
            if deeper_than(made, self.limits.data_depth) {
                let limit = self.limits.data_depth;
                return Err(self.fail(
                    place.unit,
                    call.at,
                    &format!("this helper's value is nested deeper than {limit}"),
                ));
            }
            let bytes = made.as_str().map_or(0, str::len);
            match self.scratch.checked_sub(bytes) {
                Some(left) => self.scratch = left,
                None => return Err(self.full(place.unit, call.at)),
            }
        }
        Ok(value)
    }

    pub(super) fn hash(
        &mut self,
        hash: &'a Hash,
        place: &Place<'_, 'a>,
    ) -> Result<Vec<(&'a str, Val<'a>)>> {
        let mut values = Vec::with_capacity(hash.len());
        for (key, value) in hash {
            values.push((key.as_str(), self.value(value, place)?));
        }
        Ok(values)
    }

    /// Whether a value is the caller's variables.
    pub(super) fn is_root(&self, value: &Val<'a>) -> bool {
        matches!(value, Val::Borrowed(value) if std::ptr::eq(*value, self.input.data))
    }

    /// One level deeper, of blocks and partials together.
    pub(super) fn enter(&mut self, unit: usize, at: u32) -> Result<()> {
        self.depth += 1;
        if self.depth > self.limits.render_depth {
            let limit = self.limits.render_depth;
            return Err(self.fail(
                unit,
                at,
                &format!("blocks and partials are nested deeper than {limit} here"),
            ));
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    pub(super) fn fail(&self, unit: usize, at: u32, message: &str) -> Error {
        self.library.unit(unit).template.origin.error(at, message)
    }

    #[cold]
    #[inline(never)]
    fn full(&self, unit: usize, at: u32) -> Error {
        let limit = self.limits.output_bytes;
        self.fail(
            unit,
            at,
            &format!("the output grows past {limit} bytes here"),
        )
    }

    #[cold]
    #[inline(never)]
    fn refused(&self, problem: helpers::Problem, call: &Call, unit: usize) -> Error {
        let mut error = self.fail(unit, call.at, &problem.message);
        if let Some(helper) = problem.helper {
            error = error.with_detail("helper", helper);
        }
        let Some(cause) = problem.cause else {
            return error;
        };
        // What the helper's own language threw, rather than what carried it here.
        match cause.data().source.clone() {
            Some(thrown) => {
                error.data_mut().source = Some(thrown);
                error
            }
            None => error.with_source(cause),
        }
    }
}

/// Equality for `ifEquals` and `eq`: a missing value equals only a missing one.
pub(super) fn same_kind(left: &Val<'_>, right: &Val<'_>) -> bool {
    left.is_missing() == right.is_missing() && equal(left.value(), right.value())
}
