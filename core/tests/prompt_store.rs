//! Prompts in folders: layouts, environments, versions, variants, reload, safety, publishing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use slugline::prompt::{Address, FileStore, PromptInfo, PromptStore, PromptWriter, StoreOptions};
use slugline::{Error, ErrorKind};

struct Root(tempfile::TempDir);

impl Root {
    fn new(files: &[(&str, &str)]) -> Root {
        let root = Root(tempfile::tempdir().unwrap());
        for (path, text) in files {
            root.write(path, text);
        }
        root
    }

    fn workspaces(files: &[(&str, &str)]) -> Root {
        let root = Root::new(files);
        root.write("promptroot.yaml", "layout: workspaces\n");
        root
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap()
    }

    fn store(&self) -> FileStore {
        self.store_with(StoreOptions::default())
    }

    fn store_with(&self, options: StoreOptions) -> FileStore {
        FileStore::open(self.path(), options).unwrap()
    }
}

fn at(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn source(store: &FileStore, address: &str) -> String {
    store.load(&at(address)).unwrap().source.to_string()
}

fn fails(store: &FileStore, address: &str) -> Error {
    store.load(&at(address)).unwrap_err()
}

fn detail<'a>(error: &'a Error, key: &str) -> &'a serde_json::Value {
    &error.data().details[key]
}

fn info<'a>(list: &'a [PromptInfo], slug: &str) -> &'a PromptInfo {
    list.iter().find(|info| info.slug == slug).unwrap()
}

#[test]
fn flat_slugs_are_paths() {
    let root = Root::new(&[
        ("greet.prompt", "Hi"),
        ("dir/greet.prompt", "Hi from dir"),
        ("faq.prompt.yaml", "messages: [{role: user, content: Hi}]"),
        (
            "faq2.prompt.json",
            r#"{"messages": [{"role": "user", "content": "Hi"}]}"#,
        ),
    ]);
    let store = root.store();
    assert_eq!(source(&store, "greet"), "Hi");
    assert_eq!(source(&store, "dir/greet"), "Hi from dir");
    let faq = store.load(&at("faq")).unwrap();
    assert_eq!(
        (faq.file.as_str(), faq.reference.environment.as_deref()),
        ("faq.prompt.yaml", Some("production"))
    );
    assert_eq!(store.load(&at("faq2")).unwrap().project, None);
    assert_eq!(
        store.load(&at("dir/greet")).unwrap().project.as_deref(),
        Some("dir")
    );

    let error = fails(&store, "gret");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        error.to_string(),
        "there is no prompt `gret`: did you mean `greet`?"
    );
    assert_eq!(detail(&error, "resource"), "prompt");
    assert_eq!(detail(&error, "near"), &json!(["greet"]));
    assert_eq!(
        fails(&store, "greet@staging").to_string(),
        "the prompt `greet` has no environment `staging`: its environments are production"
    );
    assert_eq!(detail(&fails(&store, "greet@3"), "resource"), "version");
    assert_eq!(detail(&fails(&store, "Greet"), "resource"), "prompt");
}

#[test]
fn one_prompt_has_one_file() {
    let root = Root::new(&[
        ("greet.prompt", "Hi"),
        ("greet.prompt.yaml", "messages: []"),
    ]);
    let error = fails(&root.store(), "greet");
    assert_eq!(error.kind(), ErrorKind::TemplateError);
    assert!(
        error
            .to_string()
            .contains("`greet.prompt` and `greet.prompt.yaml` are one prompt"),
        "{error}"
    );
}

#[test]
fn nothing_outside_the_root_is_read() {
    let outside = Root::new(&[("secret.prompt", "secret"), ("sub/x.prompt", "secret")]);
    let root = Root::new(&[("greet.prompt", "Hi"), ("real/inner.prompt", "inner")]);
    for slug in [
        "../secret",
        "a/../../secret",
        "/etc/passwd",
        "..",
        "a//b",
        "a\\b",
        "con",
    ] {
        let error = Address::new(slug).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{slug}");
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink(
            outside.path().join("secret.prompt"),
            root.path().join("leak.prompt"),
        )
        .unwrap();
        symlink(outside.path().join("sub"), root.path().join("out")).unwrap();
        symlink(
            outside.path().join("secret.prompt"),
            root.path().join("_leak.prompt"),
        )
        .unwrap();
        symlink(root.path().join("real"), root.path().join("alias")).unwrap();
        let store = root.store();
        for slug in ["leak", "out/x"] {
            let error = fails(&store, slug);
            assert_eq!(error.kind(), ErrorKind::ConfigError, "{slug}");
            assert!(
                error.to_string().contains("leaves the prompt folder"),
                "{error}"
            );
        }
        // A link that stays inside is fine.
        assert_eq!(source(&store, "alias/inner"), "inner");
        assert_eq!(source(&store, "greet"), "Hi");
    }
    drop(outside);
}

#[test]
fn files_that_are_no_text_are_refused() {
    let root = Root::new(&[("big.prompt", &"x".repeat(3 << 20))]);
    std::fs::write(root.path().join("latin.prompt"), b"Hi\nna\xefve").unwrap();
    std::fs::create_dir(root.path().join("folder.prompt")).unwrap();
    let store = root.store();
    assert!(fails(&store, "big").to_string().contains("larger than"));
    assert_eq!(
        fails(&store, "latin").to_string(),
        "latin.prompt:2:3: the file is not UTF-8 text"
    );
    assert_eq!(fails(&store, "folder").kind(), ErrorKind::NotFound);
    assert_eq!(
        FileStore::open(root.path().join("absent"), StoreOptions::default())
            .err()
            .unwrap()
            .kind(),
        ErrorKind::ConfigError
    );
}

#[test]
fn flat_variants_are_files_and_declarations() {
    let root = Root::new(&[
        (
            "greet.prompt",
            "---\nmodel: a/x\nconfig: {temperature: 1}\nsalt: s1\ninput: {schema: {name: string}, default: {name: you}}\n\
             variants:\n  control: {weight: 90}\n  short: {weight: 10, config: {topP: 0.5}}\n---\nHello {{name}}",
        ),
        (
            "greet.short.prompt",
            "---\nconfig: {temperature: 0}\n---\nHi {{name}}",
        ),
        ("greet.formal.prompt", "Good day {{name}}"),
    ]);
    let store = root.store();
    let greet = store.load(&at("greet")).unwrap();
    let weights: Vec<(&str, f64)> = greet
        .variants
        .iter()
        .map(|v| (v.name.as_str(), v.weight))
        .collect();
    assert_eq!(
        weights,
        [("control", 90.0), ("short", 10.0), ("formal", 0.0)]
    );
    assert_eq!(greet.salt, "s1");
    assert_eq!(greet.reference.variant, None);

    let control = greet.variant("control").unwrap();
    assert_eq!(control.reference.variant.as_deref(), Some("control"));
    assert_eq!(control.reference.hash, greet.reference.hash);
    // A declared variant states what differs; the rest is the prompt's.
    let short = store.load(&at("greet").variant("short")).unwrap();
    assert_eq!(short.options.model, ["a/x"]);
    assert_eq!(
        (short.options.temperature, short.options.top_p),
        (Some(0.0), Some(0.5))
    );
    assert!(short.input_schema.is_some() && short.defaults["name"] == "you");
    assert_ne!(short.reference.hash, greet.reference.hash);
    // A file that nothing declares is a prompt of its own.
    let formal = greet.variant("formal").unwrap();
    assert!(formal.options.model.is_empty() && formal.input_schema.is_none());

    let counts = (0..1000)
        .filter(|n| greet.assign(&n.to_string()) == Some("short"))
        .count();
    assert!((60..140).contains(&counts), "{counts}");
    let error = greet.variant("brief").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the prompt `greet` has no variant `brief`: it has control, short, formal"
    );
    assert_eq!(
        detail(&error, "variants"),
        &json!(["control", "short", "formal"])
    );
    let dotted = fails(&store, "greet.short");
    assert!(
        dotted
            .to_string()
            .contains("`greet.short.prompt` is the variant `short` of `greet`"),
        "{dotted}"
    );
}

const SUPPORT: &[(&str, &str)] = &[
    ("acme/support/project.yaml", "default_model: fast\n"),
    ("acme/support/greet/draft.prompt", "Draft {{> tone}}"),
    ("acme/support/greet/versions/1.prompt", "One"),
    ("acme/support/greet/versions/2.prompt", "Two {{> tone}}"),
    (
        "acme/support/greet/prompt.yaml",
        "description: Greets.\nenvironments: {production: {version: 2}, staging: 1, broken: {version: 9}}\n",
    ),
    ("acme/support/_tone.prompt", "project tone"),
    ("_tone.prompt", "root tone"),
    ("_sign.prompt", "root sign"),
    ("acme/sales/pitch/production.prompt", "Pitch"),
];

#[test]
fn workspaces_resolve_environments_and_versions() {
    let root = Root::workspaces(SUPPORT);
    let options = StoreOptions {
        default_workspace: Some("acme".into()),
        default_project: Some("support".into()),
        ..StoreOptions::default()
    };
    let store = root.store_with(options);
    assert_eq!(source(&store, "acme/support/greet"), "Two {{> tone}}");
    assert_eq!(source(&store, "greet"), "Two {{> tone}}");
    assert_eq!(source(&store, "greet@draft"), "Draft {{> tone}}");
    assert_eq!(source(&store, "support/greet@staging"), "One");
    assert_eq!(source(&store, "greet@1"), "One");
    let production = store.load(&at("greet")).unwrap();
    assert_eq!(production.reference.slug, "acme/support/greet");
    assert_eq!(
        (
            production.reference.version,
            production.reference.environment.as_deref()
        ),
        (Some(2), Some("production"))
    );
    assert_eq!(production.project.as_deref(), Some("support"));
    assert_eq!(production.project_model.as_deref(), Some("fast"));
    assert_eq!(production.description.as_deref(), Some("Greets."));
    let first = store.load(&at("greet@1")).unwrap();
    assert_eq!(
        (
            first.reference.version,
            first.reference.environment.as_deref()
        ),
        (Some(1), None)
    );

    let error = fails(&store, "greet@stagin");
    assert_eq!(
        error.to_string(),
        "the prompt `acme/support/greet` has no environment `stagin`: its environments are broken, draft, production, staging"
    );
    assert_eq!(detail(&error, "near"), &json!(["staging"]));
    assert_eq!(
        detail(&error, "environments"),
        &json!(["broken", "draft", "production", "staging"])
    );
    let error = fails(&store, "greet@7");
    assert_eq!(detail(&error, "versions"), &json!([1, 2]));
    assert_eq!(
        fails(&store, "greet@broken").to_string(),
        "the environment `broken` of `acme/support/greet` points at version 9, which does not exist: its versions are 1, 2"
    );
    // No environment stands in for another.
    assert_eq!(
        detail(&fails(&store, "acme/sales/pitch@staging"), "resource"),
        "environment"
    );
    assert_eq!(
        detail(&fails(&store, "acme/sales/pich"), "near"),
        &json!(["acme/sales/pitch"])
    );

    let list = store.list().unwrap();
    let slugs: Vec<&str> = list.iter().map(|info| info.slug.as_str()).collect();
    assert_eq!(slugs, ["acme/sales/pitch", "acme/support/greet"]);
    assert_eq!(info(&list, "acme/support/greet").versions, [1, 2]);
    assert_eq!(store.check().len(), 1);
}

#[test]
fn project_yaml_says_which_environments_there_are() {
    let root = Root::workspaces(SUPPORT);
    root.write(
        "acme/support/project.yaml",
        "environments: [production, draft]\n",
    );
    let store = root.store();
    assert_eq!(source(&store, "acme/support/greet"), "Two {{> tone}}");
    let error = fails(&store, "acme/support/greet@staging");
    assert_eq!(
        detail(&error, "environments"),
        &json!(["production", "draft"])
    );
    root.write("acme/support/project.yaml", "defaultModel: x\n");
    let error = root.store().load(&at("acme/support/greet")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "acme/support/project.yaml:1:1: unknown key `defaultModel`: did you mean `default_model`?"
    );
}

#[test]
fn the_marker_decides_the_layout() {
    let root = Root::new(&[
        ("a/b/c/production.prompt", "flat"),
        ("promptroot.yaml", "layout: flat\n"),
    ]);
    assert_eq!(source(&root.store(), "a/b/c/production"), "flat");
    root.write("promptroot.yaml", "layout: workspaces\n");
    assert_eq!(source(&root.store(), "a/b/c"), "flat");
    for (text, expected) in [
        (
            "layout: tree\n",
            "promptroot.yaml:1:9: `layout` must be `flat` or `workspaces`",
        ),
        (
            "lay: flat\n",
            "promptroot.yaml:1:1: unknown key `lay`: did you mean `layout`?",
        ),
        (
            "",
            "promptroot.yaml: `promptroot.yaml` needs `layout: flat` or `layout: workspaces`",
        ),
    ] {
        root.write("promptroot.yaml", text);
        assert_eq!(fails(&root.store(), "a/b/c").to_string(), expected);
    }
}

#[test]
fn a_changed_prompt_is_read_again_and_a_broken_one_is_not() {
    let root = Root::new(&[("greet.prompt", "One"), ("other.prompt", "Other")]);
    let store = root.store();
    let first = store.load(&at("greet")).unwrap();
    root.write("greet.prompt", "Two!");
    assert_eq!(source(&store, "greet"), "Two!");
    // The same size at nearly the same time.
    root.write("greet.prompt", "Six!");
    assert_eq!(source(&store, "greet"), "Six!");
    assert_eq!(&*first.source, "One");

    root.write("greet.prompt", "---\nmodel: [1]\n---\nHi");
    let kept = store.load(&at("greet")).unwrap();
    assert_eq!(&*kept.source, "Six!");
    assert_eq!(kept.warnings.len(), 1);
    assert_eq!(kept.warnings[0].code, "prompt_not_reloaded");
    assert!(
        kept.warnings[0].message.contains("greet.prompt:2:8"),
        "{}",
        kept.warnings[0].message
    );
    assert_eq!(store.check().len(), 1);
    assert!(store.get(&at("greet")).unwrap().problem.is_some());
    assert_eq!(source(&store, "other"), "Other");

    root.write("greet.prompt", "Good");
    let good = store.load(&at("greet")).unwrap();
    assert_eq!((&*good.source, good.warnings.len()), ("Good", 0));
    std::fs::remove_file(root.path().join("greet.prompt")).unwrap();
    assert_eq!(fails(&store, "greet").kind(), ErrorKind::NotFound);
    // A prompt that was never good is an error until it is.
    root.write("greet.prompt", "---\nx: [\n---\n");
    assert_eq!(fails(&store, "greet").kind(), ErrorKind::TemplateError);
    root.write("greet.prompt", "Back");
    assert_eq!(source(&store, "greet"), "Back");
}

#[test]
fn an_unchanged_prompt_is_not_read_again() {
    let root = Root::new(&[("greet.prompt", "One"), ("greet.short.prompt", "1")]);
    std::thread::sleep(Duration::from_millis(80));
    let store = root.store();
    let first = store.load(&at("greet")).unwrap();
    let second = store.load(&at("greet")).unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &second));
    // A new variant is a change of the prompt.
    root.write("greet.long.prompt", "one one one");
    assert_eq!(store.load(&at("greet")).unwrap().variants.len(), 2);
}

#[test]
fn without_watch_a_prompt_stays_as_it_was() {
    let root = Root::new(&[("greet.prompt", "One")]);
    let options = StoreOptions {
        watch: false,
        ..StoreOptions::default()
    };
    let store = root.store_with(options);
    assert_eq!(source(&store, "greet"), "One");
    root.write("greet.prompt", "Two!");
    assert_eq!(source(&store, "greet"), "One");
}

#[test]
fn publish_freezes_and_promote_moves() {
    let root = Root::workspaces(&[
        (
            "a/b/greet/draft.prompt",
            "---\nvariants: {control: {weight: 1}, short: {weight: 1}}\n---\nHello",
        ),
        ("a/b/greet/draft.short.prompt", "Hi"),
        ("a/b/greet/prompt.yaml", "# ours\ndescription: Greets.\n"),
    ]);
    let store = root.store();
    let first = store.publish("a/b/greet", None).unwrap();
    assert_eq!((first.version, first.created), (1, true));
    assert_eq!(
        root.read("a/b/greet/versions/1.prompt"),
        root.read("a/b/greet/draft.prompt")
    );
    assert_eq!(root.read("a/b/greet/versions/1.short.prompt"), "Hi");
    let again = store.publish("a/b/greet", Some("draft")).unwrap();
    assert_eq!((again.version, again.created), (1, false));
    store.promote("a/b/greet", "production", 1).unwrap();
    let production = store.load(&at("a/b/greet")).unwrap();
    assert_eq!(
        (production.reference.version, &production.reference.hash),
        (Some(1), &first.hash)
    );
    assert_eq!(&*production.variant("short").unwrap().source, "Hi");

    // The working files move on; the version does not.
    root.write("a/b/greet/draft.short.prompt", "Hey");
    let second = store.publish("a/b/greet", None).unwrap();
    assert_eq!(second.version, 2);
    assert_eq!(
        &*store
            .load(&at("a/b/greet"))
            .unwrap()
            .variant("short")
            .unwrap()
            .source,
        "Hi"
    );
    store.promote("a/b/greet", "production", 2).unwrap();
    store.promote("a/b/greet", "staging", 1).unwrap();
    assert_eq!(
        &*store
            .load(&at("a/b/greet"))
            .unwrap()
            .variant("short")
            .unwrap()
            .source,
        "Hey"
    );
    let text = root.read("a/b/greet/prompt.yaml");
    assert!(
        text.starts_with("# ours\ndescription: Greets.\nversions:\n  1: {hash: "),
        "{text}"
    );
    assert!(
        text.contains("\n  production: {version: 2}\n  staging: {version: 1}\n"),
        "{text}"
    );

    assert_eq!(
        store
            .promote("a/b/greet", "production", 9)
            .unwrap_err()
            .kind(),
        ErrorKind::NotFound
    );
    let error = store.promote("a/b/greet", "draft", 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(
        error
            .to_string()
            .contains("`a/b/greet/draft.prompt` is the environment `draft`"),
        "{error}"
    );
    assert_eq!(
        store.promote("a/b/greet", "../x", 1).unwrap_err().kind(),
        ErrorKind::InvalidRequest
    );
    assert_eq!(
        store.publish("a/b/nothing", None).unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        store
            .publish("a/b/greet", Some("production"))
            .unwrap_err()
            .kind(),
        ErrorKind::NotFound
    );
    root.write("a/b/greet/dev.prompt", "Hello");
    let error = store.publish("a/b/greet", None).unwrap_err();
    assert!(error.to_string().contains("(dev, draft)"), "{error}");
}

#[test]
fn an_edited_version_is_refused() {
    let root = Root::workspaces(&[("a/b/greet/draft.prompt", "Hello")]);
    let store = root.store();
    store.publish("a/b/greet", None).unwrap();
    store.promote("a/b/greet", "production", 1).unwrap();
    assert_eq!(source(&store, "a/b/greet"), "Hello");
    root.write("a/b/greet/versions/1.prompt", "Hello!");
    let fresh = root.store();
    let error = fails(&fresh, "a/b/greet");
    assert_eq!(error.kind(), ErrorKind::TemplateError);
    assert!(
        error.to_string().starts_with("a/b/greet/versions/1.prompt: version 1 of `a/b/greet` was edited after it was published"),
        "{error}"
    );
    assert_eq!(fresh.check().len(), 1);
    assert!(fresh.promote("a/b/greet", "staging", 1).is_err());
    // A running engine goes on with what was published.
    assert_eq!(source(&store, "a/b/greet"), "Hello");
}

#[test]
fn a_broken_working_file_is_not_published() {
    let root = Root::workspaces(&[("a/b/greet/draft.prompt", "---\nmodel: 1\n---\nHi")]);
    let error = root.store().publish("a/b/greet", None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a/b/greet/draft.prompt:2:8: `model` must be a string or a list of strings"
    );
    assert!(!root.path().join("a/b/greet/versions").exists());
    let flat = Root::new(&[("greet.prompt", "Hi")]);
    assert_eq!(
        flat.store().publish("greet", None).unwrap_err().kind(),
        ErrorKind::ConfigError
    );
}

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
