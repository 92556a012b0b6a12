//! Random prompt files: whatever the bytes, the answer is a prompt or a typed error, and soon.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use proptest::prelude::*;
use serde_json::{Map, json};
use slugline::ErrorKind;
use slugline::prompt::{Address, FileStore, PromptStore, RenderPrompt, StoreOptions, lint};

/// Pieces that prompt files are made of, so that random ones get past the first check.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "---\n", "\n", "\r\n", "\u{feff}", "# c\n", "model: a/x\n", "config:\n", "  topP: 1\n", "config: {a: [1, 2]}\n",
    "input:\n", "  schema:\n", "    a?: string, x\n", "    b(array): B\n", "  default: {a: 1}\n", "output: {schema: {a: any}}\n",
    "tools: [x]\n", "toolDefs: [{name: f}]\n", "variants: {v: {weight: 1}}\n", "slugline.missing: keep\n", "x.y: &a [1]\n",
    "z: *a\n", "<<: *a\n", "k: !t v\n", "k: 0x1F\n", "k: .nan\n", "messages:\n", "  - role: user\n", "    content: |\n",
    "      Hi {{a}}\n", "    when: a\n", "  - {placeholder: history}\n", "{{a}}", "{{#if a}}", "{{else}}", "{{/if}}",
    "{{#each b}}", "{{/each}}", "{{> p}}", "{{role \"system\"}}", "{{history}}", "{{", "}}", "\"", "'", "{", "}", "[", "]", ":", "?",
    "é", "\u{1F600}", "\t", "<system>\n", "</system>\n", "{\"messages\":", "[{\"role\":\"user\",\"content\":\"x\"}]", "}",
];

fn source() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        1 => "\\PC{0,6}",
    ];
    proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_file_is_a_prompt_or_a_typed_error(text in source(), partial in source(), format in 0..3usize) {
        let start = Instant::now();
        let file = ["p.prompt", "p.prompt.yaml", "p.prompt.json"][format];
        let files = [(file, text), ("_p.prompt", partial)].map(|(name, text)| (name.to_owned(), text));
        let store = FileStore::in_memory(files, StoreOptions::default()).unwrap();
        match store.load(&Address::new("p").unwrap()) {
            Err(error) => {
                prop_assert!(matches!(error.kind(), ErrorKind::TemplateError), "{error:?}");
                let location = error.data().location.clone();
                prop_assert!(location.is_some_and(|location| location.file.is_some()), "{error:?}");
            }
            Ok(prompt) => {
                let variables: Map<_, _> = json!({"a": "x", "b": [1, {"a": 2}]}).as_object().cloned().unwrap();
                if let Err(error) = prompt.render(&RenderPrompt::new(&variables)) {
                    let known = [ErrorKind::TemplateError, ErrorKind::MissingVariable, ErrorKind::InvalidVariables];
                    prop_assert!(known.contains(&error.kind()), "{error:?}");
                }
            }
        }
        let _ = lint(&store, None);
        store.check();
        prop_assert!(start.elapsed() < Duration::from_secs(2));
    }
}
