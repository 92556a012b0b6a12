//! `slugline chat`, `run` and `doctor`, as a person or a script calls them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{Read as _, Write as _};
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
        // Not every command reads it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
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
fn the_exact_request_of_a_session_has_its_turns() {
    let folder =
        Folder::new(&CONFIG.replace("[engine]", "[engine]\nstorage = \"sqlite:state.db\""));
    folder.ok(&["chat", "--session", "s", "Hi"], "");
    let words = [
        "chat",
        "--session",
        "s",
        "--system",
        "Be brief.",
        "--dry-run",
        "Again",
    ];
    let messages = folder.json(&words, "")["body"]["messages"].clone();
    let texts: Vec<&str> = (0..4)
        .filter_map(|at| messages[at]["content"].as_str())
        .collect();
    assert_eq!(texts, ["Be brief.", "Hi", "Hi", "Again"]);
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

#[test]
fn the_doctor_makes_the_checks_of_the_server() {
    let server = |lines: &str| {
        let folder = Folder::new(&format!("{CONFIG}[server]\n{lines}\n"));
        let output = folder.run(&["doctor", "--json"], "");
        let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
        let mut all = findings.as_array().unwrap().iter();
        let found = all.find(|one| one["check"] == "server").unwrap().clone();
        (output.status.code().unwrap(), found)
    };
    for (lines, says) in [
        (
            "keys = [\"env:SLUGLINE_TEST_UNSET\"]",
            "SLUGLINE_TEST_UNSET",
        ),
        ("listen = \"0.0.0.0:0\"", "set `keys`"),
        ("listen = \"192.0.2.1:1\"\nkeys = [\"k\"]", "cannot listen"),
    ] {
        let (code, found) = server(lines);
        assert_eq!((code, &found["level"]), (1, &Value::from("error")));
        assert!(found["message"].as_str().unwrap().contains(says), "{found}");
    }
    let (code, found) = server("listen = \"127.0.0.1:0\"\nkeys = [\"k\"]");
    assert_eq!((code, &found["level"]), (0, &Value::from("ok")), "{found}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let (code, found) = server(&format!("listen = \"{address}\""));
    assert_eq!((code, &found["level"]), (0, &Value::from("warning")));
}

#[test]
fn errors_are_json_where_json_was_asked_for() {
    let folder = Folder::new(CONFIG);
    let empty = tempfile::tempdir().unwrap();
    let nowhere = empty.path().join("none.toml");
    let nowhere = nowhere.to_str().unwrap();
    for (words, exit, code) in [
        (
            &["run", "--json", "greet", "name"][..],
            2,
            "invalid_request",
        ),
        (
            &["run", "--json", "greet", "name=@none.txt"],
            1,
            "invalid_request",
        ),
        (&["run", "--json"], 2, "invalid_request"),
        (&["run", "--json", "nobody"], 1, "not_found"),
        (&["run", "--json", "--dry-run", "nobody"], 1, "not_found"),
        (
            &["render", "--json", "greet", "name:={"],
            2,
            "invalid_request",
        ),
        (&["chat", "--json", ""], 2, "invalid_request"),
        (&["chat", "--json", "--nonsense"], 2, "invalid_request"),
        (
            &["chat", "--json", "-m", "tset/echo", "x"],
            1,
            "unknown_model",
        ),
        (&["recordings", "list", "--json"], 1, "config_error"),
        (&["recordings", "delete", "--json"], 2, "invalid_request"),
        (&["usage", "--json", "--by", "colour"], 2, "invalid_request"),
        (&["campaign", "report", "--json", "x"], 1, "config_error"),
        (&["prompts", "show", "--json", "nobody"], 1, "not_found"),
        (&["prompts", "diff", "--json", "greet", "1"], 1, "not_found"),
        (&["lint", "--json", "nobody"], 1, "not_found"),
        (&["lint", "--json", "--config", nowhere], 1, "config_error"),
        (&["init", "--json", "."], 1, "store_error"),
        (
            &["serve", "--json", "--listen", "bogus"],
            2,
            "invalid_request",
        ),
    ] {
        let output = folder.run(words, "");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(exit), "{words:?}: {said}");
        assert!(!said.is_empty(), "{words:?}");
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["error"]["code"], code, "{words:?}: {told}");
        assert!(!told["error"]["message"].as_str().unwrap().is_empty());
    }
    // What is no option is no wish.
    let output = folder.run(&["run", "--", "nobody", "--json"], "");
    assert!(output.stdout.is_empty() && output.status.code() == Some(2));
}

#[test]
fn a_first_prompt_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let init = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_slugline"));
        command.arg("init").args(words).current_dir(folder.path());
        command.output().unwrap().stdout
    };
    let told: Value = serde_json::from_slice(&init(&["--json", "one"])).unwrap();
    assert_eq!(told["written"].as_array().unwrap().len(), 2);
    let told = String::from_utf8(init(&["two"])).unwrap();
    assert!(
        told.starts_with("wrote ") && told.ends_with("name=Ada\n"),
        "{told}"
    );
}

#[test]
fn an_empty_message_asks_nothing() {
    let folder = Folder::new(CONFIG);
    for (words, input) in [
        (&["chat", ""][..], "from a pipe"),
        (&["chat", " ", " "], ""),
        (&["chat", "-"], ""),
        (&["chat"], "\n"),
    ] {
        let output = folder.run(words, input);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
        assert!(said.contains("empty"), "{said}");
    }
}

#[test]
fn a_reader_that_has_enough_is_no_failure() {
    let folder = Folder::new(CONFIG);
    let text = "word ".repeat(400_000);
    std::fs::write(folder.0.path().join("long.txt"), text).unwrap();
    for words in [
        &["render", "greet", "name=@long.txt"][..],
        &["render", "--json", "greet", "name=@long.txt"],
        &["run", "--stream", "greet", "name=@long.txt"],
        &["run", "--json", "greet", "name=@long.txt"],
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_slugline"))
            .args(words)
            .current_dir(folder.0.path())
            .env_remove("SLUGLINE_CONFIG")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 8];
        let mut out = child.stdout.take().unwrap();
        out.read_exact(&mut first).unwrap();
        drop(out);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), said.as_str()),
            (Some(0), ""),
            "{words:?}"
        );
    }
}
