//! Partials at render time: templates by name, inline partials, and the block of a partial.
//!
//! A template starts with no names but its context. An inline partial and a partial's block
//! keep the names they were written among; a context given to them stands over those.

use serde_json::Value;

use super::evaluate::Evaluator;
use super::scope::{Context, Data, Inlines, PartialBlock, Place, Scope};
use super::tree::{PartialCall, PartialName, Program};
use crate::Result;

/// The context a partial is given.
#[derive(Clone, Copy)]
struct Given<'s, 'a> {
    context: &'s Context<'a>,
    /// It is the caller's variables.
    root: bool,
}

/// What a partial's name stands for.
enum Target<'s, 'a> {
    Template(usize),
    /// An inline partial, and the place it was written at.
    Inline(&'a Program, Place<'s, 'a>),
    /// The block given to the partial being expanded.
    Block(&'s PartialBlock<'s, 'a>),
    /// There is no such partial: the call's own block is printed in its place.
    Fallback,
}

impl<'a> Evaluator<'a> {
    #[inline(never)]
    pub(super) fn partial(&mut self, call: &'a PartialCall, place: &Place<'_, 'a>) -> Result<()> {
        self.enter(place.unit, call.at)?;
        self.partial_depth += 1;
        self.expansions += 1;
        self.check_partials(call, place.unit)?;
        let before = call.indent.as_deref().map(|by| self.out.indent(by));
        if call.context.is_none() && call.hash.is_empty() {
            let root = place.scope.root;
            self.expand(call, place, place.scope.context, root)?;
        } else {
            let (context, root) = self.context(call, place)?;
            self.expand(call, place, &context, root)?;
        }
        if let Some(before) = before {
            self.out.unindent(before);
        }
        self.partial_depth -= 1;
        self.depth -= 1;
        Ok(())
    }

    #[inline(never)]
    fn check_partials(&self, call: &PartialCall, unit: usize) -> Result<()> {
        let (depth, expansions) = (self.limits.partial_depth, self.limits.partial_expansions);
        if self.partial_depth > depth {
            return Err(self.fail(
                unit,
                call.at,
                &format!("partials are nested deeper than {depth} here: does one include itself?"),
            ));
        }
        if self.expansions > expansions {
            return Err(self.fail(
                unit,
                call.at,
                &format!("this render expands more than {expansions} partials"),
            ));
        }
        Ok(())
    }

    /// The context a call gives its partial, and whether it is the caller's variables.
    #[inline(never)]
    fn context(
        &mut self,
        call: &'a PartialCall,
        place: &Place<'_, 'a>,
    ) -> Result<(Context<'a>, bool)> {
        let (base, root) = match &call.context {
            Some(context) => {
                let value = self.value(context, place)?;
                let root = self.is_root(&value);
                (value, root)
            }
            None => (place.scope.context.this(), place.scope.root),
        };
        if call.hash.is_empty() {
            return Ok((Context::Plain(base), root));
        }
        let hash = self.hash(&call.hash, place)?;
        Ok((Context::Over { base, hash }, root))
    }

    #[inline(never)]
    fn expand(
        &mut self,
        call: &'a PartialCall,
        place: &Place<'_, 'a>,
        context: &Context<'a>,
        root: bool,
    ) -> Result<()> {
        let target = self.target(call, place)?;
        // A call with a block gives it to the partial; without one the partial sees the block
        // around the call.
        let Some(body) = &call.body else {
            return self.run_target(target, place, place.block, context, root);
        };
        let block = PartialBlock {
            body,
            place: *place,
        };
        let frame = Data {
            round: None,
            parent: place.data,
        };
        let inlines = Inlines {
            list: &body.inlines,
            place: Place {
                outer: Some(place.scope),
                ..*place
            },
        };
        let inside = Place {
            data: Some(&frame),
            inlines: if body.inlines.is_empty() {
                place.inlines
            } else {
                Some(&inlines)
            },
            ..*place
        };
        self.run_target(target, &inside, Some(&block), context, root)
    }

    fn run_target(
        &mut self,
        target: Target<'_, 'a>,
        place: &Place<'_, 'a>,
        block: Option<&PartialBlock<'_, 'a>>,
        context: &Context<'a>,
        root: bool,
    ) -> Result<()> {
        let given = Given { context, root };
        match target {
            Target::Template(unit) => {
                let written = Place {
                    unit,
                    outer: None,
                    params: None,
                    block,
                    ..*place
                };
                let program = &self.library.unit(unit).template.program;
                self.run_body(program, written, None, given)
            }
            Target::Inline(body, written) => {
                let base = written.outer;
                let written = Place {
                    data: place.data,
                    block,
                    ..written
                };
                self.run_body(body, written, base, given)
            }
            Target::Block(block) => self.run_block(block, place.data, given),
            Target::Fallback => match block {
                Some(block) => self.run_block(block, place.data, given),
                None => Ok(()),
            },
        }
    }

    fn run_block(
        &mut self,
        block: &PartialBlock<'_, 'a>,
        data: Option<&Data<'_>>,
        given: Given<'_, 'a>,
    ) -> Result<()> {
        let frame = Data {
            round: None,
            parent: data,
        };
        let written = Place {
            data: Some(&frame),
            ..block.place
        };
        self.run_body(block.body, written, Some(block.place.scope), given)
    }

    /// A body with the names it was written among, and the given context over those of `base`.
    fn run_body(
        &mut self,
        body: &'a Program,
        written: Place<'_, 'a>,
        base: Option<&Scope<'_, 'a>>,
        given: Given<'_, 'a>,
    ) -> Result<()> {
        let scope = Scope {
            context: given.context,
            parent: base,
            root: given.root,
        };
        let same = |base: &&Scope<'_, 'a>| {
            std::ptr::eq(base.context, given.context)
                || matches!(given.context, Context::Plain(value) if base.context.same(value))
        };
        let place = Place {
            scope: base.filter(same).unwrap_or(&scope),
            outer: base,
            ..written
        };
        self.program(body, &place)
    }

    #[inline(never)]
    fn target<'s>(
        &mut self,
        call: &'a PartialCall,
        place: &Place<'s, 'a>,
    ) -> Result<Target<'s, 'a>> {
        let unit = self.library.unit(place.unit);
        let index = match &call.name {
            PartialName::Named(index) => *index,
            PartialName::Block => {
                return match (place.block, &call.body) {
                    (Some(block), _) => Ok(Target::Block(block)),
                    (None, Some(_)) => Ok(Target::Fallback),
                    (None, None) => Err(self.fail(place.unit, call.at, "there is no block here: `@partial-block` stands in a partial that is used as `{{#> name}}..{{/name}}`")),
                };
            }
            PartialName::Computed { name, declared } => {
                let name = self.value(name, place)?;
                let is_it = |index: &&usize| match (name.value(), unit.template.names.get(**index))
                {
                    (Value::String(name), Some(known)) => name == known,
                    _ => false,
                };
                match declared.iter().find(is_it) {
                    Some(index) => *index,
                    None => {
                        return Err(self.fail(
                            place.unit,
                            call.at,
                            "the name computed here is not among the declared partials",
                        ));
                    }
                }
            }
        };
        let name = unit.template.names.get(index).map_or("", String::as_str);
        let mut inlines = place.inlines;
        while let Some(link) = inlines {
            // The last one of a name wins.
            if let Some(inline) = link.list.iter().rev().find(|inline| inline.name == name) {
                let written = Place {
                    inlines: Some(link),
                    ..link.place
                };
                return Ok(Target::Inline(&inline.body, written));
            }
            inlines = link.place.inlines;
        }
        match (unit.links.get(index).copied().flatten(), &call.body) {
            (Some(unit), _) => Ok(Target::Template(unit)),
            (None, Some(_)) => Ok(Target::Fallback),
            (None, None) => Err(self.fail(
                place.unit,
                call.at,
                &format!("there is no partial `{name}`"),
            )),
        }
    }
}
