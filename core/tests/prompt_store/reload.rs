//! When a prompt is read again.

use super::*;

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
fn a_changed_or_new_partial_is_a_change() {
    let root = Root::new(&[("d/greet.prompt", "{{> tone}}"), ("_tone.prompt", "far")]);
    let store = root.store();
    let text = || text(&store, "d/greet", json!({}));
    assert_eq!(text(), "far");
    root.write("_tone.prompt", "further");
    assert_eq!(text(), "further");
    root.write("d/_tone.prompt", "near");
    assert_eq!(text(), "near");
    // The last good version goes on where the partial breaks.
    root.write("d/_tone.prompt", "{{#if");
    assert_eq!(text(), "near");
    std::fs::remove_file(root.path().join("d/_tone.prompt")).unwrap();
    assert_eq!(text(), "further");
}

#[test]
fn threads_share_one_store() {
    let root = Root::new(&[
        ("greet.prompt", "{{> tone}} {{name}}"),
        ("_tone.prompt", "Hi"),
    ]);
    let store = root.store();
    std::thread::scope(|scope| {
        for n in 0..4 {
            let (store, root) = (&store, &root);
            scope.spawn(move || {
                for round in 0..50 {
                    if n == 0 {
                        root.write("_tone.prompt", &format!("Hi {round}"));
                    }
                    let text = text(store, "greet", json!({"name": n}));
                    assert!(text.ends_with(&format!(" {n}")), "{text}");
                }
            });
        }
    });
}
