//! Publishing and promoting.

use super::*;

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
fn a_version_keeps_the_partials_it_was_published_with() {
    let root = Root::workspaces(&[
        ("a/b/greet/draft.prompt", "{{> tone}} {{> near}} {{name}}"),
        ("a/b/greet/draft.short.prompt", "{{> short}}"),
        ("a/b/greet/_near.prompt", "near"),
        ("_tone.prompt", "{{> deep/inner}}"),
        ("deep/_inner.prompt", "old"),
        ("_short.prompt", "short"),
        ("_unused.prompt", "unused"),
    ]);
    let store = root.store();
    let draft = store.load(&at("a/b/greet@draft")).unwrap();
    let first = store.publish("a/b/greet", None).unwrap();
    assert_eq!(first.hash, draft.reference.hash);
    let frozen = "a/b/greet/versions/1";
    assert_eq!(root.read(&format!("{frozen}/deep/_inner.prompt")), "old");
    assert_eq!(
        root.read(&format!("{frozen}/a/b/greet/_near.prompt")),
        "near"
    );
    assert_eq!(root.read(&format!("{frozen}/_short.prompt")), "short");
    assert!(!root.path().join(frozen).join("_unused.prompt").exists());

    root.write("deep/_inner.prompt", "new");
    std::fs::remove_file(root.path().join("a/b/greet/_near.prompt")).unwrap();
    let text = |store: &FileStore, address: &str| text(store, address, json!({"name": "Ada"}));
    assert_eq!(text(&store, "a/b/greet@1"), "old near Ada");
    assert_eq!(text(&root.store(), "a/b/greet@1"), "old near Ada");
    assert_eq!(
        root.store().check().len(),
        1,
        "the draft lacks a partial now"
    );
    root.write("a/b/greet/_near.prompt", "near again");
    assert_eq!(text(&root.store(), "a/b/greet@draft"), "new near again Ada");
    // What was frozen is the version's content too.
    root.write(&format!("{frozen}/deep/_inner.prompt"), "edited");
    let error = fails(&root.store(), "a/b/greet@1");
    assert!(
        error
            .to_string()
            .contains("was edited after it was published"),
        "{error}"
    );
}
