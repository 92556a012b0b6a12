//! Arguments of a call that come in pieces (`partialArgs`): values and pieces of strings, each with
//! its place as a JSON path such as `$.items[0].name`.

use serde_json::Value;

use crate::chat::JsonMap;

use super::answer::PartialArg;

/// Elements come in order; an index further beyond the end is a broken stream and no reason to allocate.
const MOST_GAP: usize = 64;
/// Likewise for the steps of a path.
const MOST_STEPS: usize = 128;

/// The arguments so far.
#[derive(Debug, Default)]
pub(super) struct Arguments(JsonMap);

impl Arguments {
    /// Adds a piece. A path that is none, or that contradicts what is there, adds nothing.
    pub(super) fn add(&mut self, piece: PartialArg) {
        let value = match piece {
            PartialArg {
                string_value: Some(text),
                ..
            } => Value::String(text),
            PartialArg {
                number_value: Some(number),
                ..
            } => Value::Number(number),
            PartialArg {
                bool_value: Some(value),
                ..
            } => Value::Bool(value),
            PartialArg {
                null_value: true, ..
            } => Value::Null,
            _ => return,
        };
        let Some(steps) = steps(&piece.json_path) else {
            return;
        };
        let mut steps = steps.into_iter();
        let Some(Step::Key(first)) = steps.next() else {
            return;
        };
        let mut place = self.0.entry(first).or_insert(Value::Null);
        for step in steps {
            let Some(next) = step.down(place) else {
                return;
            };
            place = next;
        }
        match (place, value) {
            (Value::String(text), Value::String(more)) => text.push_str(&more),
            (place, value) => *place = value,
        }
    }

    /// The arguments as JSON text.
    pub(super) fn into_text(self) -> String {
        Value::Object(self.0).to_string()
    }
}

enum Step {
    Key(String),
    Index(usize),
}

impl Step {
    fn down(self, place: &mut Value) -> Option<&mut Value> {
        match self {
            Step::Key(key) => {
                if place.is_null() {
                    *place = Value::Object(JsonMap::new());
                }
                Some(place.as_object_mut()?.entry(key).or_insert(Value::Null))
            }
            Step::Index(index) => {
                if place.is_null() {
                    *place = Value::Array(Vec::new());
                }
                let items = place.as_array_mut()?;
                if index >= items.len() {
                    if index - items.len() > MOST_GAP {
                        return None;
                    }
                    items.resize(index + 1, Value::Null);
                }
                items.get_mut(index)
            }
        }
    }
}

/// `$.a.b[0]['c d']`, cut.
fn steps(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if steps.len() >= MOST_STEPS {
            return None;
        }
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (key, tail) = after.split_at(end);
            steps.push(Step::Key(key.to_owned()));
            rest = tail;
            continue;
        }
        let after = rest.strip_prefix('[')?;
        let quote = after
            .chars()
            .next()
            .filter(|mark| matches!(mark, '\'' | '"'));
        if let Some(quote) = quote {
            let (key, tail) = after.get(1..)?.split_once(quote)?;
            steps.push(Step::Key(key.to_owned()));
            rest = tail.strip_prefix(']')?;
        } else {
            let (index, tail) = after.split_once(']')?;
            steps.push(Step::Index(index.parse().ok()?));
            rest = tail;
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn grown(pieces: &[(&str, &str)]) -> String {
        let mut all = Arguments::default();
        for (path, value) in pieces {
            let json = format!("{{\"jsonPath\":{},{value}}}", Value::from(*path));
            all.add(serde_json::from_str(&json).unwrap());
        }
        all.into_text()
    }

    #[test]
    fn pieces_find_their_places() {
        assert_eq!(
            grown(&[
                ("$.items[0].name", "\"stringValue\":\"ap\""),
                ("$.items[0].name", "\"stringValue\":\"ple\""),
                ("$.items[1].price", "\"numberValue\":0.5"),
                ("$['odd key']", "\"boolValue\":true"),
                ("$.none", "\"nullValue\":null"),
            ]),
            "{\"items\":[{\"name\":\"apple\"},{\"price\":0.5}],\"odd key\":true,\"none\":null}"
        );
    }

    #[test]
    fn broken_paths_add_nothing() {
        for path in ["", "a", "$[0]", "$.a[99999999]", "$.a[x]", "$.a['x"] {
            assert!(
                !grown(&[(path, "\"stringValue\":\"x\"")]).contains('x'),
                "{path}"
            );
        }
        assert_eq!(
            grown(&[
                ("$.a", "\"boolValue\":true"),
                ("$.a.b", "\"boolValue\":true")
            ]),
            "{\"a\":true}"
        );
    }
}
