//! The helpers a template may call: the built-in ones, and functions of the host language.
//!
//! `signature` knows their names and arguments, which are checked when a template is compiled;
//! the rest computes values. Blocks and structure are the evaluator's.

mod date;
mod host;
mod signature;
mod text;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

pub(super) use signature::{Builtin, Control, Kind, Maker, Signature, builtin, names};

use super::RenderInput;
use super::tree::Helper;
use super::value::{Val, compare, equal, truthy};
use crate::chat::JsonMap;
use crate::{Error, Result};

/// A helper written in the host language: positional arguments and `key=value` arguments in,
/// a value out. It must be pure: the same arguments, the same value. A missing variable comes
/// in as null. What it fails with, a panic too, is a `template_error` with the place of the call, the helper's
/// name in `details.helper` and the failure as source; the failure's message becomes part of its own, so it
/// must not hold values.
pub type HelperFn = dyn Fn(&[Value], &JsonMap) -> Result<Value> + Send + Sync;

/// The helpers templates are compiled against and rendered with.
///
/// ```
/// use serde_json::{Value, json};
/// use slugline::template::{CompileOptions, Helpers, RenderInput, Template};
///
/// # fn main() -> slugline::Result<()> {
/// let mut helpers = Helpers::new();
/// helpers.register("shout", |arguments, _| {
///     let text = arguments.first().and_then(Value::as_str).unwrap_or_default();
///     Ok(json!(format!("{text}!")))
/// })?;
/// let options = CompileOptions { helpers: &helpers, ..CompileOptions::default() };
/// let template = Template::compile("{{shout greeting}}", &options)?;
/// let data = json!({ "greeting": "hello" });
/// let input = RenderInput { helpers: &helpers, ..RenderInput::new(&data) };
/// assert_eq!(template.render_text(&input)?.text, "hello!");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Helpers {
    host: BTreeMap<String, Arc<HelperFn>>,
}

impl Helpers {
    /// The built-in helpers alone.
    pub const fn new() -> Self {
        Helpers {
            host: BTreeMap::new(),
        }
    }

    /// Adds a function of the host language. `invalid_request` where the name is a built-in
    /// helper's, is taken, or cannot be written in a tag.
    pub fn register(
        &mut self,
        name: &str,
        function: impl Fn(&[Value], &JsonMap) -> Result<Value> + Send + Sync + 'static,
    ) -> Result<()> {
        let problem = if builtin(name).is_some() || name == "else" || name == "inline" {
            "is built in: choose another name"
        } else if self.host.contains_key(name) {
            "is registered already"
        } else if !super::word::is_plain_name(name) {
            "cannot be written in a tag: use letters, digits, `_` and `-`"
        } else {
            self.host.insert(name.to_owned(), Arc::new(function));
            return Ok(());
        };
        Err(Error::invalid(
            "helpers",
            format!("the helper `{name}` {problem}"),
        ))
    }

    /// Names of all helpers, the built-in ones first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let host = self.host.keys().map(String::as_str);
        names().map(|name: &str| name).chain(host)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.host.contains_key(name)
    }
}

impl fmt::Debug for Helpers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.host.keys()).finish()
    }
}

/// Why a helper cannot do with its arguments. Never holds their values.
pub(super) struct Problem {
    pub(super) message: String,
    pub(super) cause: Option<Error>,
    /// The function of the host language that failed.
    pub(super) helper: Option<String>,
}

impl Problem {
    fn new<T>(message: impl Into<String>) -> Result<T, Problem> {
        Err(Problem {
            message: message.into(),
            cause: None,
            helper: None,
        })
    }
}

/// The arguments of one call. Their number is checked when the template is compiled.
struct Arguments<'a> {
    list: Vec<Val<'a>>,
    hash: Vec<(&'a str, Val<'a>)>,
}

impl<'a> Arguments<'a> {
    fn get(&self, index: usize) -> &Val<'a> {
        self.list.get(index).unwrap_or(&Val::Missing)
    }

    fn take(&mut self, index: usize) -> Val<'a> {
        self.list
            .get_mut(index)
            .map_or(Val::Missing, |value| std::mem::replace(value, Val::Missing))
    }

    fn key(&self, name: &str) -> Option<&Val<'a>> {
        self.hash
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }
}

/// Calls a helper that gives a value.
pub(super) fn run<'a>(
    helper: &Helper,
    list: Vec<Val<'a>>,
    hash: Vec<(&'a str, Val<'a>)>,
    input: &RenderInput<'_>,
) -> Result<Val<'a>, Problem> {
    let arguments = Arguments { list, hash };
    match helper {
        Helper::Builtin(builtin) => run_builtin(*builtin, arguments, input),
        Helper::Host(name) => {
            let function = input.helpers.host.get(name).map(|function| &**function);
            host::run(name, function, arguments)
        }
    }
}

fn run_builtin<'a>(
    builtin: Builtin,
    mut arguments: Arguments<'a>,
    input: &RenderInput<'_>,
) -> Result<Val<'a>, Problem> {
    let equals = |arguments: &Arguments<'_>| {
        let (left, right) = (arguments.get(0), arguments.get(1));
        left.is_missing() == right.is_missing() && equal(left.value(), right.value())
    };
    let ordered = |wanted: &[Ordering]| {
        let order = compare(arguments.get(0).value(), arguments.get(1).value());
        Val::bool(order.is_some_and(|order| wanted.contains(&order)))
    };
    let truth = |value: &Val<'_>| truthy(value.value());
    Ok(match builtin {
        Builtin::Eq => Val::bool(equals(&arguments)),
        Builtin::Ne => Val::bool(!equals(&arguments)),
        Builtin::Lt => ordered(&[Ordering::Less]),
        Builtin::Lte => ordered(&[Ordering::Less, Ordering::Equal]),
        Builtin::Gt => ordered(&[Ordering::Greater]),
        Builtin::Gte => ordered(&[Ordering::Greater, Ordering::Equal]),
        Builtin::And => Val::bool(arguments.list.iter().all(truth)),
        Builtin::Or => Val::bool(arguments.list.iter().any(truth)),
        Builtin::Not => Val::bool(!truth(arguments.get(0))),
        Builtin::Default => default(arguments),
        Builtin::Lookup => lookup(&mut arguments),
        // Values never reach a log: what it is given may be private.
        Builtin::Log => Val::text(""),
        Builtin::Json => text::json(&arguments)?,
        Builtin::Join => text::join(&arguments)?,
        Builtin::Len => text::len(&arguments)?,
        Builtin::Upper => Val::text(arguments.get(0).printed().to_uppercase()),
        Builtin::Lower => Val::text(arguments.get(0).printed().to_lowercase()),
        Builtin::Trim => Val::text(arguments.get(0).printed().trim()),
        Builtin::Truncate => text::truncate(&arguments)?,
        Builtin::Date => date::date(&arguments, input.now)?,
    })
}

/// The first argument that is not missing, null or `""`; else the last.
fn default(arguments: Arguments<'_>) -> Val<'_> {
    let given = |value: &Val<'_>| !value.is_nothing() && value.value().as_str() != Some("");
    let mut last = Val::Missing;
    for value in arguments.list {
        last = value;
        if given(&last) {
            break;
        }
    }
    last
}

fn lookup<'a>(arguments: &mut Arguments<'a>) -> Val<'a> {
    let object = arguments.take(0);
    let key = arguments.get(1);
    if key.is_missing() {
        return Val::Missing;
    }
    let key = super::tree::Segment::new(key.printed().into_owned());
    object.field(&key.key, key.index)
}
