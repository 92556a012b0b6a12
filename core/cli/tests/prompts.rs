//! `slugline lint` and `slugline prompts`, as a person or a script calls them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Command;

use serde_json::Value;

struct Folder(tempfile::TempDir);

struct Outcome {
    code: i32,
    out: String,
    err: String,
}

impl Folder {
    fn new(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        for (path, text) in files {
            folder.write(path, text);
        }
        folder
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn run(&self, words: &[&str]) -> Outcome {
        let output = Command::new(env!("CARGO_BIN_EXE_slugline"))
            .args(words)
            .current_dir(self.0.path())
            .env_remove("SLUGLINE_CONFIG")
            .output()
            .unwrap();
        Outcome {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs a command that must go well, and gives what it printed.
    fn ok(&self, words: &[&str]) -> String {
        let outcome = self.run(words);
        assert_eq!(outcome.code, 0, "{words:?}: {}{}", outcome.out, outcome.err);
        outcome.out
    }

    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.ok(words)).unwrap()
    }
}

const GREET: &str = "---\ninput: {schema: {name: string}}\n---\nHello {{name}}\n";

#[test]
fn lint_shows_the_place_and_fails_on_errors() {
    let folder = Folder::new(&[
        ("prompts/greet.prompt", GREET),
        (
            "prompts/bad.prompt",
            "---\ninput: {schema: {name: string}}\n---\nHello {{nmae}}\n",
        ),
    ]);
    let flag = ["--prompts", "prompts"];
    assert_eq!(folder.ok(&[&flag[..], &["lint", "greet"]].concat()), "");
    let outcome = folder.run(&[&flag[..], &["lint"]].concat());
    assert_eq!(
        (outcome.code, outcome.err.as_str()),
        (1, "slugline: 1 error, 1 warning\n")
    );
    assert!(
        outcome
            .out
            .contains("  --> bad.prompt:4:9\n  |\n4 | Hello {{nmae}}\n  |         ^^^^\n"),
        "{}",
        outcome.out
    );

    let outcome = folder.run(&[&flag[..], &["lint", "--json"]].concat());
    let report: Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(
        (outcome.code, &report["errors"], &report["warnings"]),
        (1, &1.into(), &1.into())
    );
    let codes: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["unused_variable", "undeclared_variable"]);

    folder.write("prompts/bad.prompt", "{{upper name}}");
    assert_eq!(folder.run(&[&flag[..], &["lint"]].concat()).code, 0);
    assert_eq!(
        folder
            .run(&[&flag[..], &["lint", "--strict"]].concat())
            .code,
        1
    );
    assert_eq!(
        folder.run(&[&flag[..], &["lint", "nothing"]].concat()).code,
        1
    );
}

#[test]
fn a_prompt_goes_from_draft_to_production() {
    let folder = Folder::new(&[
        (
            "slugline.toml",
            "[engine]\nprompts = \"prompts\"\ndefault_workspace = \"acme\"\ndefault_project = \"shop\"\n",
        ),
        ("prompts/promptroot.yaml", "layout: workspaces\n"),
        ("prompts/acme/shop/greet/draft.prompt", GREET),
    ]);
    let out = folder.ok(&["prompts", "publish", "greet"]);
    assert!(
        out.starts_with("published version 1 of acme/shop/greet ("),
        "{out}"
    );
    assert_eq!(
        folder.json(&["prompts", "publish", "greet", "--json"])["created"],
        false
    );
    assert_eq!(
        folder.ok(&["prompts", "promote", "greet", "production", "1"]),
        "production of greet is now version 1\n"
    );

    folder.write(
        "prompts/acme/shop/greet/draft.prompt",
        &GREET.replace("Hello", "Good day"),
    );
    let diff = folder.ok(&["prompts", "diff", "greet", "draft"]);
    assert!(
        diff.contains("--- acme/shop/greet@production\n+++ acme/shop/greet@draft\n"),
        "{diff}"
    );
    assert!(
        diff.contains("-Hello {{name}}\n+Good day {{name}}\n"),
        "{diff}"
    );
    let diff = folder.ok(&[
        "prompts", "diff", "greet", "draft", "--from", "1", "--render", "name=Ada",
    ]);
    assert!(diff.contains("-Hello Ada\n+Good day Ada\n"), "{diff}");
    assert_eq!(
        folder.json(&["prompts", "diff", "greet", "1", "--json"])["same"],
        true
    );

    folder.ok(&["prompts", "publish", "greet"]);
    let list = folder.ok(&["prompts", "list"]);
    assert_eq!(list, "acme/shop/greet  [production 1]\n");
    let info = folder.json(&["prompts", "show", "greet@2", "--json"]);
    assert_eq!(
        (&info["versions"], &info["variables"]),
        (&serde_json::json!([1, 2]), &serde_json::json!(["name"]))
    );
    let shown = folder.ok(&["prompts", "show", "greet"]);
    assert!(
        shown.contains("environments draft, production (version 1)\nversions     1, 2\n"),
        "{shown}"
    );
    assert_eq!(folder.ok(&["prompts", "show", "greet", "--source"]), GREET);
}

#[test]
fn failures_have_their_codes() {
    let folder = Folder::new(&[("prompts/greet.prompt", GREET)]);
    let run = |words: &[&str]| folder.run(&[&["--prompts", "prompts"], words].concat());
    let outcome = run(&["prompts", "show", "gret", "--json"]);
    let error: Value = serde_json::from_str(&outcome.out).unwrap();
    assert_eq!(
        (outcome.code, &error["error"]["code"]),
        (1, &"not_found".into())
    );
    assert_eq!(
        error["error"]["details"]["near"],
        serde_json::json!(["greet"])
    );
    assert!(
        outcome.err.contains("did you mean `greet`?"),
        "{}",
        outcome.err
    );
    assert_eq!(run(&["prompts", "publish", "greet"]).code, 1);
    assert_eq!(run(&["prompts", "promote", "greet", "production"]).code, 2);
    assert_eq!(
        run(&["prompts", "promote", "greet", "production", "one"]).code,
        2
    );
    assert_eq!(run(&["prompts"]).code, 2);
    let none = folder.run(&["prompts", "list"]);
    assert_eq!(none.code, 1);
    assert!(
        none.err.contains("no prompt folder is configured"),
        "{}",
        none.err
    );
}
