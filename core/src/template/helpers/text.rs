//! Helpers about text and lists: `json`, `join`, `len`, `truncate`.

use serde_json::Value;

use super::{Arguments, Problem};
use crate::template::value::{Val, json as write_json, print};

/// `{{json value indent=2}}`: a missing value is `null`, so that the output stays JSON.
pub(super) fn json<'a>(arguments: &Arguments<'a>) -> Result<Val<'a>, Problem> {
    let indent = match arguments.key("indent").map(Val::value) {
        None | Some(Value::Null) => String::new(),
        // JavaScript takes at most ten, of blanks as of characters.
        Some(Value::Number(number)) => {
            " ".repeat(number.as_f64().unwrap_or_default().clamp(0.0, 10.0) as usize)
        }
        Some(Value::String(text)) => text.chars().take(10).collect(),
        Some(_) => return Problem::new("`indent` is a number of blanks, or a text"),
    };
    let mut out = String::new();
    write_json(arguments.get(0).value(), &indent, &mut out);
    Ok(Val::text(out))
}

/// `{{join list ", "}}`.
pub(super) fn join<'a>(arguments: &Arguments<'a>) -> Result<Val<'a>, Problem> {
    let separator = match (arguments.list.get(1), arguments.key("separator")) {
        (Some(separator), _) | (None, Some(separator)) => separator.printed(),
        (None, None) => ", ".into(),
    };
    let list = match arguments.get(0).value() {
        Value::Null => return Ok(Val::text("")),
        Value::Array(list) => list,
        _ => return Problem::new("`join` takes a list"),
    };
    let mut out = String::new();
    for (index, value) in list.iter().enumerate() {
        if index > 0 {
            out.push_str(&separator);
        }
        print(value, &mut out);
    }
    Ok(Val::text(out))
}

/// `{{len value}}`: elements of a list, fields of an object, characters of a text.
pub(super) fn len<'a>(arguments: &Arguments<'a>) -> Result<Val<'a>, Problem> {
    let length = match arguments.get(0).value() {
        Value::Null => 0,
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        Value::String(text) => text.chars().count(),
        _ => return Problem::new("`len` takes a list, an object or a text"),
    };
    Ok(Val::owned(length))
}

/// `{{truncate text 100 "..."}}`: at most so many characters, the suffix among them.
pub(super) fn truncate<'a>(arguments: &Arguments<'a>) -> Result<Val<'a>, Problem> {
    let Some(most) = arguments.get(1).value().as_u64() else {
        return Problem::new("`truncate` takes a text and a number of characters");
    };
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let text = arguments.get(0).printed();
    if text.chars().nth(most).is_none() {
        return Ok(Val::text(text));
    }
    let suffix = match (arguments.list.get(2), arguments.key("suffix")) {
        (Some(suffix), _) | (None, Some(suffix)) => suffix.printed(),
        (None, None) => "".into(),
    };
    let kept = most.saturating_sub(suffix.chars().count());
    let out: String = text
        .chars()
        .take(kept)
        .chain(suffix.chars())
        .take(most)
        .collect();
    Ok(Val::text(out))
}
