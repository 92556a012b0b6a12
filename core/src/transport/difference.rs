//! Where two JSON values first differ, as a path and never as the values: a request may hold anything.

use serde_json::{Map, Number, Value};

/// The path of the first difference, for example `messages[0].content`; `""` where the values differ as a whole.
///
/// The order of keys does not count, nor does the way a number is written.
pub(super) fn first_difference(expected: &Value, found: &Value) -> Option<String> {
    let mut path = String::new();
    differs(expected, found, &mut path).then_some(path)
}

/// Leaves `path` at the difference, or as it was.
fn differs(expected: &Value, found: &Value, path: &mut String) -> bool {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => objects_differ(expected, found, path),
        (Value::Array(expected), Value::Array(found)) => {
            let longest = expected.len().max(found.len());
            (0..longest).any(|index| {
                at(path, &format!("[{index}]"), |path| {
                    pair_differs(expected.get(index), found.get(index), path)
                })
            })
        }
        (Value::Number(expected), Value::Number(found)) => !same_number(expected, found),
        _ => expected != found,
    }
}

fn objects_differ(
    expected: &Map<String, Value>,
    found: &Map<String, Value>,
    path: &mut String,
) -> bool {
    let added = found.keys().filter(|key| !expected.contains_key(*key));
    expected.keys().chain(added).any(|key| {
        at(path, &step(key, path.is_empty()), |path| {
            pair_differs(expected.get(key), found.get(key), path)
        })
    })
}

fn pair_differs(expected: Option<&Value>, found: Option<&Value>, path: &mut String) -> bool {
    match (expected, found) {
        (Some(expected), Some(found)) => differs(expected, found, path),
        _ => true,
    }
}

/// Compares one step further down; the step stays on the path where there is a difference.
fn at(path: &mut String, step: &str, compare: impl FnOnce(&mut String) -> bool) -> bool {
    let length = path.len();
    path.push_str(step);
    let differs = compare(path);
    if !differs {
        path.truncate(length);
    }
    differs
}

fn step(key: &str, first: bool) -> String {
    let plain = !key.is_empty()
        && key
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'$'));
    match (plain, first) {
        (true, true) => key.to_owned(),
        (true, false) => format!(".{key}"),
        (false, _) => format!("[{}]", Value::from(key)),
    }
}

/// 1 and 1.0 are one number: some languages have only one type for both.
fn same_number(left: &Number, right: &Number) -> bool {
    let whole = |number: &Number| number.is_i64() || number.is_u64();
    if whole(left) && whole(right) {
        left == right
    } else {
        left.as_f64() == right.as_f64()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn equal_values_have_none() {
        for (left, right) in [
            (
                json!({"a": 1, "b": [2, {"c": null}]}),
                json!({"b": [2, {"c": null}], "a": 1}),
            ),
            (json!(1), json!(1.0)),
            (
                json!(18446744073709551615_u64),
                json!(18446744073709551615_u64),
            ),
        ] {
            assert_eq!(first_difference(&left, &right), None);
        }
    }

    #[test]
    fn the_path_leads_to_the_first_one() {
        for (left, right, path) in [
            (
                json!({"m": [{"c": "x"}]}),
                json!({"m": [{"c": "y"}]}),
                "m[0].c",
            ),
            (json!({"m": [1, 2]}), json!({"m": [1]}), "m[1]"),
            (json!({"m": [1]}), json!({"m": [1, 2]}), "m[1]"),
            (json!({"a": 1}), json!({"a": 1, "b": null}), "b"),
            (json!({"a": 1, "b": null}), json!({"a": 1}), "b"),
            (
                json!({"a": {"x.y": 1}}),
                json!({"a": {"x.y": 2}}),
                "a[\"x.y\"]",
            ),
            (json!({"a": 1}), json!({"a": "1"}), "a"),
            (json!(9007199254740993_u64), json!(9007199254740992_u64), ""),
            (json!({"a": 1.5}), json!({"a": 1}), "a"),
        ] {
            assert_eq!(first_difference(&left, &right).as_deref(), Some(path));
        }
    }
}
