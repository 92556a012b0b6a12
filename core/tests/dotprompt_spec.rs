//! Runs the public Dotprompt spec against the loader and the renderer.
//!
//! The data stays where it is; without it the test says so and passes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use slugline::chat::{JsonMap, Message, Role};
use slugline::prompt::{Address, FileStore, Prompt, PromptStore, RenderPrompt, StoreOptions};
use slugline::template::MissingPolicy;

const TESTS: usize = 117;

#[test]
fn dotprompt_spec() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/dotprompt-spec");
    if !folder.is_dir() {
        println!("skipped: no folder shared/data/dotprompt-spec beside the repository");
        return;
    }
    let mut passed = 0;
    let mut failures = Vec::new();
    for file in spec_files(&folder) {
        let text = std::fs::read_to_string(&file).unwrap();
        let suites: Vec<Value> = serde_saphyr::from_str(&text).unwrap();
        for suite in &suites {
            for test in suite["tests"].as_array().unwrap() {
                match run(suite, test) {
                    Ok(()) => passed += 1,
                    Err(why) => failures.push(format!(
                        "{} / {} / {}: {why}",
                        file.file_name().unwrap().to_string_lossy(),
                        suite["name"],
                        test["desc"]
                    )),
                }
            }
        }
    }
    println!("{passed} passed");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(passed, TESTS);
}

fn spec_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in [folder.to_owned(), folder.join("helpers")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path
                .extension()
                .is_some_and(|extension| extension == "yaml")
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

fn run(suite: &Value, test: &Value) -> Result<(), String> {
    let mut texts = vec![("prompt".to_owned(), text(&suite["template"]))];
    let mut schemas = JsonMap::new();
    for key in ["partials", "resolverPartials"] {
        texts.extend(entries(&suite[key]).map(|(name, value)| (format!("_{name}"), text(value))));
    }
    for key in ["schemas", "resolverSchemas"] {
        schemas.extend(entries(&suite[key]).map(|(name, value)| (name.clone(), value.clone())));
    }
    let options = StoreOptions {
        schemas,
        ..StoreOptions::default()
    };
    let shown = |error: slugline::Error| error.to_string();
    let store = FileStore::in_memory(texts, options).map_err(shown)?;
    let prompt = store
        .load(&Address::new("prompt").map_err(shown)?)
        .map_err(shown)?;

    let mut data = suite["data"].as_object().cloned().unwrap_or_default();
    data.extend(test["data"].as_object().cloned().unwrap_or_default());
    let part = |key: &str| {
        data.get(key)
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default()
    };
    let (variables, context) = (part("input"), part("context"));
    let history: Vec<Message> = data
        .get("messages")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(message)
        .collect();
    let defaults = test["options"]["input"]["default"].as_object();
    let messages = prompt
        .render_template_messages(&RenderPrompt {
            defaults,
            history: &history,
            context: Some(&context),
            missing: MissingPolicy::Empty,
            ..RenderPrompt::new(&variables)
        })
        .map_err(shown)?;

    let expect = &test["expect"];
    let messages: Vec<Value> = messages.iter().map(Value::from).collect();
    same("messages", &Value::Array(messages), &expect["messages"])?;
    if let Some(raw) = expect.get("raw") {
        same("raw", &Value::Object(prompt.raw.clone()), raw)?;
    }
    let metadata = metadata(&prompt, defaults);
    for key in [
        "name",
        "variant",
        "version",
        "description",
        "model",
        "output",
        "tools",
        "toolDefs",
    ] {
        same(key, &metadata[key], &expect[key])?;
    }
    let empty = json!({});
    for key in ["config", "ext", "metadata"] {
        same(key, &metadata[key], expect.get(key).unwrap_or(&empty))?;
    }
    if let Some(input) = expect.get("input") {
        same("input", &metadata["input"], input)?;
    }
    Ok(())
}

/// The resolved front matter, as Dotprompt gives it.
fn metadata(prompt: &Prompt, defaults: Option<&JsonMap>) -> Value {
    let raw = |key: &str| prompt.raw.get(key).cloned().unwrap_or_default();
    let mut output = prompt.raw.get("output").and_then(Value::as_object).cloned();
    if let (Some(output), Some(schema)) = (&mut output, &prompt.output_schema) {
        output.insert("schema".to_owned(), schema.clone());
    }
    let mut input = Map::new();
    if let Some(schema) = &prompt.input_schema {
        input.insert("schema".to_owned(), schema.clone());
    }
    let mut default = prompt.defaults.clone();
    default.extend(defaults.cloned().unwrap_or_default());
    if !default.is_empty() {
        input.insert("default".to_owned(), default.into());
    }
    json!({
        "name": raw("name"), "variant": raw("variant"), "version": raw("version"), "description": raw("description"),
        "model": raw("model"), "output": output, "tools": raw("tools"), "toolDefs": raw("toolDefs"),
        "config": prompt.raw.get("config").cloned().unwrap_or_else(|| json!({})),
        "ext": prompt.ext, "metadata": prompt.metadata, "input": input,
    })
}

/// A history message of the spec: its parts are texts.
fn message(value: &Value) -> Message {
    let text: String = value["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["text"].as_str().unwrap())
        .collect();
    let role = match value["role"].as_str().unwrap() {
        "model" => Role::Assistant,
        word => Role::from_word(word).unwrap(),
    };
    Message::new(role, text)
}

fn same(what: &str, ours: &Value, expected: &Value) -> Result<(), String> {
    // Maps of serde_json compare without regard to the order of keys.
    if ours == expected {
        Ok(())
    } else {
        Err(format!("{what} is {ours}, expected {expected}"))
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}
