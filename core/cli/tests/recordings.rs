//! `slugline recordings`, `usage` and `campaign report`, as a person or a script calls them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::Command;

use serde_json::Value;
use slugline::chat::CampaignRef;
use slugline::store::{Feedback, Recording, Retention, SqliteStore, Store};

const CONFIG: &str = "\
[engine]
default_model = \"test/echo\"
prompts = \"prompts\"
storage = \"sqlite:slugline.db\"
recording = \"full\"
[models]
shout = \"test/echo\"
[campaigns.tone]
applies_to = { prompts = [\"greet\"] }
enabled = false
metric = { key = \"thumbs\", goal = \"up\" }
arms = [{ name = \"plain\" }, { name = \"warm\", params = { temperature = 1.0 } }]
";

struct Outcome {
    code: i32,
    out: String,
    err: String,
}

/// A folder with a configuration and a prompt.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        let path = |name: &str| folder.0.path().join(name);
        std::fs::create_dir(path("prompts")).unwrap();
        std::fs::write(path("slugline.toml"), CONFIG).unwrap();
        std::fs::write(path("prompts/greet.prompt"), "Hello {{name}}\n").unwrap();
        folder
    }

    /// Runs a command with words that are parted by blanks.
    fn run(&self, words: &str) -> Outcome {
        let output = Command::new(env!("CARGO_BIN_EXE_slugline"))
            .args(words.split(' '))
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

    fn ok(&self, words: &str) -> String {
        let outcome = self.run(words);
        assert_eq!(outcome.code, 0, "{words}: {}{}", outcome.out, outcome.err);
        outcome.out
    }

    fn json(&self, words: &str) -> Value {
        serde_json::from_str(&self.ok(words)).unwrap()
    }

    /// The words of the error of a command that must fail with this code.
    fn fails(&self, words: &str, code: i32) -> String {
        let outcome = self.run(words);
        assert_eq!(
            outcome.code, code,
            "{words}: {}{}",
            outcome.out, outcome.err
        );
        outcome.err
    }
}

/// The ids of the recordings, newest first.
fn ids(folder: &Folder) -> Vec<String> {
    let page = folder.json("recordings list --json");
    let recordings = page["recordings"].as_array().unwrap();
    recordings
        .iter()
        .map(|recording| recording["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn calls_are_listed_shown_and_exported() {
    let folder = Folder::new();
    assert_eq!(
        folder.ok("recordings list --json --limit 5"),
        "{\n  \"recordings\": [],\n  \"next_cursor\": null\n}\n"
    );
    folder.ok("run greet name=Ada");
    folder.ok("run greet name=Grace --model shout");
    let ids = ids(&folder);
    assert_eq!(ids.len(), 2);

    let list = folder.ok("recordings list");
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 3, "{list}");
    assert!(lines[0].starts_with("id "), "{list}");
    assert!(
        lines[1].starts_with(&ids[0]) && lines[1].contains(" test/echo "),
        "{list}"
    );
    let one = folder.json("recordings list --json --limit 1");
    let cursor = one["next_cursor"].as_str().unwrap();
    let rest = folder.json(&format!("recordings list --json --cursor {cursor}"));
    assert_eq!(rest["recordings"][0]["id"], ids[1].as_str());
    assert_eq!(rest["recordings"][0]["request"], Value::Null);
    let none = folder.json("recordings list --json --prompt other --since 1h");
    assert_eq!(none["recordings"].as_array().unwrap().len(), 0);

    let shown = folder.ok(&format!("recordings show {}", ids[0]));
    for words in [
        "asked for      shout",
        "[user]\nHello Grace",
        "[assistant]\nHello Grace",
        "attempt ",
    ] {
        assert!(shown.contains(words), "no {words:?} in:\n{shown}");
    }
    let whole = folder.json(&format!("recordings show {} --json", ids[1]));
    assert_eq!(whole["variables"]["name"], "Ada");
    assert!(
        folder
            .fails("recordings show absent", 1)
            .contains("not_found")
    );

    let lines = folder.ok("recordings export -");
    let exported: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(exported.len(), 2);
    assert_eq!(exported[1], whole);
    let told = folder.json("recordings export calls.jsonl --json");
    assert_eq!(told["recordings"], 2);
    let file = std::fs::read_to_string(folder.0.path().join("calls.jsonl")).unwrap();
    assert_eq!(file, lines);
}

#[test]
fn a_call_is_made_again_beside_its_answer() {
    let folder = Folder::new();
    folder.ok("run greet name=Ada");
    let id = ids(&folder).remove(0);
    assert_eq!(
        folder.ok(&format!("recordings rerun {id} --model shout")),
        "Hello Ada\n"
    );
    assert_eq!(folder.ok(&format!("recordings rerun {id} --diff")), "");
    let both = folder.json(&format!("recordings rerun {id} --json"));
    assert_eq!(both["same"], true);
    assert_eq!(both["recording"]["id"], id.as_str());
    assert_eq!(
        both["completion"]["choices"][0]["message"]["content"],
        "Hello Ada"
    );
    // Each is a call of its own.
    assert_eq!(ids(&folder).len(), 4);
}

#[test]
fn recordings_are_deleted_by_id_or_once_it_is_certain() {
    let folder = Folder::new();
    for name in ["Ada", "Grace", "Mary"] {
        folder.ok(&format!("run greet name={name}"));
    }
    let id = ids(&folder).remove(1);
    assert_eq!(
        folder.json(&format!("recordings delete {id} --json"))["deleted"],
        1
    );
    assert!(!ids(&folder).contains(&id));
    let error = folder.fails("recordings delete --prompt greet", 2);
    assert!(error.contains("2 recordings"), "{error}");
    assert_eq!(ids(&folder).len(), 2);
    folder.ok("recordings delete --prompt greet --yes");
    assert_eq!(ids(&folder).len(), 0);
    folder.fails("recordings delete", 2);
}

#[test]
fn usage_is_counted_in_groups() {
    let folder = Folder::new();
    folder.ok("run greet name=Ada");
    folder.ok("run greet name=Ada");
    let rows = folder.json("usage --by prompt,model --json");
    assert_eq!(rows[0]["group"]["prompt"], "greet");
    assert_eq!(rows[0]["group"]["model"], "test/echo");
    assert_eq!(
        (&rows[0]["calls"], &rows[0]["total_tokens"]),
        (&2.into(), &8.into())
    );
    let table = folder.ok("usage");
    assert!(table.starts_with("model      calls"), "{table}");
    let twice = folder.ok("usage --by model,model");
    assert!(twice.starts_with("model      calls"), "{twice}");
    assert!(folder.fails("usage --by modle", 2).contains("`model`"));
    folder.fails("usage --since whenever", 2);
}

#[tokio::test]
async fn a_campaign_is_reported() {
    let folder = Folder::new();
    let path = folder.0.path().join("slugline.db");
    let store = SqliteStore::open(path, Retention::default()).unwrap();
    let call = |n: u64| Recording {
        id: n.to_string(),
        completion_ids: vec![format!("c{n}")],
        campaign: Some(CampaignRef {
            key: "tone".to_owned(),
            arm: if n.is_multiple_of(2) { "plain" } else { "warm" }.to_owned(),
        }),
        ..Recording::default()
    };
    store.record((0..200).map(call).collect()).await.unwrap();
    for n in 0..200u64 {
        let liked = n / 2 < if n.is_multiple_of(2) { 45 } else { 60 };
        let feedback = Feedback::new(format!("c{n}"), "thumbs", liked);
        store.add_feedback(feedback).await.unwrap();
    }
    store.close().await.unwrap();
    let report = folder.json("campaign report tone --json");
    assert_eq!(report["arms"][1]["metric_mean"], 0.6);
    let p_value = report["comparisons"][0]["p_value"].as_f64().unwrap();
    assert!((p_value - 0.033_672_068_856).abs() < 1e-9);
    let text = folder.ok("campaign report tone");
    let said =
        "warm less plain: +0.150 (0.012 to 0.280), p = 0.0337 (two proportions): warm is better";
    assert!(text.contains(said), "{text}");
    let other = folder.ok("campaign report tone --metric other");
    assert!(other.contains("too few judgements"), "{other}");
    assert!(
        folder
            .fails("campaign report tune", 1)
            .contains("not_found")
    );
}

#[test]
fn storage_in_memory_is_told() {
    let folder = Folder::new();
    let config = CONFIG.replace("sqlite:slugline.db", "memory:");
    std::fs::write(folder.0.path().join("slugline.toml"), config).unwrap();
    for words in ["recordings list", "usage"] {
        let error = folder.fails(words, 1);
        assert!(error.contains("sqlite:"), "{error}");
    }
}
