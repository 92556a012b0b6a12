//! Runs the cases of `conformance/prompt`: what prompt files mean, and where they are wrong.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::path::Path;

use serde_json::{Map, Value, json};
use slugline::chat::Message;
use slugline::prompt::{
    Address, FileStore, Finding, Level, Prompt, PromptStore, RenderPrompt, StoreOptions, lint,
};
use slugline::template::MissingPolicy;
use slugline::{Error, Result};

mod pattern;

const KEYS: &[&str] = &[
    "name",
    "files",
    "address",
    "variant",
    "options",
    "variables",
    "defaults",
    "history",
    "template",
    "missing",
    "expect",
];

#[test]
fn prompt_cases() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/prompt");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let (mut passed, mut failures) = (0, Vec::new());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let cases: Value = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for case in cases["cases"].as_array().unwrap() {
            let name = format!(
                "{} / {}",
                file.file_stem().unwrap().to_string_lossy(),
                case["name"].as_str().unwrap()
            );
            if let Some(key) = case
                .as_object()
                .unwrap()
                .keys()
                .find(|key| !KEYS.contains(&key.as_str()))
            {
                failures.push(format!("{name}: unknown key {key}"));
                continue;
            }
            match check(case) {
                None => passed += 1,
                Some(why) => failures.push(format!("{name}: {why}")),
            }
        }
    }
    println!("{passed} passed");
    assert!(
        failures.is_empty(),
        "{} failed\n{}",
        failures.len(),
        failures.join("\n")
    );
}

fn check(case: &Value) -> Option<String> {
    let got = run(case).unwrap_or_else(|error| {
        let mut json = serde_json::to_value(&error).unwrap();
        // The place is compared on its own; the words are those after it.
        json["message"] = error.data().message.clone().into();
        json!({ "error": json })
    });
    let expect = &case["expect"];
    if expect.get("error").is_none() && got.get("error").is_some() {
        return Some(format!("failed with {}", got["error"]));
    }
    pattern::mismatch("expect", expect, &got)
}

fn run(case: &Value) -> Result<Value> {
    let texts = case["files"].as_object().unwrap();
    let texts = texts
        .iter()
        .map(|(path, text)| (path.clone(), text.as_str().unwrap().to_owned()));
    let word = |key: &str| case["options"][key].as_str().map(str::to_owned);
    let options = StoreOptions {
        default_workspace: word("default_workspace"),
        default_project: word("default_project"),
        schemas: map(&case["options"]["schemas"]),
        ..StoreOptions::default()
    };
    let store = FileStore::in_memory(texts, options)?;
    if case["expect"].get("lint").is_some() {
        let findings = lint(&store, case["address"].as_str())?;
        return Ok(json!({"lint": findings.iter().map(shown).collect::<Vec<_>>()}));
    }
    let mut address = Address::parse(case["address"].as_str().unwrap_or("p"))?;
    address.variant = case["variant"].as_str().map(str::to_owned);
    let prompt = store.load(&address)?;
    let mut got = view(&prompt);
    let expect = &case["expect"];
    let wants = |key: &str| expect.get(key).is_some();
    if wants("info") {
        got.insert(
            "info".into(),
            serde_json::to_value(store.get(&address)?).unwrap(),
        );
    }
    if wants("messages") || wants("request_messages") || wants("warnings") || wants("error") {
        let rendered = render(case, &prompt)?;
        let codes: Vec<&str> = rendered
            .warnings
            .iter()
            .map(|warning| warning.code.as_str())
            .collect();
        got.insert("warnings".into(), json!(codes));
        got.insert("trim".into(), rendered.trim.into());
        got.insert(
            "messages".into(),
            serde_json::to_value(&rendered.messages).unwrap(),
        );
    }
    Ok(got.into())
}

/// `LEVEL CODE FILE:LINE:COLUMN+LENGTH`
fn shown(finding: &Finding) -> String {
    let at = &finding.location;
    let number =
        |number: Option<u32>| number.map_or_else(|| "-".to_owned(), |number| number.to_string());
    let length = finding
        .length
        .map_or_else(String::new, |length| format!("+{length}"));
    let level = if finding.level == Level::Error {
        "error"
    } else {
        "warning"
    };
    let file = at.file.as_deref().unwrap_or("-");
    format!(
        "{level} {} {file}:{}:{}{length}",
        finding.code,
        number(at.line),
        number(at.column)
    )
}

fn render(case: &Value, prompt: &Prompt) -> Result<slugline::prompt::RenderedMessages> {
    let messages = |key: &str| -> Result<Option<Vec<Message>>> {
        let list = case
            .get(key)
            .map(|list| serde_json::from_value(list.clone()));
        list.transpose()
            .map_err(|error| Error::invalid(key, error.to_string()))
    };
    let history = messages("history")?.unwrap_or_default();
    let template = messages("template")?;
    let defaults = map(&case["defaults"]);
    prompt.render(&RenderPrompt {
        defaults: Some(&defaults),
        history: &history,
        template: template.as_deref(),
        missing: match case["missing"].as_str() {
            Some("empty") => MissingPolicy::Empty,
            Some("keep") => MissingPolicy::Keep,
            _ => MissingPolicy::Error,
        },
        ..RenderPrompt::new(&map(&case["variables"]))
    })
}

/// What a case may expect of a loaded prompt.
fn view(prompt: &Prompt) -> Map<String, Value> {
    let variants: Vec<Value> = prompt
        .variants
        .iter()
        .map(|variant| json!({"name": variant.name, "weight": variant.weight}))
        .collect();
    let view = json!({
        "reference": prompt.reference, "file": prompt.file, "name": prompt.name, "description": prompt.description,
        "options": prompt.options, "project": prompt.project, "project_model": prompt.project_model,
        "variants": variants, "salt": prompt.salt, "input_schema": prompt.input_schema,
        "output_schema": prompt.output_schema, "defaults": prompt.defaults, "metadata": prompt.metadata,
        "ext": prompt.ext, "raw": prompt.raw, "source": *prompt.source,
    });
    view.as_object().cloned().unwrap()
}

fn map(value: &Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}
