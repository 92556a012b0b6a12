//! The vectors of assignment and content hashes that all languages share.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use slugline::assign::{self, Draw};
use slugline::prompt::{Address, FileStore, PromptStore, StoreOptions};

fn vectors() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/conformance/template/variants.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn list<'a>(vectors: &'a Value, key: &str) -> &'a [Value] {
    let list = vectors[key].as_array().unwrap();
    assert!(!list.is_empty());
    list
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap()
}

#[test]
fn draws() {
    for case in list(&vectors(), "draws") {
        let kind = match text(case, "kind") {
            "traffic" => Draw::Traffic,
            "arm" => Draw::Arm,
            other => panic!("{other}"),
        };
        let draw = assign::draw(
            kind,
            text(case, "id"),
            text(case, "salt"),
            text(case, "key"),
        );
        assert_eq!(draw, case["draw"].as_f64().unwrap(), "{case}");
    }
}

#[test]
fn traffic() {
    for case in list(&vectors(), "traffic") {
        let share = case["share"].as_f64().unwrap();
        let takes_part = assign::takes_part(
            text(case, "id"),
            text(case, "salt"),
            text(case, "key"),
            share,
        );
        assert_eq!(takes_part, case["takes_part"], "{case}");
    }
}

#[test]
fn arms() {
    for case in list(&vectors(), "arms") {
        let arms: Vec<(&str, f64)> = case["arms"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, weight)| (name.as_str(), weight.as_f64().unwrap()))
            .collect();
        let arm = assign::arm(
            text(case, "id"),
            text(case, "salt"),
            text(case, "key"),
            &arms,
        );
        assert_eq!(arm, case["arm"].as_str(), "{case}");
    }
}

#[test]
fn hashes() {
    for case in list(&vectors(), "hashes") {
        let files = case["files"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(path, text)| (path.clone(), text.as_str().unwrap().to_owned()));
        let store = FileStore::in_memory(files, StoreOptions::default()).unwrap();
        let prompt = store
            .load(&Address::new(text(case, "slug")).unwrap())
            .unwrap();
        assert_eq!(
            prompt.reference.hash,
            text(case, "hash"),
            "{}",
            case["name"]
        );
    }
}
