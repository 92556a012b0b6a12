//! The patterns of the shared cases: what `core/conformance/README.md` says, in Rust.

use serde_json::Value;

/// The first place where `got` does not match `pattern`, in words; `None` where it does.
pub(crate) fn mismatch(place: &str, pattern: &Value, got: &Value) -> Option<String> {
    match (pattern, got) {
        (Value::String(word), _) if word.starts_with('<') && word.ends_with('>') => {
            let matches = match word.as_str() {
                "<any>" => true,
                "<absent>" => got.is_null(),
                "<string>" => got.is_string(),
                "<number>" => got.is_number(),
                "<bool>" => got.is_boolean(),
                "<uuid>" => got.as_str().is_some_and(is_uuid_v4),
                _ => match word
                    .strip_prefix("<contains:")
                    .and_then(|rest| rest.strip_suffix('>'))
                {
                    Some(part) => got.as_str().is_some_and(|text| text.contains(part)),
                    None => return Some(format!("{place}: unknown pattern {word}")),
                },
            };
            (!matches).then(|| format!("{place}: expected {word}, got {got}"))
        }
        (Value::Object(pattern), Value::Object(got)) => {
            pattern.iter().find_map(|(key, pattern)| {
                mismatch(
                    &format!("{place}.{key}"),
                    pattern,
                    got.get(key).unwrap_or(&Value::Null),
                )
            })
        }
        (Value::Array(pattern), Value::Array(got)) if pattern.len() == got.len() => pattern
            .iter()
            .zip(got)
            .enumerate()
            .find_map(|(index, (pattern, got))| {
                mismatch(&format!("{place}[{index}]"), pattern, got)
            }),
        (Value::Number(pattern), Value::Number(got)) if pattern.as_f64() == got.as_f64() => None,
        _ if pattern == got => None,
        _ => Some(format!("{place}: expected {pattern}, got {got}")),
    }
}

fn is_uuid_v4(text: &str) -> bool {
    uuid::Uuid::parse_str(text).is_ok_and(|uuid| uuid.get_version_num() == 4)
}
