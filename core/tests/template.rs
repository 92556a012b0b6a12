//! Runs the template cases of `conformance/template`, and the public Mustache spec.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};
use slugline::chat::{JsonMap, Message};
use slugline::template::{
    CompileOptions, HistoryPolicy, MissingPolicy, Piece, RenderInput, Template, to_chat,
    to_messages,
};
use slugline::{Error, Result};

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|kind| kind == "json"));
    files.sort();
    files
}

fn read(file: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn name(file: &Path) -> String {
    file.file_stem().unwrap().to_string_lossy().into_owned()
}

fn compiled(partials: &Value) -> Result<HashMap<String, Arc<Template>>> {
    let options = CompileOptions::default();
    let mut found = HashMap::new();
    for (name, source) in partials.as_object().into_iter().flatten() {
        let template = Template::compile(source.as_str().unwrap(), &options)?;
        found.insert(name.clone(), Arc::new(template));
    }
    Ok(found)
}

/// What a case gives, in the form of its `expect`.
fn outcome(case: &Value) -> Value {
    match run(case) {
        Ok(value) => value,
        Err(error) => {
            let says = &case["expect"]["error"]["says"];
            let mut found = json!({ "code": error.code() });
            if let Some(location) = &error.data().location {
                found["line"] = json!(location.line);
                found["column"] = json!(location.column);
            }
            if let Some(says) = says.as_str() {
                let fits = error.data().message.contains(says);
                let message = if fits { says } else { &error.data().message };
                found["says"] = json!(message);
            }
            json!({ "error": found })
        }
    }
}

fn run(case: &Value) -> Result<Value> {
    let no_context = JsonMap::new();
    let no_data = json!({});
    let now = case["now_ms"].as_u64().unwrap_or_default();
    let missing = match &case["missing"] {
        Value::Null => MissingPolicy::default(),
        policy => serde_json::from_value(policy.clone()).unwrap(),
    };
    let template = Template::compile(
        case["template"].as_str().unwrap(),
        &CompileOptions::default(),
    )?;
    let partials = compiled(&case["partials"])?;
    let input = RenderInput {
        context: case["context"].as_object().unwrap_or(&no_context),
        partials: &partials,
        missing,
        now: UNIX_EPOCH + Duration::from_millis(now),
        ..RenderInput::new(case.get("data").unwrap_or(&no_data))
    };
    let rendered = template.render(&input)?;
    if let Some(first) = rendered.missing.first() {
        let paths = rendered.missing.iter().map(|one| one.path.as_str());
        let mut seen = HashSet::new();
        let paths: Vec<&str> = paths.filter(|path| seen.insert(*path)).collect();
        return Ok(json!({ "error": {
            "code": "missing_variable",
            "line": first.location.line,
            "column": first.location.column,
            "variables": paths,
        }}));
    }
    if case["expect"].get("text").is_some() {
        return Ok(match rendered.pieces.as_slice() {
            [] => json!({ "text": "" }),
            [Piece::Text(text)] => json!({ "text": text }),
            pieces => json!({ "pieces": format!("{pieces:?}") }),
        });
    }
    let history: Vec<Message> = match &case["history"] {
        Value::Null => Vec::new(),
        history => serde_json::from_value(history.clone()).unwrap(),
    };
    let messages = to_messages(rendered.pieces, &history, HistoryPolicy::default())?;
    Ok(json!({ "messages": to_chat(messages) }))
}

const KEYS: [&str; 13] = [
    "name",
    "template",
    "data",
    "partials",
    "context",
    "history",
    "now_ms",
    "missing",
    "expect",
    "js",
    "reason",
    "skip",
    "no_prompt",
];

#[test]
fn cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/template");
    let mut failures = Vec::new();
    let mut rows = BTreeSet::new();
    let mut run = 0;
    for file in files(&folder) {
        if name(&file) == "variants" {
            continue;
        }
        let set = read(&file);
        assert!(set["about"].is_string(), "{}", file.display());
        let mut names = HashSet::new();
        for case in set["cases"].as_array().unwrap() {
            let title = format!("{}: {}", name(&file), case["name"].as_str().unwrap());
            assert!(names.insert(title.clone()), "{title}: twice");
            for key in case.as_object().unwrap().keys() {
                assert!(KEYS.contains(&key.as_str()), "{title}: unknown key {key}");
            }
            if let Some(row) = title.strip_prefix("differences: row ") {
                rows.insert(row.split(':').next().unwrap().parse::<u32>().unwrap());
            }
            if let Some(js) = case.get("js") {
                let error = case["expect"].get("error").is_some();
                let same = if js.is_null() {
                    error
                } else {
                    case["expect"]["text"] == *js
                };
                assert_eq!(case.get("reason").is_none(), same, "{title}: reason");
            }
            run += 1;
            let got = outcome(case);
            if got != case["expect"] {
                failures.push(format!(
                    "{title}\n  expected {}\n  got      {got}",
                    case["expect"]
                ));
            }
        }
    }
    println!("{run} cases");
    assert_eq!(
        rows,
        (1..=24).collect(),
        "every row of the list of differences has a case"
    );
    assert!(
        failures.is_empty(),
        "{} of {run} fail\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Tests of the core files that do not pass, by file, and why.
const ALLOWED: [(&str, &[&str]); 2] = [
    // There is no lookup in the parent.
    (
        "sections",
        &[
            "Parent contexts",
            "Variable test",
            "List Contexts",
            "Deeply Nested Contexts",
        ],
    ),
    // An unknown partial is an error; lines inside values are indented too.
    ("partials", &["Failed Lookup", "Standalone Indentation"]),
];

/// There is no HTML escaping: these expect the text as it is.
const ESCAPING: [(&str, &str); 3] = [
    (
        "HTML Escaping",
        "These characters should be HTML escaped: & \" < >\n",
    ),
    (
        "Implicit Iterators - HTML Escaping",
        "These characters should be HTML escaped: & \" < >\n",
    ),
    ("Implicit Iterator - HTML Escaping", "\"(&)(\")(<)(>)\""),
];

fn mustache(test: &Value) -> Result<String, Error> {
    let template = Template::compile(
        test["template"].as_str().unwrap(),
        &CompileOptions::default(),
    )?;
    let partials = compiled(&test["partials"])?;
    let input = RenderInput {
        partials: &partials,
        missing: MissingPolicy::Empty,
        ..RenderInput::new(&test["data"])
    };
    Ok(template.render_text(&input)?.text)
}

#[test]
fn mustache_spec() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/mustache-spec/specs");
    if !folder.is_dir() {
        println!("skipped: no folder shared/data/mustache-spec beside the repository");
        return;
    }
    let mut passed = HashMap::new();
    for file in files(&folder) {
        let file_name = name(&file);
        let set = read(&file);
        let mut failing = Vec::new();
        for test in set["tests"].as_array().unwrap() {
            let title = test["name"].as_str().unwrap();
            let got = mustache(test);
            if let Err(error) = &got {
                assert_eq!(error.code(), "template_error", "{title}: {error}");
            }
            let escaping = ESCAPING.iter().find(|(name, _)| *name == title);
            let expected = escaping.map_or(test["expected"].as_str().unwrap(), |(_, text)| text);
            if got.is_ok_and(|text| text == expected) {
                *passed.entry(file_name.clone()).or_insert(0) += 1;
            } else {
                failing.push(title);
            }
        }
        // Lambdas, inheritance and dynamic names are other languages: they must not crash, no more.
        if file_name.starts_with('~') {
            continue;
        }
        if file_name == "delimiters" {
            for test in set["tests"].as_array().unwrap() {
                let error = mustache(test).expect_err("delimiters are refused");
                assert!(error.to_string().contains("set-delimiter tags"), "{error}");
            }
            continue;
        }
        let allowed = ALLOWED.iter().find(|(name, _)| *name == file_name);
        let allowed: &[&str] = allowed.map_or(&[], |(_, names)| names);
        assert_eq!(failing, allowed, "{file_name}");
    }
    for (file, expected) in [
        ("comments", 12),
        ("interpolation", 42),
        ("inverted", 22),
        ("sections", 30),
        ("partials", 10),
    ] {
        assert_eq!(passed.get(file), Some(&expected), "{file}");
        println!("{file}: {expected}");
    }
}
