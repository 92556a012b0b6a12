//! What a template uses, read off the tree without data: variables, partials, roles.
//!
//! Walks as the evaluator would if every condition went both ways, so that lint can say which
//! variables a prompt needs and which of them may end up inside instructions.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::tree::{
    Arm, Base, Expr, Inline, Node, PartialCall, PartialName, Path, Program, Structure, Test,
};
use super::uses::{HelperUse, PartialUse, Reached, Scope, Survey, Variable};
use super::{Partials, Template, TemplateRole};

/// Partials inside partials; recursion needs no second look.
const DEEPEST: usize = 32;
/// Bodies walked, so that partials that include each other many times come to an end.
const MOST: usize = 20_000;

/// Surveys `template`. `roles` is false for text-only templates.
pub(super) fn survey(template: &Template, partials: &dyn Partials) -> Survey {
    let roles = if template.text_only {
        Roles(0)
    } else {
        Roles::of(TemplateRole::User)
    };
    let mut walker = Walker {
        partials,
        survey: Survey::default(),
        seen: HashMap::new(),
        used: HashMap::new(),
        done: HashSet::new(),
        depth: 0,
        steps: 0,
    };
    let view = View {
        template,
        scope: &Frame {
            root: true,
            parent: None,
            given: None,
        },
        inlines: None,
        block: None,
    };
    walker.program(&template.program, view, roles);
    walker.survey
}

/// What becomes of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// Printed as it is.
    Printed,
    /// Its text may come out of a helper.
    Shown,
    /// Only looked at, or taken apart by a block.
    Tested,
}

/// A set of roles.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Roles(u8);

impl Roles {
    fn of(role: TemplateRole) -> Self {
        let index = TemplateRole::ALL.iter().position(|known| *known == role);
        Roles(1 << index.unwrap_or_default())
    }

    fn from_list(list: &[TemplateRole]) -> Self {
        list.iter()
            .fold(Roles(0), |all, role| all.or(Roles::of(*role)))
    }

    fn or(self, other: Roles) -> Self {
        Roles(self.0 | other.0)
    }

    fn list(self) -> Vec<TemplateRole> {
        let has = |index: usize| self.0 & (1 << index) != 0;
        TemplateRole::ALL
            .into_iter()
            .enumerate()
            .filter_map(|(index, role)| has(index).then_some(role))
            .collect()
    }
}

/// The names in sight.
#[derive(Clone, Copy)]
struct View<'s> {
    template: &'s Template,
    scope: &'s Frame<'s>,
    inlines: Option<&'s Inlines<'s>>,
    block: Option<(&'s Program, &'s View<'s>)>,
}

struct Frame<'s> {
    root: bool,
    parent: Option<&'s Frame<'s>>,
    given: Option<&'s Given<'s>>,
}

/// Names a partial was called with: they hide the variables of these names, in the partials it
/// includes in turn too.
struct Given<'s> {
    hash: &'s [(String, Expr)],
    outer: Option<&'s Given<'s>>,
}

impl Frame<'_> {
    fn gives(&self, name: &str) -> bool {
        let mut given = self.given;
        while let Some(one) = given {
            if one.hash.iter().any(|(key, _)| key == name) {
                return true;
            }
            given = one.outer;
        }
        false
    }
}

struct Inlines<'s> {
    list: &'s [Inline],
    view: View<'s>,
}

struct Walker<'p> {
    partials: &'p dyn Partials,
    survey: Survey,
    /// Places that were reported, by template, and where in the survey they are.
    seen: HashMap<(*const Template, u32), usize>,
    used: HashMap<(*const Template, u32, String), usize>,
    /// Partials walked, with whether they saw the root, and who spoke.
    done: HashSet<(*const Program, bool, Roles)>,
    depth: usize,
    steps: usize,
}

impl Walker<'_> {
    /// Walks a body and says who may be speaking at its end.
    fn program(&mut self, program: &Program, view: View<'_>, roles: Roles) -> Roles {
        self.steps += 1;
        if self.steps > MOST {
            return roles;
        }
        let inlines = Inlines {
            list: &program.inlines,
            view,
        };
        let view = if program.inlines.is_empty() {
            view
        } else {
            View {
                inlines: Some(&inlines),
                ..view
            }
        };
        let mut roles = roles;
        for node in &program.nodes {
            roles = self.node(node, view, roles);
        }
        roles
    }

    fn node(&mut self, node: &Node, view: View<'_>, roles: Roles) -> Roles {
        match node {
            Node::Text(_) => roles,
            Node::Print { value, .. } => {
                match value {
                    Expr::Path(path) => self.path(path, view, roles, How::Printed),
                    value => self.expr(value, view, roles, How::Shown),
                }
                roles
            }
            Node::Structure { kind, .. } => self.structure(kind, view, roles),
            Node::Block(block) => {
                // A condition may go either way; a loop may go round twice.
                let mut end = Roles(0);
                for arm in &block.arms {
                    end = end.or(self.arm(arm, view, roles));
                }
                match &block.otherwise {
                    Some(otherwise) => end.or(self.program(otherwise, view, roles)),
                    None => end.or(roles),
                }
            }
            Node::Partial(call) => self.partial(call, view, roles),
        }
    }

    fn structure(&mut self, kind: &Structure, view: View<'_>, roles: Roles) -> Roles {
        match kind {
            Structure::Role(role) => return Roles::of(*role),
            Structure::History => return Roles::of(TemplateRole::Model),
            Structure::RoleOf(role) => {
                self.expr(role, view, roles, How::Tested);
                return Roles::of(TemplateRole::User).or(Roles::of(TemplateRole::Model));
            }
            Structure::Section(name) => self.expr(name, view, roles, How::Shown),
            Structure::Media { url, content_type } => {
                self.expr(url, view, roles, How::Tested);
                if let Some(kind) = content_type {
                    self.expr(kind, view, roles, How::Tested);
                }
            }
        }
        roles
    }

    fn arm(&mut self, arm: &Arm, view: View<'_>, roles: Roles) -> Roles {
        let (subject, loops) = match &arm.test {
            Test::If {
                value,
                include_zero,
                ..
            } => {
                self.expr(value, view, roles, How::Tested);
                if let Some(include_zero) = include_zero {
                    self.expr(include_zero, view, roles, How::Tested);
                }
                return self.program(&arm.body, view, roles);
            }
            Test::Equals { left, right, .. } => {
                self.expr(left, view, roles, How::Tested);
                self.expr(right, view, roles, How::Tested);
                return self.program(&arm.body, view, roles);
            }
            Test::Each(subject) => (subject, true),
            Test::With(subject) => (subject, false),
            Test::Section(subject) => (subject, true),
        };
        self.expr(subject, view, roles, How::Tested);
        let frame = Frame {
            root: is_root(subject),
            parent: Some(view.scope),
            given: None,
        };
        let inner = View {
            scope: if is_this(subject) && !loops {
                view.scope
            } else {
                &frame
            },
            ..view
        };
        let end = self.program(&arm.body, inner, roles);
        if loops && end != roles {
            return end.or(self.program(&arm.body, inner, end.or(roles)));
        }
        end
    }

    fn partial(&mut self, call: &PartialCall, view: View<'_>, roles: Roles) -> Roles {
        if let Some(context) = &call.context {
            self.expr(context, view, roles, How::Tested);
        }
        for (_, value) in &call.hash {
            self.expr(value, view, roles, How::Shown);
        }
        let root = match &call.context {
            Some(context) => is_root(context) || (is_this(context) && view.scope.root),
            None => view.scope.root,
        };
        if self.depth >= DEEPEST {
            return roles;
        }
        self.depth += 1;
        let end = self.include(call, view, roles, root);
        self.depth -= 1;
        end
    }

    fn include(&mut self, call: &PartialCall, view: View<'_>, roles: Roles, root: bool) -> Roles {
        let outer = match &call.context {
            Some(context) if !is_this(context) => None,
            _ => view.scope.given,
        };
        let given = Given {
            hash: &call.hash,
            outer,
        };
        let given = if call.hash.is_empty() {
            outer
        } else {
            Some(&given)
        };
        let frame = Frame {
            root,
            parent: Some(view.scope),
            given,
        };
        let over = View {
            scope: &frame,
            ..view
        };
        let template = view.template;
        let name = match &call.name {
            PartialName::Named(index) => template.names.get(*index).map_or("", String::as_str),
            PartialName::Block => {
                return match (view.block, &call.body) {
                    (Some((body, written)), _) => {
                        let frame = Frame {
                            root,
                            parent: Some(written.scope),
                            given,
                        };
                        let view = View {
                            scope: &frame,
                            ..*written
                        };
                        self.program(body, view, roles)
                    }
                    (None, Some(body)) => self.program(body, over, roles),
                    (None, None) => roles,
                };
            }
            PartialName::Computed { name, declared } => {
                self.expr(name, view, roles, How::Tested);
                // Any of them may be the one.
                let mut after = Roles(0);
                for index in declared {
                    let name = template.names.get(*index).map_or("", String::as_str);
                    after = after.or(self.named(name, call, view, roles, &frame));
                }
                return after;
            }
        };
        self.named(name, call, view, roles, &frame)
    }

    /// The partial of a name: inline, of the store, or the body that stands in for it.
    fn named(
        &mut self,
        name: &str,
        call: &PartialCall,
        view: View<'_>,
        roles: Roles,
        frame: &Frame<'_>,
    ) -> Roles {
        let template = view.template;
        let Frame { root, given, .. } = *frame;
        let own = call.body.as_ref().map(|body| (body, &view));
        let block = own.or(view.block);
        let own_inlines = call.body.as_ref().map(|body| Inlines {
            list: &body.inlines,
            view,
        });
        let inlines = own_inlines.as_ref().or(view.inlines);
        let mut link = inlines;
        while let Some(found) = link {
            if let Some(inline) = found.list.iter().find(|inline| inline.name == name) {
                let view = View {
                    scope: &Frame {
                        root,
                        parent: found.view.scope.parent,
                        given,
                    },
                    inlines: Some(found),
                    block,
                    ..found.view
                };
                return self.program(&inline.body, view, roles);
            }
            link = found.view.inlines;
        }
        let from = template.origin.file.as_deref();
        match (self.partials.partial(name, from), &call.body) {
            (Some(partial), _) => {
                self.used(template, call, name, true);
                let known = self
                    .survey
                    .reached
                    .iter()
                    .find(|reached| {
                        reached.name == name
                            && reached.template.origin.file == partial.origin.file
                            && reached.template.source() == partial.source()
                    })
                    .map(|reached| Arc::clone(&reached.template));
                let partial = match known {
                    Some(partial) => partial,
                    None => {
                        self.survey.reached.push(Reached {
                            name: name.to_owned(),
                            template: Arc::clone(&partial),
                        });
                        partial
                    }
                };
                let program = &partial.program;
                let plain = inlines.is_none() && block.is_none() && given.is_none();
                if plain && !self.done.insert((std::ptr::from_ref(program), root, roles)) {
                    return roles;
                }
                let view = View {
                    template: &partial,
                    scope: &Frame {
                        root,
                        parent: None,
                        given,
                    },
                    inlines,
                    block,
                };
                self.program(program, view, roles)
            }
            (None, Some(body)) => {
                self.used(template, call, name, false);
                let over = View {
                    scope: frame,
                    ..view
                };
                self.program(body, over, roles)
            }
            (None, None) => {
                self.used(template, call, name, false);
                roles
            }
        }
    }

    fn expr(&mut self, expr: &Expr, view: View<'_>, roles: Roles, how: How) {
        match expr {
            Expr::Literal(_) | Expr::Undefined => {}
            Expr::Path(path) => self.path(path, view, roles, how),
            Expr::Call(call) => {
                let location = view.template.origin.location(call.at);
                self.survey.helpers.push(HelperUse {
                    name: call.helper.name().to_owned(),
                    file: location.file,
                    line: location.line.unwrap_or_default(),
                    column: location.column.unwrap_or_default(),
                });
                let how = if call.helper.gives_text() {
                    how
                } else {
                    How::Tested
                };
                for argument in &call.arguments {
                    self.expr(argument, view, roles, how);
                }
                for (_, value) in &call.hash {
                    self.expr(value, view, roles, how);
                }
            }
        }
    }

    fn path(&mut self, path: &Path, view: View<'_>, roles: Roles, how: How) {
        let (scope, whole) = match path.base {
            Base::Root => (Scope::Root, "@root"),
            Base::Context { up } => {
                let mut frame = Some(view.scope);
                for _ in 0..up {
                    frame = frame.and_then(|frame| frame.parent);
                }
                let first = path.segments.first();
                match frame {
                    // An argument of the partial, which was looked at where it was given.
                    Some(frame) if first.is_some_and(|first| frame.gives(&first.key)) => return,
                    Some(frame) if frame.root => (Scope::Root, "this"),
                    Some(_) => (Scope::Inner, "this"),
                    // Above everything there is nothing to be found.
                    None => return,
                }
            }
            Base::Param { .. } | Base::Data { .. } => return,
        };
        let name = path.segments.first().map_or(whole, |first| &first.key);
        let variables = &mut self.survey.variables;
        let key = (std::ptr::from_ref(view.template), path.at);
        if let Some(known) = self
            .seen
            .get(&key)
            .and_then(|index| variables.get_mut(*index))
        {
            known.roles = Roles::from_list(&known.roles).or(roles).list();
            if scope == Scope::Root {
                known.scope = scope;
            }
            return;
        }
        self.seen.insert(key, variables.len());
        let origin = &view.template.origin;
        let location = origin.location(path.at);
        variables.push(Variable {
            name: name.to_owned(),
            path: origin.text(path.at, path.end).to_owned(),
            file: location.file,
            line: location.line.unwrap_or_default(),
            column: location.column.unwrap_or_default(),
            scope,
            printed: how == How::Printed,
            shown: how != How::Tested,
            roles: roles.list(),
        });
    }

    fn used(&mut self, template: &Template, call: &PartialCall, name: &str, found: bool) {
        let partials = &mut self.survey.partials;
        let key = (std::ptr::from_ref(template), call.at, name.to_owned());
        if let Some(known) = self
            .used
            .get(&key)
            .and_then(|index| partials.get_mut(*index))
        {
            known.found &= found;
            return;
        }
        self.used.insert(key, partials.len());
        let location = template.origin.location(call.at);
        partials.push(PartialUse {
            name: name.to_owned(),
            file: location.file,
            line: location.line.unwrap_or_default(),
            column: location.column.unwrap_or_default(),
            fallback: call.body.is_some(),
            found,
        });
    }
}

fn is_root(expr: &Expr) -> bool {
    matches!(expr, Expr::Path(path) if path.base == Base::Root && path.segments.is_empty())
}

fn is_this(expr: &Expr) -> bool {
    matches!(expr, Expr::Path(path) if path.base == Base::Context { up: 0 } && path.segments.is_empty())
}

#[cfg(test)]
#[path = "survey_tests.rs"]
mod tests;
