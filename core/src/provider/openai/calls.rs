//! Pieces of tool calls, put to the right call. Hosts number, repeat and cut them in many ways:
//!
//! - the pieces of a call share an `index`, which may start anywhere and is counted from 0 here;
//! - the first id and the first name that are not empty hold, they are never joined;
//! - where the index is missing, a new id, or a name after a named call, begins a new call;
//! - a host that sends every whole call under index 0 gives each another id and name: those are new calls.

use serde_json::Value;

use super::types::{AnswerCall, AnswerFunction, Raw};
use crate::chat::{JsonMap, ToolCallDelta};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::arguments::compact;

/// More calls than any model makes in one turn.
const MOST: usize = 4096;

/// The calls of one choice so far; their arguments are passed on, not kept.
#[derive(Debug, Default)]
pub(super) struct Calls {
    list: Vec<Call>,
    announced: u32,
    /// What must come back has changed since it was last asked for.
    replay_due: bool,
}

#[derive(Debug, Default)]
struct Call {
    wire_index: Option<i64>,
    id: String,
    /// The id is the host's own.
    id_given: bool,
    /// Its place as the caller sees it, once its name is known.
    index: Option<u32>,
    /// Arguments that came before the name.
    waiting: String,
    /// What must come back with the call: Google's `extra_content`, the type of a custom call.
    replay: JsonMap,
}

impl Calls {
    /// Takes one element of `tool_calls`, which has `of` elements.
    pub(super) fn add(
        &mut self,
        piece: AnswerCall<'_>,
        place: usize,
        of: usize,
        out: &mut Vec<ToolCallDelta>,
    ) -> Result<()> {
        let custom = piece.kind.get() == Some("custom");
        let AnswerFunction { name, arguments } = match custom {
            true => piece.custom.map(|call| *call).or(piece.function),
            false => piece.function,
        }
        .unwrap_or_default();
        let (id, name) = (piece.id.get(), name.get());
        let at = self.find(piece.index.0, id, name, place, of);
        if at == self.list.len() {
            if at >= MOST {
                let message = "the provider sent more tool calls than can be right";
                return Err(Error::new(ErrorKind::InvalidResponse, message));
            }
            self.list.push(Call {
                wire_index: piece.index.0,
                ..Call::default()
            });
        }
        let call = &mut self.list[at];
        if let (true, Some(id)) = (call.id.is_empty(), id) {
            id.clone_into(&mut call.id);
            call.id_given = true;
        }
        if custom {
            call.replay.insert("type".into(), "custom".into());
            self.replay_due = true;
        }
        if let Some(Ok(extra)) = piece
            .extra_content
            .map(|raw| serde_json::from_str(raw.get()))
        {
            call.replay.insert("extra_content".into(), extra);
            self.replay_due = true;
        }
        let arguments = arguments.map(text).unwrap_or_default();
        match (call.index, name) {
            (Some(index), _) if !arguments.is_empty() => out.push(ToolCallDelta {
                index,
                arguments,
                ..ToolCallDelta::default()
            }),
            (Some(_), _) => {}
            (None, Some(name)) => {
                call.waiting.push_str(&arguments);
                out.push(call.announce(name, &mut self.announced));
            }
            (None, None) => call.waiting.push_str(&arguments),
        }
        Ok(())
    }

    /// The choice is complete: calls whose name never came are passed on without one.
    pub(super) fn finish(&mut self, out: &mut Vec<ToolCallDelta>) {
        for call in &mut self.list {
            if call.index.is_none() {
                out.push(call.announce("", &mut self.announced));
            }
        }
    }

    /// Whether [`replay`](Calls::replay) has changed since this was last asked.
    pub(super) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.replay_due)
    }

    /// By id, what must come back with the calls.
    pub(super) fn replay(&self) -> JsonMap {
        self.list
            .iter()
            .filter(|call| !call.replay.is_empty())
            .map(|call| (call.id.clone(), Value::Object(call.replay.clone())))
            .collect()
    }

    /// The place of the call a piece belongs to; the length of the list for a new one.
    fn find(
        &self,
        index: Option<i64>,
        id: Option<&str>,
        name: Option<&str>,
        place: usize,
        of: usize,
    ) -> usize {
        let new = self.list.len();
        if index.is_some() {
            let same = |call: &Call| call.wire_index == index;
            let Some(at) = self.list.iter().rposition(same) else {
                return new;
            };
            let call = &self.list[at];
            let another_id = call.id_given && id.is_some_and(|id| id != call.id);
            let begun = call.index.is_some();
            return if another_id && name.is_some() && begun {
                new
            } else {
                at
            };
        }
        if let Some(id) = id {
            return self
                .list
                .iter()
                .position(|call| call.id == id)
                .unwrap_or(new);
        }
        let Some(last) = self.list.last() else {
            return new;
        };
        match name {
            Some(_) if last.index.is_some() => new,
            None if of > 1 && place < new => place,
            _ => new - 1,
        }
    }
}

/// Arguments as JSON text. An object is written as it is, so that no number and no order changes.
fn text(raw: Raw<'_>) -> String {
    match raw.get().starts_with('"') {
        true => serde_json::from_str(raw.get()).unwrap_or_default(),
        false => compact(raw.get()),
    }
}

impl Call {
    fn announce(&mut self, name: &str, announced: &mut u32) -> ToolCallDelta {
        if self.id.is_empty() {
            self.id = format!("call_{}", uuid::Uuid::new_v4().simple());
        }
        let index = *announced;
        *announced += 1;
        self.index = Some(index);
        ToolCallDelta {
            index,
            id: Some(self.id.clone()),
            name: Some(name.to_owned()),
            arguments: std::mem::take(&mut self.waiting),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// Feeds lists of pieces; gives back (id, name, arguments) per call.
    fn add_up(lists: &[&str]) -> Vec<(String, String, String)> {
        let mut calls = Calls::default();
        let mut out = Vec::new();
        for list in lists {
            let pieces: Vec<AnswerCall<'_>> = serde_json::from_str(list).unwrap();
            let of = pieces.len();
            for (place, piece) in pieces.into_iter().enumerate() {
                calls.add(piece, place, of, &mut out).unwrap();
            }
        }
        calls.finish(&mut out);
        let mut all: Vec<(String, String, String)> = Vec::new();
        for delta in out {
            let index = delta.index as usize;
            assert!(index <= all.len(), "a gap before {index}");
            if index == all.len() {
                all.push((delta.id.unwrap(), delta.name.unwrap(), String::new()));
            }
            all[index].2.push_str(&delta.arguments);
        }
        all
    }

    fn call(id: &str, name: &str, arguments: &str) -> (String, String, String) {
        (id.to_owned(), name.to_owned(), arguments.to_owned())
    }

    #[test]
    fn pieces_join_by_index_wherever_it_starts() {
        let lists = [
            r#"[{"index":1,"id":"a","type":"function","function":{"name":"f","arguments":""}}]"#,
            r#"[{"index":1,"function":{"arguments":"{\"x\":"}}]"#,
            r#"[{"index":3,"id":"b","function":{"name":"g","arguments":null}}]"#,
            r#"[{"index":1,"id":"a","function":{"name":"f","arguments":"1}"}}]"#,
            r#"[{"index":3,"id":"","function":{"name":"","arguments":"{}"}}]"#,
        ];
        assert_eq!(
            add_up(&lists),
            [call("a", "f", "{\"x\":1}"), call("b", "g", "{}")]
        );
    }

    #[test]
    fn whole_calls_in_one_delta() {
        let both = r#"[{"id":"a","function":{"name":"f","arguments":{"x": [1, 2.0]}}},
                       {"id":"b","function":{"name":"f","arguments":"{}"}}]"#;
        let calls = [call("a", "f", "{\"x\":[1,2.0]}"), call("b", "f", "{}")];
        assert_eq!(add_up(&[both]), calls);
        let on_one_index = [
            r#"[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":[1,2.0]}"}}]"#,
            r#"[{"index":0,"id":"b","function":{"name":"f","arguments":"{}"}}]"#,
        ];
        assert_eq!(add_up(&on_one_index), calls);
    }

    #[test]
    fn without_indexes_and_ids_the_order_decides() {
        let lists = [
            r#"[{"function":{"name":"f","arguments":"{"}}]"#,
            r#"[{"function":{"arguments":"}"}}]"#,
            r#"[{"function":{"name":"g","arguments":"{}"}}]"#,
        ];
        let calls = add_up(&lists);
        assert_eq!(calls.len(), 2);
        assert_eq!((calls[0].1.as_str(), calls[0].2.as_str()), ("f", "{}"));
        assert_eq!((calls[1].1.as_str(), calls[1].2.as_str()), ("g", "{}"));
        assert!(calls[0].0.starts_with("call_") && calls[0].0 != calls[1].0);
    }

    #[test]
    fn a_new_random_id_on_each_piece_is_no_new_call() {
        let lists = [
            r#"[{"index":0,"id":"r1","function":{"name":"f","arguments":"{"}}]"#,
            r#"[{"index":0,"id":"r2","function":{"arguments":"}"}}]"#,
        ];
        assert_eq!(add_up(&lists), [call("r1", "f", "{}")]);
    }

    #[test]
    fn arguments_wait_for_the_name() {
        let lists = [
            r#"[{"index":0,"function":{"arguments":"{\"a\""}}]"#,
            r#"[{"index":1,"id":"b","function":{"name":"g","arguments":"{}"}}]"#,
            r#"[{"index":0,"id":"a","function":{"name":"f","arguments":":1}"}}]"#,
        ];
        assert_eq!(
            add_up(&lists),
            [call("b", "g", "{}"), call("a", "f", "{\"a\":1}")]
        );
    }

    #[test]
    fn a_custom_call_reads_as_a_function_and_is_remembered() {
        let mut calls = Calls::default();
        let mut out = Vec::new();
        let piece = r#"{"id":"a","type":"custom","custom":{"name":"sql","input":"select 1"}}"#;
        calls
            .add(serde_json::from_str(piece).unwrap(), 0, 1, &mut out)
            .unwrap();
        assert_eq!(out[0].name.as_deref(), Some("sql"));
        assert_eq!(out[0].arguments, "select 1");
        assert_eq!(calls.replay()["a"]["type"], "custom");
    }
}
