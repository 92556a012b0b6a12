//! What a stored prompt costs a call: finding it unchanged, and rendering 2 KB with 10 variables, warm and cold.
#![allow(clippy::unwrap_used, reason = "a benchmark may stop on a bug")]
#![allow(missing_docs, reason = "made by the macros of criterion")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use slugline::chat::JsonMap;
use slugline::prompt::{Address, FileStore, PromptStore, RenderPrompt, StoreOptions};

/// A prompt of 2 KB: system and user message, a partial, 10 variables of 40 characters.
fn files(schema: bool) -> [(String, String); 2] {
    let mut text = String::from("---\nmodel: test/echo\n");
    if schema {
        text.push_str("input:\n  schema:\n");
        (0..10).for_each(|n| writeln!(text, "    v{n}: string").unwrap());
    }
    text.push_str("---\n{{role \"system\"}}{{> tone}}\n{{role \"user\"}}\n");
    for n in 0..10 {
        writeln!(
            text,
            "{}{{{{v{n}}}}}",
            "Words that stand between the variables of a prompt. ".repeat(4)
        )
        .unwrap();
    }
    let tone = "You answer in plain words.\n".to_owned();
    [
        ("p.prompt".to_owned(), text),
        ("_tone.prompt".to_owned(), tone),
    ]
}

fn variables() -> JsonMap {
    (0..10)
        .map(|n| {
            (
                format!("v{n}"),
                "a value of forty characters, more or less".into(),
            )
        })
        .collect()
}

fn prompt(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("prompt");
    let address = Address::new("p").unwrap();
    let variables = variables();
    for (name, schema) in [("render_warm", false), ("render_warm_with_schema", true)] {
        let store = FileStore::in_memory(files(schema), StoreOptions::default()).unwrap();
        let prompt = store.load(&address).unwrap();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                prompt
                    .render(&RenderPrompt::new(black_box(&variables)))
                    .unwrap()
            });
        });
    }
    group.bench_function("load_and_render_cold", |bencher| {
        bencher.iter(|| {
            let store = FileStore::in_memory(files(true), StoreOptions::default()).unwrap();
            let prompt = store.load(&address).unwrap();
            prompt.render(&RenderPrompt::new(&variables)).unwrap()
        });
    });
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files(true) {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    // Files this young are read again each time.
    std::thread::sleep(Duration::from_millis(100));
    for (name, watch) in [("load_unchanged", true), ("load_pinned", false)] {
        let options = StoreOptions {
            watch,
            ..StoreOptions::default()
        };
        let store = FileStore::open(folder.path(), options).unwrap();
        group.bench_function(name, |bencher| {
            bencher.iter(|| store.load(black_box(&address)).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, prompt);
criterion_main!(benches);
