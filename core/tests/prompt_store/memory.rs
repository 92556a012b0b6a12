//! What is not a folder: schemas from code, prompts in memory.

use super::*;

#[test]
fn named_schemas_are_files_or_code() {
    let root = Root::new(&[
        ("schemas/Person.yaml", "name: string\nage?: integer\n"),
        ("schemas/Tone.json", r#"{"enum": ["warm", "cool"]}"#),
        (
            "greet.prompt",
            "---\ninput: {schema: {who: Person, tone: Tone, mood: Mood}}\n---\nHi",
        ),
    ]);
    let options = StoreOptions {
        schemas: json!({"Mood": "string, how it feels"})
            .as_object()
            .cloned()
            .unwrap(),
        ..StoreOptions::default()
    };
    let schema = root
        .store_with(options)
        .load(&at("greet"))
        .unwrap()
        .input_schema
        .clone()
        .unwrap();
    assert_eq!(
        schema["properties"]["who"]["properties"]["age"]["type"],
        json!(["integer", "null"])
    );
    assert_eq!(
        schema["properties"]["tone"]["enum"],
        json!(["warm", "cool"])
    );
    assert_eq!(schema["properties"]["mood"]["description"], "how it feels");
    let error = fails(&root.store(), "greet");
    assert!(error.to_string().starts_with("greet.prompt:2:"), "{error}");
    assert!(
        error.to_string().contains("no schema has the name `Mood`"),
        "{error}"
    );
}

#[test]
fn memory_is_laid_out_like_a_folder() {
    let texts = [
        ("greet", "Hi"),
        ("greet.short", "H"),
        ("dir/faq.prompt.yaml", "messages: []"),
    ];
    let texts = texts.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let store = FileStore::in_memory(texts, StoreOptions::default()).unwrap();
    assert_eq!(source(&store, "greet"), "Hi");
    assert_eq!(
        &*store.load(&at("greet").variant("short")).unwrap().source,
        "H"
    );
    let list = store.list().unwrap();
    assert_eq!(
        list.iter()
            .map(|info| info.slug.as_str())
            .collect::<Vec<_>>(),
        ["dir/faq", "greet"]
    );
    assert_eq!(
        store.publish("greet", None).unwrap_err().kind(),
        ErrorKind::ConfigError
    );
    for name in ["../x", "", "a b", ".x"] {
        let texts = [(name.to_owned(), String::new())];
        assert!(
            FileStore::in_memory(texts, StoreOptions::default()).is_err(),
            "{name}"
        );
    }
}
