//! `slugline chat`, `run` and `doctor`, as a person or a script calls them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const CONFIG: &str =
    "[engine]\ndefault_model = \"test/echo\"\nprompts = \"prompts\"\nblock_network = true\n";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(config: &str) -> Folder {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("prompts")).unwrap();
        std::fs::write(folder.path().join("slugline.toml"), config).unwrap();
        std::fs::write(folder.path().join("prompts/greet.prompt"), "Hello {{name}}").unwrap();
        Folder(folder)
    }

    fn run(&self, words: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_slugline"))
            .args(words)
            .current_dir(self.0.path())
            .env_remove("SLUGLINE_CONFIG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        child.wait_with_output().unwrap()
    }

    fn ok(&self, words: &[&str], input: &str) -> String {
        let output = self.run(words, input);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{words:?}: {said}");
        // What is for a person only is not for a program.
        assert_eq!(said, "", "{words:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, words: &[&str], input: &str) -> Value {
        serde_json::from_str(&self.ok(words, input)).unwrap()
    }
}

#[test]
fn a_question_is_answered() {
    let folder = Folder::new(CONFIG);
    assert_eq!(folder.ok(&["chat", "Hello", "there"], ""), "Hello there\n");
    assert_eq!(folder.ok(&["chat", "--stream", "Hello"], ""), "Hello\n");
    assert_eq!(folder.ok(&["chat"], "from a pipe"), "from a pipe\n");
    assert_eq!(
        folder.ok(&["chat", "-", "-m", "test/echo"], "from a pipe"),
        "from a pipe\n"
    );
    let answer = folder.json(&["chat", "--json", "--system", "Be brief.", "Hi"], "");
    assert_eq!(answer["choices"][0]["message"]["content"], "Hi");
    assert_eq!(answer["usage"]["prompt_tokens"], 3);
}

#[test]
fn a_session_is_named() {
    let folder = Folder::new(CONFIG);
    let answer = folder.json(&["chat", "--json", "--session", "s-1", "two words"], "");
    assert_eq!(answer["session_id"], "s-1");
}

#[test]
fn the_exact_request_is_shown() {
    let folder = Folder::new(CONFIG);
    let words = [
        "chat",
        "--dry-run",
        "-m",
        "openai/gpt-4o-mini",
        "--stream",
        "Hi",
    ];
    let request = folder.json(&words, "");
    assert!(
        request["url"]
            .as_str()
            .unwrap()
            .ends_with("/chat/completions")
    );
    assert_eq!(request["headers"]["authorization"], "[redacted]");
    assert_eq!(request["body"]["stream"], true);
    let words = [
        "run",
        "--dry-run",
        "-m",
        "openai/gpt-4o-mini",
        "greet",
        "name=Ada",
    ];
    let request = folder.json(&words, "");
    assert_eq!(request["body"]["messages"][0]["content"], "Hello Ada");
    assert!(request["body"].get("stream").is_none());
}

#[test]
fn variables_come_from_words_files_and_pipes() {
    let folder = Folder::new(CONFIG);
    std::fs::write(folder.0.path().join("ada.txt"), "Ada").unwrap();
    std::fs::write(folder.0.path().join("ada.json"), "{\"name\": \"Ada\"}").unwrap();
    for words in [
        ["run", "greet", "name=Ada"],
        ["run", "greet", "name:=\"Ada\""],
        ["run", "greet", "name=@ada.txt"],
        ["run", "greet", "@ada.json"],
        ["run", "greet", "name=-"],
    ] {
        assert_eq!(folder.ok(&words, "Ada"), "Hello Ada\n", "{words:?}");
    }
    let failed = folder.run(&["run", "--json", "greet"], "");
    assert_eq!(failed.status.code(), Some(1));
    let error: Value = serde_json::from_slice(&failed.stdout).unwrap();
    assert_eq!(error["error"]["code"], "missing_variable");
    assert_eq!(
        folder.run(&["run", "greet", "name"], "").status.code(),
        Some(2)
    );
    assert_eq!(
        folder.run(&["chat", "--nonsense"], "").status.code(),
        Some(2)
    );
}

#[test]
fn the_doctor_says_what_works() {
    let folder = Folder::new(CONFIG);
    let findings = folder.json(&["doctor", "--json"], "");
    let of = |check: &str| -> Vec<Value> {
        let all = findings.as_array().unwrap().iter();
        all.filter(|one| one["check"] == check).cloned().collect()
    };
    assert!(
        findings
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["level"] != "error"),
        "{findings}"
    );
    assert_eq!(
        of("models")[0]["message"],
        "the default model is answered by test/echo"
    );
    assert_eq!(of("prompts")[0]["message"], "1 prompt(s)");
    assert_eq!(of("network")[0]["level"], "warning");
    assert_eq!(of("storage")[0]["level"], "ok");
    let text = folder.ok(&["doctor"], "");
    assert!(
        text.contains("ok      clock") && !text.contains('\u{1b}'),
        "{text}"
    );

    let config = "[engine]\ndefault_model = \"own/x\"\nprompts = \"prompts\"\n[providers.own]\npreset = \"openai\"\napi_key = \"env:SLUGLINE_TEST_UNSET\"\n";
    let broken = Folder::new(config);
    std::fs::write(broken.0.path().join("prompts/bad.prompt"), "{{#if}}").unwrap();
    let output = broken.run(&["doctor"], "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("error   models        no target of the default model has a key"),
        "{text}"
    );
    assert!(
        text.contains("error   prompts       bad.prompt:1:"),
        "{text}"
    );
    assert!(
        text.contains("warning providers     `own` is configured and has no key"),
        "{text}"
    );
    let wrong = Folder::new("[engine]\nnonsense = 1\n").run(&["doctor", "--json"], "");
    assert_eq!(wrong.status.code(), Some(1));
    assert!(
        String::from_utf8(wrong.stdout)
            .unwrap()
            .contains("nonsense")
    );
}
