//! Values at render time: how they print, what counts as true, what is equal.
//!
//! Printing is the same in every language: numbers as JavaScript writes them except that
//! 64-bit integers stay exact, lists and objects as compact JSON.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write;

use serde_json::{Number, Value};

/// The value of an expression: borrowed from the data wherever that is possible.
#[derive(Debug, Clone)]
pub(super) enum Val<'a> {
    /// There is no such value.
    Missing,
    Borrowed(&'a Value),
    /// Boxed, for these stand in every frame of the evaluator.
    Owned(Box<Value>),
}

static NULL: Value = Value::Null;
static TRUE: Value = Value::Bool(true);
static FALSE: Value = Value::Bool(false);

impl<'a> Val<'a> {
    pub(super) fn owned(value: impl Into<Value>) -> Self {
        Val::Owned(Box::new(value.into()))
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Val::owned(text.into())
    }

    pub(super) fn bool(value: bool) -> Self {
        Val::Borrowed(if value { &TRUE } else { &FALSE })
    }

    /// The value, a missing one as null.
    pub(super) fn value(&self) -> &Value {
        match self {
            Val::Missing => &NULL,
            Val::Borrowed(value) => value,
            Val::Owned(value) => value,
        }
    }

    pub(super) fn into_value(self) -> Value {
        match self {
            Val::Missing => Value::Null,
            Val::Borrowed(value) => value.clone(),
            Val::Owned(value) => *value,
        }
    }

    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Val::Missing)
    }

    /// Missing or null.
    pub(super) fn is_nothing(&self) -> bool {
        self.value().is_null()
    }

    /// A field of an object, an element or the length of a list, the length of a text.
    pub(super) fn field(&self, key: &str, index: Option<usize>) -> Val<'a> {
        match self {
            Val::Missing => Val::Missing,
            Val::Borrowed(value) => match child(value, key, index) {
                Child::Found(value) => Val::Borrowed(value),
                Child::Length(length) => Val::owned(length),
                Child::Missing => Val::Missing,
            },
            Val::Owned(value) => match child(value, key, index) {
                Child::Found(value) => Val::owned(value.clone()),
                Child::Length(length) => Val::owned(length),
                Child::Missing => Val::Missing,
            },
        }
    }

    /// The same place in the data, not just an equal value.
    pub(super) fn same(&self, other: &Val<'_>) -> bool {
        matches!((self, other), (Val::Borrowed(one), Val::Borrowed(two)) if std::ptr::eq(*one, *two))
    }

    /// What it prints as text: borrowed where it is text.
    pub(super) fn printed(&self) -> Cow<'_, str> {
        match self.value() {
            Value::String(text) => Cow::Borrowed(text),
            value => {
                let mut out = String::new();
                print(value, &mut out);
                Cow::Owned(out)
            }
        }
    }
}

enum Child<'v> {
    Found(&'v Value),
    Length(usize),
    Missing,
}

fn child<'v>(value: &'v Value, key: &str, index: Option<usize>) -> Child<'v> {
    let found = match value {
        Value::Object(map) => map.get(key),
        Value::Array(list) => match index {
            Some(index) => list.get(index),
            None if key == "length" => return Child::Length(list.len()),
            None => None,
        },
        Value::String(text) if key == "length" => return Child::Length(text.chars().count()),
        _ => None,
    };
    found.map_or(Child::Missing, Child::Found)
}

/// JavaScript's truth, with empty lists false as in Handlebars.
pub(super) fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => !is_zero(number),
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(_) => true,
    }
}

pub(super) fn is_zero(number: &Number) -> bool {
    number.as_f64() == Some(0.0)
}

/// Strict equality; numbers by value, lists and objects by what they hold.
pub(super) fn equal(one: &Value, two: &Value) -> bool {
    match (one, two) {
        (Value::Number(one), Value::Number(two)) => {
            compare_numbers(one, two) == Some(Ordering::Equal)
        }
        (Value::Array(one), Value::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| equal(one, two))
        }
        (Value::Object(one), Value::Object(two)) => {
            one.len() == two.len()
                && one
                    .iter()
                    .all(|(key, one)| two.get(key).is_some_and(|two| equal(one, two)))
        }
        _ => one == two,
    }
}

/// Order of two numbers, or of two texts by code point; nothing else has an order.
pub(super) fn compare(one: &Value, two: &Value) -> Option<Ordering> {
    match (one, two) {
        (Value::Number(one), Value::Number(two)) => compare_numbers(one, two),
        (Value::String(one), Value::String(two)) => Some(one.cmp(two)),
        _ => None,
    }
}

fn compare_numbers(one: &Number, two: &Number) -> Option<Ordering> {
    let whole = |number: &Number| {
        number
            .as_i64()
            .map(i128::from)
            .or_else(|| number.as_u64().map(i128::from))
    };
    match (whole(one), whole(two)) {
        (Some(one), Some(two)) => Some(one.cmp(&two)),
        _ => one.as_f64()?.partial_cmp(&two.as_f64()?),
    }
}

/// Appends what a value prints.
pub(super) fn print(value: &Value, out: &mut String) {
    match value {
        Value::Null => {}
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => print_number(number, out),
        Value::String(text) => out.push_str(text),
        Value::Array(_) | Value::Object(_) => json(value, "", out),
    }
}

/// Appends a number as JavaScript writes it; 64-bit integers exactly.
pub(super) fn print_number(number: &Number, out: &mut String) {
    // Writing into a String cannot fail.
    if number.is_i64() || number.is_u64() {
        let _ = write!(out, "{number}");
    } else if let Some(float) = number.as_f64() {
        print_float(float, out);
    }
}

fn print_float(float: f64, out: &mut String) {
    if float == 0.0 {
        out.push('0');
        return;
    }
    let size = float.abs();
    if (1e-6..1e21).contains(&size) {
        // Rust's shortest digits without an exponent are JavaScript's in this range.
        let _ = write!(out, "{float}");
        return;
    }
    let shortest = format!("{float:e}");
    match shortest.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => {
            let _ = write!(out, "{digits}e+{exponent}");
        }
        _ => out.push_str(&shortest),
    }
}

/// Appends JSON, compact or with each level indented by `indent`, as `JSON.stringify` writes it.
pub(super) fn json(value: &Value, indent: &str, out: &mut String) {
    Json { indent, out }.write(value, 0);
}

struct Json<'o> {
    indent: &'o str,
    out: &'o mut String,
}

impl Json<'_> {
    /// The depth of data is bounded before a render starts.
    fn write(&mut self, value: &Value, depth: usize) {
        match value {
            Value::Null => self.out.push_str("null"),
            Value::Bool(true) => self.out.push_str("true"),
            Value::Bool(false) => self.out.push_str("false"),
            Value::Number(number) => print_number(number, self.out),
            Value::String(text) => quote(text, self.out),
            Value::Array(list) => {
                self.out.push('[');
                for (index, value) in list.iter().enumerate() {
                    self.item(index, depth + 1);
                    self.write(value, depth + 1);
                }
                self.close(list.is_empty(), depth, ']');
            }
            Value::Object(map) => {
                self.out.push('{');
                for (index, (key, value)) in map.iter().enumerate() {
                    self.item(index, depth + 1);
                    quote(key, self.out);
                    self.out
                        .push_str(if self.indent.is_empty() { ":" } else { ": " });
                    self.write(value, depth + 1);
                }
                self.close(map.is_empty(), depth, '}');
            }
        }
    }

    fn item(&mut self, index: usize, depth: usize) {
        if index > 0 {
            self.out.push(',');
        }
        self.line(depth);
    }

    fn close(&mut self, empty: bool, depth: usize, bracket: char) {
        if !empty {
            self.line(depth);
        }
        self.out.push(bracket);
    }

    fn line(&mut self, depth: usize) {
        if !self.indent.is_empty() {
            self.out.push('\n');
            for _ in 0..depth {
                self.out.push_str(self.indent);
            }
        }
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    let mut from = 0;
    for (index, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x08 => "\\b",
            0x0c => "\\f",
            0..0x20 => "",
            _ => continue,
        };
        out.push_str(text.get(from..index).unwrap_or_default());
        if escape.is_empty() {
            let _ = write!(out, "\\u{byte:04x}");
        } else {
            out.push_str(escape);
        }
        from = index + 1;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out.push('"');
}

/// True where lists and objects are nested deeper than `limit`.
pub(super) fn deeper_than(value: &Value, limit: usize) -> bool {
    match value {
        Value::Array(list) => limit == 0 || list.iter().any(|value| deeper_than(value, limit - 1)),
        Value::Object(map) => limit == 0 || map.values().any(|value| deeper_than(value, limit - 1)),
        _ => false,
    }
}
