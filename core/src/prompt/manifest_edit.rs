//! Changes to the text of `prompt.yaml` that leave the rest of it alone: comments, order, style.

use serde_json::Value;

use super::yaml::read_yaml;
use crate::chat::JsonMap;
use crate::{Error, ErrorKind, Result};

/// Sets `section: {key: value}` in a text. Only the lines of that entry change; a section in
/// another style than a block map is written anew, and a text that is no block map altogether.
pub(crate) fn set(text: &str, section: &str, key: &str, value: &Value) -> Result<String> {
    let old = read(text)?;
    let mut wanted = old.clone();
    let entry = wanted
        .entry(section)
        .or_insert_with(|| JsonMap::new().into());
    if entry.is_null() {
        *entry = JsonMap::new().into();
    }
    match entry {
        Value::Object(map) => {
            map.insert(key.to_owned(), value.clone());
        }
        _ => {
            let message = format!("`{section}` of `prompt.yaml` is not a map");
            return Err(Error::new(ErrorKind::TemplateError, message));
        }
    }
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let is_right = |text: &String| read(text).is_ok_and(|map| map == wanted);
    let in_place = entry_in_place(text, section, key, value, line_end);
    let section_anew = || section_anew(text, section, wanted.get(section)?, line_end);
    if let Some(text) = in_place
        .filter(is_right)
        .or_else(|| section_anew().filter(is_right))
    {
        return Ok(text);
    }
    Ok(wanted
        .iter()
        .map(|(key, value)| block(key, value, line_end))
        .collect())
}

fn read(text: &str) -> Result<JsonMap> {
    let tree = read_yaml(
        "prompt.yaml",
        text.strip_prefix('\u{feff}').unwrap_or(text),
        1,
    )?;
    match tree.value {
        Value::Null => Ok(JsonMap::new()),
        Value::Object(map) => Ok(map),
        _ => Err(Error::new(
            ErrorKind::TemplateError,
            "`prompt.yaml` must be a map of keys",
        )),
    }
}

/// The lines of a top-level section, as a range of line numbers: its key's line and what is
/// indented below it.
fn section_lines(lines: &[&str], section: &str) -> Option<(usize, usize)> {
    let start = lines
        .iter()
        .position(|line| key_of(line) == Some(section))?;
    let mut end = start + 1;
    for (n, line) in lines.iter().enumerate().skip(start + 1) {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        if !line.starts_with(' ') {
            break;
        }
        end = n + 1;
    }
    Some((start, end))
}

/// The key of a line `key: ..`.
fn key_of(line: &str) -> Option<&str> {
    let (key, rest) = line.trim_end().split_once(':')?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| key.trim_matches(['"', '\'']))
}

fn entry_in_place(
    text: &str,
    section: &str,
    key: &str,
    value: &Value,
    line_end: &str,
) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let Some((start, end)) = section_lines(&lines, section) else {
        let mut out = text.to_owned();
        if !(out.is_empty() || out.ends_with('\n')) {
            out.push_str(line_end);
        }
        let mut map = JsonMap::new();
        map.insert(key.to_owned(), value.clone());
        out.push_str(&block(section, &map.into(), line_end));
        return Some(out);
    };
    let inside = lines.get(start + 1..end)?;
    let indent_of = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let indent = inside
        .iter()
        .find(|line| !line.trim().is_empty())
        .map_or(2, |line| indent_of(line));
    let is_entry = |line: &str| indent_of(line) == indent && key_of(line.trim_start()) == Some(key);
    let (from, to) = match inside.iter().position(|line| is_entry(line)) {
        Some(at) => {
            let deeper = inside
                .iter()
                .skip(at + 1)
                .take_while(|line| indent_of(line) > indent && !line.trim().is_empty());
            (start + 1 + at, start + 2 + at + deeper.count())
        }
        None => (end, end),
    };
    let mut out: String = lines.get(..from)?.concat();
    if !out.ends_with('\n') {
        out.push_str(line_end);
    }
    out.push_str(&" ".repeat(indent));
    out.push_str(&entry(key, value, line_end));
    out.push_str(&lines.get(to..)?.concat());
    Some(out)
}

fn section_anew(text: &str, section: &str, value: &Value, line_end: &str) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (start, end) = section_lines(&lines, section)?;
    let mut out: String = lines.get(..start)?.concat();
    out.push_str(&block(section, value, line_end));
    out.push_str(&lines.get(end..)?.concat());
    Some(out)
}

fn block(key: &str, value: &Value, line_end: &str) -> String {
    match value {
        Value::Object(map) if !map.is_empty() => {
            let mut out = format!("{key}:{line_end}");
            for (key, value) in map {
                out.push_str("  ");
                out.push_str(&entry(key, value, line_end));
            }
            out
        }
        value => entry(key, value, line_end),
    }
}

fn entry(key: &str, value: &Value, line_end: &str) -> String {
    format!("{key}: {}{line_end}", flow(value))
}

/// A value in flow style, plain where plain text reads back as it is.
fn flow(value: &Value) -> String {
    let plain = |text: &str| {
        let is_word = !text.is_empty()
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        is_word && read_yaml("", text, 1).is_ok_and(|tree| tree.value == text)
    };
    match value {
        Value::String(text) if plain(text) => text.clone(),
        Value::Object(map) => {
            let fields: Vec<String> = map
                .iter()
                .map(|(key, value)| format!("{key}: {}", flow(value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        value => value.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use serde_json::json;

    fn promote(text: &str) -> String {
        set(text, "environments", "production", &json!({"version": 3})).unwrap()
    }

    #[test]
    fn only_the_entry_changes() {
        assert_eq!(promote(""), "environments:\n  production: {version: 3}\n");
        assert_eq!(
            promote(
                "# about\ndescription: Greets.   # kept\nenvironments:\n  # live\n  production: {version: 1}  # old\n  staging: {version: 4}\n\nsalt: x\n"
            ),
            "# about\ndescription: Greets.   # kept\nenvironments:\n  # live\n  production: {version: 3}\n  staging: {version: 4}\n\nsalt: x\n"
        );
        assert_eq!(
            promote("environments:\n    staging:\n        version: 4\n\nsalt: x"),
            "environments:\n    staging:\n        version: 4\n    production: {version: 3}\n\nsalt: x"
        );
        assert_eq!(
            promote("environments:\r\n  production:\r\n    version: 1\r\nsalt: x\r\n"),
            "environments:\r\n  production: {version: 3}\r\nsalt: x\r\n"
        );
        assert_eq!(
            promote("salt: x"),
            "salt: x\nenvironments:\n  production: {version: 3}\n"
        );
    }

    #[test]
    fn other_styles_are_written_anew() {
        assert_eq!(
            promote("environments: {staging: 4}  # flow\nsalt: x\n"),
            "environments:\n  staging: 4\n  production: {version: 3}\nsalt: x\n"
        );
        assert_eq!(
            promote("{environments: {staging: 4}, salt: 'true', description: \"a: b\"}"),
            "environments:\n  staging: 4\n  production: {version: 3}\nsalt: \"true\"\ndescription: \"a: b\"\n"
        );
        assert_eq!(
            promote("environments:\nsalt: x\n"),
            "environments:\n  production: {version: 3}\nsalt: x\n"
        );
    }

    #[test]
    fn numbers_as_keys_stay_keys() {
        let hash = "ab12".repeat(16);
        let text = set(
            "versions:\n  1: {hash: aa}\n",
            "versions",
            "2",
            &json!({"hash": hash}),
        )
        .unwrap();
        assert_eq!(
            text,
            format!("versions:\n  1: {{hash: aa}}\n  2: {{hash: {hash}}}\n")
        );
        // A hash of digits alone must not become a number.
        let digits = "1".repeat(64);
        let text = set("", "versions", "1", &json!({"hash": digits})).unwrap();
        assert_eq!(text, format!("versions:\n  1: {{hash: \"{digits}\"}}\n"));
        assert!(set("environments: 3", "environments", "a", &json!(1)).is_err());
    }
}
