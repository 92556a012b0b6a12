//! What the fuzz targets do with their bytes. `tests/fuzz_corpus.rs` does the same with every file of the
//! corpus. Whatever the bytes: a prompt or a typed error, never a panic, and no `internal`.
#![allow(dead_code, reason = "each target uses one of them")]

use std::sync::Arc;

use serde_json::{Map, Value, json};
use slugline::prompt::{Address, FileStore, PromptStore, RenderPrompt, Rules, StoreOptions, lint};
use slugline::template::{Helpers, Limits, MissingPolicy};
use slugline::{Error, ErrorKind};

/// Small enough that no single input takes long.
fn options() -> StoreOptions {
    let limits = Limits {
        loop_iterations: 10_000,
        partial_expansions: 1_000,
        output_bytes: 1 << 20,
        ..Limits::DEFAULT
    };
    let mut helpers = Helpers::new();
    let first =
        |list: &[Value], _: &Map<String, Value>| Ok(list.first().cloned().unwrap_or_default());
    assert!(helpers.register("host", first).is_ok());
    StoreOptions {
        rules: Arc::new(Rules { limits, helpers }),
        ..StoreOptions::default()
    }
}

fn known(error: &Error) {
    assert_ne!(error.kind(), ErrorKind::Internal, "{error:?}");
}

/// Loads, describes, lints and renders the prompt `p`.
fn try_prompt(files: Vec<(&str, String)>, variables: &Map<String, Value>) {
    let files = files
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text));
    let store = match FileStore::in_memory(files, options()) {
        Ok(store) => store,
        Err(error) => return known(&error),
    };
    let address = match Address::new("p") {
        Ok(address) => address,
        Err(error) => return known(&error),
    };
    if let Err(error) = store.list() {
        known(&error);
    }
    if let Err(error) = lint(&store, None) {
        known(&error);
    }
    store.check().iter().for_each(known);
    let prompt = match store.load(&address) {
        Ok(prompt) => prompt,
        Err(error) => return known(&error),
    };
    prompt.template();
    for missing in [
        MissingPolicy::Error,
        MissingPolicy::Empty,
        MissingPolicy::Keep,
    ] {
        let input = RenderPrompt {
            missing,
            ..RenderPrompt::new(variables)
        };
        if let Err(error) = prompt.render(&input) {
            known(&error);
        }
    }
}

/// A letter, then a file: `p` front matter and template, `y` and `j` messages files, `s` a schema.
pub(crate) fn parse(bytes: &[u8]) {
    let Some((kind, text)) = bytes.split_first() else {
        return;
    };
    let text = String::from_utf8_lossy(text).into_owned();
    let files = match kind {
        b'y' => vec![("p.prompt.yaml", text)],
        b'j' => vec![("p.prompt.json", text)],
        b's' => {
            let uses = "---\ninput: {schema: {a?: S}}\noutput: {schema: S}\n---\n{{a}}";
            vec![("p.prompt", uses.to_owned()), ("schemas/S.yaml", text)]
        }
        _ => vec![("p.prompt", text)],
    };
    let variables = json!({"a": "x", "b": [1, {"a": 2}]});
    try_prompt(files, variables.as_object().unwrap_or(&Map::new()));
}

/// Template, partial `q` and data as JSON, with form feeds between them.
pub(crate) fn render(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut parts = text.splitn(3, '\u{c}');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let (template, partial, data) = (part(), part(), part());
    let data = serde_json::from_str(&data).unwrap_or_else(
        |_| json!({"a": "x", "l": [1, {"a": 2}, [""]], "o": {"a": null, "l": []}, "n": -0.5}),
    );
    let files = vec![("p.prompt", template), ("_q.prompt", partial)];
    try_prompt(files, data.as_object().unwrap_or(&Map::new()));
}
