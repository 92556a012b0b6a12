#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;

fn parts(source: &str) -> (Option<(&str, u32)>, &str, (u32, u32)) {
    let split = split("p", source).unwrap();
    (
        split.header,
        split.body,
        (split.body_at.line, split.body_at.column),
    )
}

#[test]
fn cuts_header_and_body() {
    assert_eq!(
        parts("---\nmodel: x\n---\n\n  Hi\n"),
        (Some(("model: x\n", 2)), "Hi", (5, 3))
    );
    assert_eq!(
        parts("\u{feff}---\na: 1\n---\nx"),
        (Some(("a: 1\n", 2)), "x", (4, 1))
    );
    assert_eq!(
        parts("# licence\n\n---\r\na: 1\r\n---\r\nx\r\ny\r\n"),
        (Some(("a: 1\r\n", 4)), "x\r\ny", (6, 1))
    );
    assert_eq!(parts("---\na: 1\n---"), (Some(("a: 1\n", 2)), "", (4, 1)));
    assert_eq!(parts("---\n---\nx"), (Some(("", 2)), "x", (3, 1)));
    assert_eq!(
        parts("---  \na: 1\n--- \nx"),
        (Some(("a: 1\n", 2)), "x", (4, 1))
    );
}

#[test]
fn leaves_a_source_without_header_alone() {
    for source in [
        "",
        " Hi \n",
        "# Title\n\nHi\n",
        "----\nx\n----\n",
        "a\n---\nb\n---\n",
        " ---\na: 1\n---\n",
    ] {
        assert_eq!(parts(source), (None, source, (1, 1)), "{source:?}");
    }
    assert_eq!(parts("\u{feff} Hi \n"), (None, " Hi \n", (1, 1)));
}

#[test]
fn an_open_header_is_an_error() {
    let error = split("p", "# c\n---\nmodel: x\nHi").unwrap_err();
    assert_eq!(
        error.to_string(),
        "p:2:1: the front matter that opens here is never closed: end it with a line `---`"
    );
    assert!(!has_header("---\nmodel: x\nHi"));
}

#[test]
fn sizes_are_limited() {
    let header = format!("---\na: {}\n---\nx", "y".repeat(MAX_HEADER));
    assert!(
        split("p", &header)
            .unwrap_err()
            .to_string()
            .contains("256 KB")
    );
    let body = "x".repeat(MAX_BODY + 1);
    assert!(split("p", &body).unwrap_err().to_string().contains("1 MB"));
    assert!(split("p", &body[1..]).is_ok());
}

fn front(header: &str, keys: Keys) -> Result<FrontMatter> {
    FrontMatter::read("p", &yaml::read_yaml("p", header, 2).unwrap(), keys)
}

#[test]
fn dotted_keys_go_to_ext_by_the_last_dot() {
    let front = front("a.b.c: 1\na.b.d: 2\nx.y: 3\nplain: 4\n", Keys::Open).unwrap();
    assert_eq!(
        Value::Object(front.ext),
        serde_json::json!({"a.b": {"c": 1, "d": 2}, "x": {"y": 3}})
    );
    assert_eq!(front.raw.len(), 4);
}

#[test]
fn wrong_types_name_field_and_place() {
    for (header, expected) in [
        (
            "model: [1]\n",
            "p:2:8: `model` must be a string or a list of strings",
        ),
        ("config: hot\n", "p:2:9: `config` must be a map"),
        (
            "input:\n  default: []\n",
            "p:3:12: `input.default` must be a map",
        ),
        ("tools: a\n", "p:2:8: `tools` must be a list"),
        (
            "- a\n",
            "p:2:1: the front matter must be a map of keys (does the text start with a line `---`?)",
        ),
    ] {
        assert_eq!(front(header, Keys::Open).unwrap_err().to_string(), expected);
    }
    assert_eq!(
        front("mesages: []\n", Keys::Messages)
            .unwrap_err()
            .to_string(),
        "p:2:1: unknown key `mesages`: did you mean `messages`?"
    );
    assert!(front("mesages: []\n", Keys::Open).is_ok());
}
