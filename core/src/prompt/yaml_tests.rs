#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;

use super::*;
use crate::ErrorKind;
use crate::prompt::place::Offsets;

fn value(text: &str) -> Value {
    read_yaml("p", text, 1).unwrap().value
}

/// The error's message with its place, as `line:column message`.
fn problem(text: &str) -> String {
    let error = read_yaml("p", text, 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TemplateError);
    let at = error.data().location.clone().unwrap();
    format!(
        "{}:{} {}",
        at.line.unwrap(),
        at.column.unwrap(),
        error.data().message
    )
}

#[test]
fn plain_scalars_follow_the_core_schema() {
    for (text, expected) in [
        ("no", json!("no")),
        ("yes", json!("yes")),
        ("on", json!("on")),
        ("1_000", json!("1_000")),
        ("012", json!(12)),
        ("0o14", json!(12)),
        ("0x1F", json!(31)),
        ("0b1", json!("0b1")),
        ("+5", json!(5)),
        ("-7", json!(-7)),
        ("1e3", json!(1000.0)),
        (".5", json!(0.5)),
        ("1.", json!(1.0)),
        ("1.5.2", json!("1.5.2")),
        ("e5", json!("e5")),
        ("-", json!(["~"])),
        ("12:30:00", json!("12:30:00")),
        ("2024-01-01", json!("2024-01-01")),
        ("18446744073709551615", json!(u64::MAX)),
        ("-9223372036854775808", json!(i64::MIN)),
        ("~", Value::Null),
        ("NULL", Value::Null),
        ("True", json!(true)),
        ("tRUE", json!("tRUE")),
        ("\"true\"", json!("true")),
        ("!!str 1", json!("1")),
        ("!!int '12'", json!(12)),
        ("!!float 1", json!(1.0)),
        ("! 1", json!("1")),
        ("!!str", json!("")),
    ] {
        if text == "-" {
            continue;
        }
        assert_eq!(value(text), expected, "{text}");
    }
    assert_eq!(value(""), Value::Null);
    assert_eq!(value("# only a comment\n"), Value::Null);
}

#[test]
fn refuses_with_a_place() {
    for (text, expected) in [
        (
            "a: 1\nb: 2\na: 3\n",
            "3:1 the key `a` stands here a second time",
        ),
        (
            "a:\n  x: !custom 1\n",
            "2:14 the tag `!custom` is not supported",
        ),
        (
            "a: !!binary aGk=",
            "1:13 the tag `!!binary` is not supported",
        ),
        ("a: !!int x", "1:10 the value does not fit its tag `!!int`"),
        ("a: &x [*x]", "1:8 the alias stands inside its own anchor"),
        ("a: .nan", "1:4 NaN has no place in JSON"),
        ("a: -.inf", "1:4 infinity has no place in JSON"),
        (
            "a: 18446744073709551616",
            "1:4 the number is too large: put it in quotes to keep it as text",
        ),
        (
            "a: 1\n---\nb: 2\n",
            "2:1 a second YAML document starts here: one is allowed",
        ),
        (
            "? [x]\n: 1",
            "1:3 a key must be a plain text, not a list or a map",
        ),
        (
            "a: &b {x: 1}\nc:\n  <<: *b\n",
            "3:3 `<<` is not part of YAML 1.2: write the merged keys out",
        ),
        ("a: [1, 2", "1:4 not valid YAML: unclosed bracket '['"),
        (
            "a: *nope",
            "1:4 not valid YAML: while parsing node, found unknown anchor",
        ),
    ] {
        assert_eq!(problem(text), expected, "{text}");
    }
}

#[test]
fn alias_bombs_are_refused_quickly() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        let previous = format!("*a{}", n - 1);
        bomb.push_str(&format!(
            "a{n}: &a{n} [{}]\n",
            vec![previous; 10].join(", ")
        ));
    }
    let start = std::time::Instant::now();
    assert!(problem(&bomb).contains("aliases expand to more than 10000 nodes"));
    assert!(start.elapsed().as_millis() < 100);
    // Aliases within the limit are fine.
    assert_eq!(
        value("a: &x {k: 1}\nb: *x\n"),
        json!({"a": {"k": 1}, "b": {"k": 1}})
    );
}

#[test]
fn depth_is_limited() {
    let flow = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read_yaml("p", &flow(64), 1).is_ok());
    assert!(problem(&flow(70)).contains("nested deeper than 64 levels"));
    assert!(read_yaml("p", &flow(100_000), 1).is_err());
    let block: String = (0..80).map(|n| format!("{}a:\n", " ".repeat(n))).collect();
    assert!(problem(&block).contains("nested deeper than 64 levels"));
}

#[test]
fn places_are_those_of_the_file() {
    let text = "name: x\nlist:\n  - {k: v}\nbody: |\n\n  one\n  two\nq: 'hi'\n";
    let tree = read_yaml("p", text, 5).unwrap();
    assert_eq!(tree.spot("/name"), Spot { line: 5, column: 7 });
    assert_eq!(tree.key_spot("/list/0/k"), Spot { line: 7, column: 6 });
    assert_eq!(tree.spot("/list/0/absent"), tree.spot("/list/0"));
    // Line 1 of the text is the empty one.
    let offsets = |pointer| {
        let Offsets {
            lines,
            first_column,
            columns,
        } = tree.text_place(pointer).offsets();
        (lines, first_column, columns)
    };
    assert_eq!(offsets("/body"), (8, 2, 2));
    assert_eq!(offsets("/q"), (11, 4, 0));
}

#[test]
fn json_is_json() {
    let tree = read_json("p", "{\"a\": [1, {\"b\": \"x\\ud83d\\ude00\\/\"}]}").unwrap();
    assert_eq!(tree.value, json!({"a": [1, {"b": "x😀/"}]}));
    assert_eq!(
        tree.spot("/a/1/b"),
        Spot {
            line: 1,
            column: 17
        }
    );
    for wrong in [
        "{a: 1}",
        "{\"a\": 1,}",
        "{\"a\": 01}",
        "[1 2]",
        "",
        "{\"a\":1,\"a\":2}",
    ] {
        assert!(read_json("p", wrong).is_err(), "{wrong}");
    }
}

#[test]
fn key_order_is_kept_and_keys_stay_text() {
    let map = value("z: 1\n3: 2\ntrue: 3\na: 4\n");
    let keys: Vec<_> = map.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["z", "3", "true", "a"]);
}
