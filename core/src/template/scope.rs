//! What names mean at one point of a render: contexts, block parameters, `@` data, inline
//! partials, the block of the partial being expanded.
//!
//! Each is a chain of links that live on the stack of the evaluator, so that a partial's block
//! can be rendered later with the names it was written among.

use serde_json::Value;

use super::tree::{Base, Inline, Path, Program};
use super::value::Val;
use crate::chat::JsonMap;

/// The names in sight; copied, never changed.
#[derive(Clone, Copy)]
pub(super) struct Place<'s, 'a> {
    /// Which template is being walked.
    pub(super) unit: usize,
    pub(super) scope: &'s Scope<'s, 'a>,
    /// The scope the body being walked was opened in, without the context it brings itself:
    /// what its inline partials can reach by `../`.
    pub(super) outer: Option<&'s Scope<'s, 'a>>,
    pub(super) params: Option<&'s Params<'s, 'a>>,
    pub(super) data: Option<&'s Data<'s>>,
    pub(super) inlines: Option<&'s Inlines<'s, 'a>>,
    pub(super) block: Option<&'s PartialBlock<'s, 'a>>,
}

/// A context and those around it, up to the start of the template.
pub(super) struct Scope<'s, 'a> {
    pub(super) context: &'s Context<'a>,
    pub(super) parent: Option<&'s Scope<'s, 'a>>,
    /// The context is the caller's variables.
    pub(super) root: bool,
}

/// What `this` is.
pub(super) enum Context<'a> {
    Plain(Val<'a>),
    /// A partial's `key=value` arguments over its context.
    Over {
        base: Val<'a>,
        hash: Vec<(&'a str, Val<'a>)>,
    },
}

/// The block parameters of one block.
pub(super) struct Params<'s, 'a> {
    pub(super) values: [Val<'a>; 2],
    pub(super) outer: Option<&'s Params<'s, 'a>>,
}

/// One loop's `@index`, `@key`, `@first` and `@last`; a frame without them repeats its parent.
pub(super) struct Data<'s> {
    pub(super) round: Option<Round<'s>>,
    pub(super) parent: Option<&'s Data<'s>>,
}

#[derive(Clone, Copy)]
pub(super) struct Round<'s> {
    index: usize,
    /// Of an object.
    key: Option<&'s str>,
    last: bool,
}

/// The inline partials of one body, with the place they were written at.
pub(super) struct Inlines<'s, 'a> {
    pub(super) list: &'a [Inline],
    pub(super) place: Place<'s, 'a>,
}

/// The block of a `{{#> partial}}`, with the place it was written at.
pub(super) struct PartialBlock<'s, 'a> {
    pub(super) body: &'a Program,
    pub(super) place: Place<'s, 'a>,
}

impl<'a> Context<'a> {
    pub(super) fn this(&self) -> Val<'a> {
        match self {
            Context::Plain(value) => value.clone(),
            Context::Over { base, hash } => {
                let mut map = match base.value() {
                    Value::Object(map) => map.clone(),
                    _ => JsonMap::new(),
                };
                for (key, value) in hash {
                    if value.is_missing() {
                        map.shift_remove(*key);
                    } else {
                        map.insert((*key).to_owned(), value.clone().into_value());
                    }
                }
                Val::owned(map)
            }
        }
    }

    fn field(&self, key: &str, index: Option<usize>) -> Val<'a> {
        match self {
            Context::Plain(value) => value.field(key, index),
            Context::Over { base, hash } => match hash.iter().find(|(name, _)| *name == key) {
                Some((_, value)) => value.clone(),
                None => match base.value() {
                    Value::Object(_) => base.field(key, index),
                    _ => Val::Missing,
                },
            },
        }
    }

    /// As [`Val::same`].
    pub(super) fn same(&self, value: &Val<'_>) -> bool {
        match self {
            Context::Plain(own) => own.same(value),
            Context::Over { .. } => false,
        }
    }
}

impl<'s, 'a> Scope<'s, 'a> {
    /// The scope so many `../` above; none above the start of the template.
    fn above(&'s self, up: u16) -> Option<&'s Scope<'s, 'a>> {
        let mut scope = self;
        for _ in 0..up {
            scope = scope.parent?;
        }
        Some(scope)
    }
}

impl<'s> Round<'s> {
    pub(super) fn of(index: usize, key: Option<&'s str>, count: usize) -> Self {
        Round {
            index,
            key,
            last: index + 1 == count,
        }
    }

    /// `@key`: of an object the field's name, of a list the index.
    fn key<'a>(self) -> Val<'a> {
        match self.key {
            Some(key) => Val::text(key),
            None => Val::owned(self.index),
        }
    }
}

impl<'s, 'a> Params<'s, 'a> {
    /// The value, and in a loop the key.
    #[inline(never)]
    pub(super) fn of(
        value: &Val<'a>,
        round: Option<Round<'_>>,
        outer: Option<&'s Params<'s, 'a>>,
    ) -> Self {
        let key = round.map_or(Val::Missing, Round::key);
        Params {
            values: [value.clone(), key],
            outer,
        }
    }
}

impl Data<'_> {
    fn get<'a>(&self, name: &str) -> Option<Val<'a>> {
        let round = match &self.round {
            Some(round) => round,
            None => return self.parent?.get(name),
        };
        Some(match name {
            "index" => Val::owned(round.index),
            "first" => Val::bool(round.index == 0),
            "last" => Val::bool(round.last),
            "key" => round.key(),
            _ => return None,
        })
    }
}

/// The value of a path, and whether it starts among the caller's variables.
pub(super) struct Found<'a> {
    pub(super) value: Val<'a>,
    pub(super) root: bool,
}

/// Looks a path up. `root` and `data` are the caller's variables and `@` values.
pub(super) fn find<'a>(
    path: &Path,
    place: &Place<'_, 'a>,
    root: &'a Value,
    data: &'a JsonMap,
) -> Found<'a> {
    let mut segments = path.segments.iter();
    let (mut value, from_root) = match path.base {
        Base::Context { up } => match place.scope.above(up) {
            None => (Val::Missing, true),
            Some(scope) => match segments.next() {
                None => (scope.context.this(), scope.root),
                Some(first) => (scope.context.field(&first.key, first.index), scope.root),
            },
        },
        Base::Root => (Val::Borrowed(root), true),
        Base::Param { out, index } => {
            let mut params = place.params;
            for _ in 0..out {
                params = params.and_then(|params| params.outer);
            }
            let value = params.and_then(|params| params.values.get(usize::from(index)));
            (value.cloned().unwrap_or(Val::Missing), false)
        }
        Base::Data { up } => {
            let name = segments.next().map_or("", |segment| segment.key.as_str());
            let mut frame = place.data;
            for _ in 0..up {
                frame = frame.and_then(|frame| frame.parent);
            }
            let value = frame
                .and_then(|frame| frame.get(name))
                .or_else(|| data.get(name).map(Val::Borrowed));
            (value.unwrap_or(Val::Missing), false)
        }
    };
    for segment in segments {
        // What lies below null is null: it was given, and says nothing.
        if let Val::Borrowed(Value::Null) = value {
            break;
        }
        value = value.field(&segment.key, segment.index);
    }
    Found {
        value,
        root: from_root,
    }
}
