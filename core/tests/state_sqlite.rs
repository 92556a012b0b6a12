//! An engine over a SQLite file: what must not be in the file is nowhere in it, two engines share it, and
//! what was recorded is there when the engine is opened again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use slugline::chat::{ChatRequest, PromptRequest};
use slugline::config::Config;
use slugline::engine::Rerun;
use slugline::store::{Feedback, Filter, Recording, RecordingQuery, UsageQuery};
use slugline::{Engine, ErrorKind};

fn open(folder: &Path, engine: Value) -> Engine {
    let mut config = json!({"engine": engine});
    let path = folder.join("state.db");
    config["engine"]["storage"] = json!(format!("sqlite:{}", path.display()));
    Engine::new(Config::from_value(config).unwrap()).unwrap()
}

fn echo(text: &str) -> ChatRequest {
    ChatRequest::new(text).model("test/echo")
}

async fn recorded(engine: &Engine) -> Vec<Recording> {
    let query = RecordingQuery {
        payload: true,
        ..RecordingQuery::default()
    };
    engine.recordings().list(query).await.unwrap().recordings
}

/// Whether any file of the folder holds these bytes: the database, its log, or what lies beside them.
fn holds(folder: &Path, bytes: &str) -> bool {
    let files = std::fs::read_dir(folder).unwrap();
    let mut looked = 0;
    let found = files.fold(false, |found, entry| {
        let path = entry.unwrap().path();
        if !path.is_file() {
            return found;
        }
        looked += 1;
        let content = std::fs::read(&path).unwrap();
        found
            || content
                .windows(bytes.len())
                .any(|window| window == bytes.as_bytes())
    });
    assert!(looked > 0);
    found
}

#[tokio::test]
async fn what_must_not_be_kept_is_nowhere_in_the_files() {
    let folder = tempfile::tempdir().unwrap();
    let prompts = folder.path().join("prompts");
    std::fs::create_dir(&prompts).unwrap();
    std::fs::write(
        prompts.join("p.prompt"),
        "---\nmodel: test/echo\n---\nTEMPLATE-CANARY {{word}}",
    )
    .unwrap();
    let engine = open(
        folder.path(),
        json!({"recording": "full", "prompts": prompts}),
    );
    let hidden = |text: &str| {
        let prompt = PromptRequest::new("p").variable("word", format!("{text}-VARIABLE"));
        let mut chat = echo(&format!("{text}-QUESTION"));
        chat.messages[0]
            .metadata
            .insert("note".into(), format!("{text}-METADATA").into());
        (prompt, chat)
    };
    for (text, session) in [("CANARY-A", None), ("CANARY-B", Some("s"))] {
        for (store, bare) in [
            (Some(false), None),
            (None, Some(true)),
            (Some(false), Some(true)),
        ] {
            let (mut prompt, mut chat) = hidden(text);
            (prompt.options.store, prompt.options.do_not_record) = (store, bare);
            (chat.options.store, chat.options.do_not_record) = (store, bare);
            let mut failing = chat.clone();
            failing.options.extra_body =
                serde_json::from_value(json!({"test": {"status": 400}})).unwrap();
            match session {
                None => {
                    engine.run_prompt(prompt.clone()).await.unwrap();
                    engine.chat(chat.clone()).await.unwrap();
                    engine.run_prompt_stream(prompt).completion().await.unwrap();
                    engine.chat_stream(chat).completion().await.unwrap();
                    engine.chat(failing).await.unwrap_err();
                }
                Some(id) => {
                    let session = engine.session(id);
                    session.run_prompt(prompt.clone()).await.unwrap();
                    session.chat(chat.clone()).await.unwrap();
                    session
                        .run_prompt_stream(prompt)
                        .completion()
                        .await
                        .unwrap();
                    session.chat_stream(chat).completion().await.unwrap();
                    session.chat(failing).await.unwrap_err();
                    assert!(session.history().await.unwrap().is_empty());
                }
            }
        }
    }
    engine.chat(echo("KEPT-CANARY")).await.unwrap();
    engine.shutdown().await.unwrap();
    // While it is open, the newest pages are in the log.
    for end in ["open", "closed"] {
        assert!(
            holds(folder.path(), "KEPT-CANARY"),
            "{end}: the scan finds nothing at all"
        );
        for canary in ["CANARY-A", "CANARY-B", "TEMPLATE-CANARY"] {
            assert!(
                !holds(folder.path(), canary),
                "{end}: {canary} is in a file"
            );
        }
        if end == "open" {
            // Of each text: two of three ways to ask are recorded, without payload, five calls each.
            let found = recorded(&engine).await;
            assert_eq!(found.len(), 1 + 2 * 5);
            assert_eq!(found.iter().filter(|r| r.has_payload()).count(), 1);
        }
    }
    drop(engine);
    assert!(!holds(folder.path(), "CANARY-A") && !holds(folder.path(), "CANARY-B"));
}

#[tokio::test]
async fn recordings_and_sessions_outlive_the_engine() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), json!({"recording": "full"}));
    let session = engine.session("s");
    let answer = session.chat(echo("one")).await.unwrap();
    let completion = answer.choices[0].completion_id.clone();
    for n in 0..300 {
        engine.chat(echo(&format!("call {n}"))).await.unwrap();
    }
    drop(session);
    drop(engine);

    let engine = open(folder.path(), json!({"recording": "full"}));
    let calls = engine.usage(UsageQuery::default()).await.unwrap();
    assert_eq!(calls[0].calls, 301);
    assert_eq!(engine.session("s").history().await.unwrap().len(), 2);
    engine
        .feedback(Feedback::new(&completion, "thumbs", true))
        .await
        .unwrap();
    let id = answer.meta.recording_id.unwrap();
    let again = engine
        .recordings()
        .rerun(&id, Rerun::default())
        .await
        .unwrap();
    assert_eq!(again.text(), "one");
    let rows = engine
        .recordings()
        .query("select count(*) as n from recordings")
        .await
        .unwrap();
    assert_eq!(rows[0]["n"], 302);
    let gone = engine
        .recordings()
        .delete(Filter {
            ids: vec![id],
            ..Filter::default()
        })
        .await;
    assert_eq!(gone.unwrap(), 1);
    let written = engine.recordings().query("delete from recordings").await;
    assert_eq!(written.unwrap_err().kind(), ErrorKind::InvalidRequest);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_engines_on_one_file_lose_no_turn() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (
        open(folder.path(), json!({})),
        open(folder.path(), json!({})),
    );
    let talk = |engine: Engine, name: &'static str| {
        tokio::spawn(async move {
            let session = engine.session("s");
            let (mut said, mut conflicts) = (Vec::new(), 0);
            for n in 0..40 {
                let text = format!("{name}{n}");
                match session.chat(echo(&text)).await {
                    Ok(answer) => said.push(answer.text()),
                    Err(error) if error.kind() == ErrorKind::Conflict => conflicts += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            (said, conflicts)
        })
    };
    let (first, second) = (talk(a.clone(), "a"), talk(b.clone(), "b"));
    let ((mut said, one), (more, other)) = (first.await.unwrap(), second.await.unwrap());
    said.extend(more);
    println!("{} turns, {} conflicts", said.len(), one + other);
    let history = a.session("s").history().await.unwrap();
    assert_eq!(history, b.session("s").history().await.unwrap());
    let turns: Vec<String> = history
        .chunks(2)
        .map(|turn| {
            // Never a question of the one with the answer of the other.
            assert_eq!(turn[0].text(), turn[1].text());
            turn[0].text()
        })
        .collect();
    said.sort_unstable();
    let mut kept = turns;
    kept.sort_unstable();
    assert_eq!(kept, said);
    assert_eq!(said.len() + one + other, 80);
    // Both recorded everything, the conflicts too: those calls went well.
    b.shutdown().await.unwrap();
    assert_eq!(a.usage(UsageQuery::default()).await.unwrap()[0].calls, 80);
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_told_at_opening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("no/such/state.db");
    let config = json!({"engine": {"storage": format!("sqlite:{}", path.display())}});
    let error = Engine::new(Config::from_value(config).unwrap()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConfigError);
    assert_eq!(error.data().param.as_deref(), Some("engine.storage"));
}

#[tokio::test]
async fn an_export_takes_the_place_of_nothing_but_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), json!({}));
    engine.chat(echo("x")).await.unwrap();
    let export = async |path: &Path| engine.recordings().export(path, Filter::default()).await;

    let kept = folder.path().join("kept.jsonl");
    std::fs::write(&kept, "old").unwrap();
    #[cfg(unix)]
    {
        let link = folder.path().join("link.jsonl");
        std::os::unix::fs::symlink(&kept, &link).unwrap();
        assert_eq!(export(&link).await.unwrap(), 1);
        assert!(link.is_symlink());
    }
    assert_eq!(export(&kept).await.unwrap(), 1);
    assert!(std::fs::read_to_string(&kept).unwrap().starts_with('{'));

    for taken in [folder.path().to_owned(), folder.path().join("state.db")] {
        let error = export(&taken).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StoreError, "{error}");
    }
    assert_eq!(recorded(&engine).await.len(), 1);
}

#[tokio::test]
async fn what_is_too_old_is_gone_once_an_engine_has_closed() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let engine = open(folder.path(), json!({"recording_max_age_ms": 1}));
        engine.chat(echo("x")).await.unwrap();
        std::thread::sleep(std::time::Duration::from_millis(5));
        engine.shutdown().await.unwrap();
        drop(engine);
        let log = folder.path().join("state.db-wal");
        assert!(!log.exists(), "closing left the log behind");
    }
    let engine = open(folder.path(), json!({}));
    assert!(recorded(&engine).await.is_empty());
}

#[tokio::test]
async fn a_session_past_its_time_leaves_the_file_where_nothing_is_recorded() {
    let folder = tempfile::tempdir().unwrap();
    // Longer than it takes to look through the files.
    let settings = json!({"recording": "off", "session_ttl_ms": 500});
    let engine = open(folder.path(), settings.clone());
    engine.session("s").chat(echo("NEEDLE-ONE")).await.unwrap();
    // A write ends after what the one before it had looked at by the way: no file changes while it is read.
    engine.session("u").clear().await.unwrap();
    assert!(holds(folder.path(), "NEEDLE-ONE"));
    // As when the program is killed: nobody closes the file.
    std::mem::forget(engine);
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    let engine = open(folder.path(), settings);
    engine.session("t").chat(echo("NEEDLE-TWO")).await.unwrap();
    engine.session("u").clear().await.unwrap();
    assert!(!holds(folder.path(), "NEEDLE-ONE"));
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    drop(engine);
    assert!(!holds(folder.path(), "NEEDLE-TWO"));
}

#[tokio::test]
async fn a_long_query_holds_no_session_up() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), json!({}));
    let other = engine.clone();
    let query = tokio::spawn(async move {
        let sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 10000000) \
                   SELECT count(*) AS n FROM c";
        other.recordings().query(sql).await
    });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    engine.session("s").chat(echo("x")).await.unwrap();
    assert!(!query.is_finished());
    assert_eq!(query.await.unwrap().unwrap()[0]["n"], 10_000_000);
}

#[tokio::test]
async fn shutting_down_ends_a_query() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), json!({}));
    let other = engine.clone();
    let running = tokio::spawn(async move {
        let sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
        other.recordings().query(sql).await
    });
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert!(!running.is_finished());
    engine.shutdown().await.unwrap();
    let error = running.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::StoreError);
    // It is not closed yet: others go on.
    assert_eq!(
        engine.recordings().query("SELECT 1 AS n").await.unwrap()[0]["n"],
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_not_done_in_time_is_told_when_closing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let engine = open(folder.path(), json!({"recording": "metadata"}));
    engine.chat(echo("first")).await.unwrap();
    assert_eq!(recorded(&engine).await.len(), 1);

    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    engine.chat(echo("second")).await.unwrap();
    let error = engine.shutdown().await.unwrap_err();
    assert_eq!(error.code(), "store_error");
    assert!(error.to_string().contains("busy"), "{error}");
    // The time was waited for once: not again here.
    let started = Instant::now();
    drop(engine);
    assert!(started.elapsed() < Duration::from_secs(3));

    other.execute_batch("ROLLBACK").unwrap();
    let count = || {
        let counted = other.query_row("SELECT count(*) FROM recordings", [], |row| row.get(0));
        counted.unwrap_or(0i64)
    };
    while count() < 2 {
        assert!(started.elapsed() < Duration::from_secs(30), "it is lost");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_timeout_of_0_is_none_for_the_turns_either() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), json!({}));
    let mut call = echo("x");
    call.options.timeout_ms = Some(0);
    for _ in 0..3 {
        engine.session("s").chat(call.clone()).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_nested_deep_spoils_no_session_and_no_list() {
    let folder = tempfile::tempdir().unwrap();
    let engine = open(folder.path(), json!({"recording": "full"}));
    let nested = |depth: usize| {
        let mut call = echo("[\\\"{");
        let deep = (0..depth).fold(json!("bottom"), |deep, _| json!([deep]));
        call.messages[0].metadata.insert("deep".to_owned(), deep);
        call
    };
    let session = engine.session("s");
    // The most that a call may hold in other languages, and what Rust may hold besides.
    for depth in [1, 125, 128, 250] {
        session.chat(nested(depth)).await.unwrap();
    }
    let error = session.chat(nested(300)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidRequest, "{error}");
    assert_eq!(error.data().param.as_deref(), Some("messages"));
    assert!(error.data().partial.is_some());
    let history = session.history().await.unwrap();
    assert_eq!(history.len(), 8);
    assert_eq!(
        history[6].metadata["deep"],
        nested(250).messages[0].metadata["deep"]
    );
    let found = recorded(&engine).await;
    assert_eq!(found.len(), 5);
    assert!(found[0].request.is_none() && found[1].request.is_some());
    let file = folder.path().join("calls.jsonl");
    let written = engine.recordings().export(file, Filter::default()).await;
    assert_eq!(written.unwrap(), 5);
}
