//! Layouts, slugs, environments, versions, variants; nothing outside the root.

use super::*;

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
fn a_workspace_that_cannot_be_named_breaks_only_itself() {
    let root = Root::workspaces(&[
        ("a/b/greet/production.prompt", "Hi"),
        ("prompt/x/y/production.prompt", "Never"),
    ]);
    let store = root.store();
    let list = store.list().unwrap();
    assert_eq!(info(&list, "a/b/greet").problem, None);
    let problem = info(&list, "prompt/x/y").problem.as_deref().unwrap();
    assert!(
        problem.contains("`prompt` cannot be a workspace"),
        "{problem}"
    );
    let findings = slugline::prompt::lint(&store, None).unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].message.contains("`prompt` cannot be"));
    assert_eq!(store.check().len(), 1);
}
