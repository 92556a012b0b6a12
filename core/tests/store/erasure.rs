//! What is deleted, cleared or too old is nowhere in the files: not in free pages, not in the log.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use slugline::chat::Message;
use slugline::store::{Feedback, Filter, Recording, Retention, SessionTurn, SqliteStore, Store};

use crate::sample::{START, recording};

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Retention::default()).unwrap()
}

fn turn(text: &str) -> SessionTurn {
    SessionTurn::new(vec![Message::user(text)], None)
}

/// Whether any file of the folder has these bytes.
pub(crate) fn on_disk(folder: &Path, needle: &str) -> bool {
    std::fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        bytes
            .windows(needle.len())
            .any(|window| window == needle.as_bytes())
    })
}

#[tokio::test]
async fn what_is_deleted_is_not_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("slugline.db"));
    let secret = |n: u64| Recording {
        request: json!({"messages": format!("needle-request-{n}").repeat(300)})
            .as_object()
            .cloned(),
        variables: json!({"name": format!("needle-variable-{n}")})
            .as_object()
            .cloned(),
        labels: json!({"label": format!("needle-label-{n}")})
            .as_object()
            .unwrap()
            .clone(),
        ..recording(n)
    };
    store.record((0..50).map(secret).collect()).await.unwrap();
    let feedback = Feedback::new("completion-7", "thumbs", true).comment("needle-comment-7");
    store.add_feedback(feedback).await.unwrap();
    let turn = SessionTurn::new(vec![Message::user("needle-session")], None);
    store.append_turn("s", 0, turn).await.unwrap();
    // What that has looked at by the way is done once this is, so that no file changes while it is read.
    store.prune().await.unwrap();
    // A reader has looked at it too, so that its pages are in use.
    store.recording("recording-7").await.unwrap();
    let needles = [
        "needle-request-7",
        "needle-variable-7",
        "needle-label-7",
        "needle-comment-7",
    ];
    for needle in needles.iter().chain(&["needle-session"]) {
        assert!(on_disk(folder.path(), needle), "{needle} was never there");
    }
    let gone = Filter {
        ids: vec!["recording-7".to_owned()],
        ..Filter::default()
    };
    assert_eq!(store.delete(gone).await.unwrap(), 1);
    for needle in needles {
        assert!(!on_disk(folder.path(), needle), "{needle} is still there");
    }
    assert!(on_disk(folder.path(), "needle-request-8"));
    store.clear_session("s").await.unwrap();
    assert!(!on_disk(folder.path(), "needle-session"));
}

/// A minute's rest for sessions, a minute's age for recordings.
const SHORT: Retention = Retention {
    recordings: 0,
    recording_age_ms: 60_000,
    session_ttl_ms: 60_000,
};

fn old(text: &str) -> SessionTurn {
    SessionTurn {
        created_ms: turn(text).created_ms - 61_000,
        ..turn(text)
    }
}

#[tokio::test]
async fn what_is_too_old_is_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("slugline.db"), SHORT).unwrap();
    // The first write looks for what is too old; from then on this test does.
    store.append_turn("first", 0, turn("x")).await.unwrap();
    store.append_turn("s", 0, old("needle-turn")).await.unwrap();
    let call = Recording {
        variables: json!({"name": "needle-call"}).as_object().cloned(),
        created_ms: START,
        ..recording(0)
    };
    store.record(vec![call]).await.unwrap();
    assert!(on_disk(folder.path(), "needle-turn") && on_disk(folder.path(), "needle-call"));
    assert_eq!(store.prune().await.unwrap(), 1);
    assert!(!on_disk(folder.path(), "needle-turn") && !on_disk(folder.path(), "needle-call"));

    // A new beginning of a session that is over takes its old turns away too.
    store.append_turn("t", 0, old("needle-over")).await.unwrap();
    store.append_turn("t", 0, turn("anew")).await.unwrap();
    store.prune().await.unwrap();
    assert!(!on_disk(folder.path(), "needle-over"));
}

#[tokio::test]
async fn sessions_alone_have_what_is_too_old_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slugline.db");
    let killed = open(&path);
    killed.append_turn("s", 0, old("needle-one")).await.unwrap();
    killed
        .append_turn("t", 0, turn("needle-two"))
        .await
        .unwrap();
    // Neither closed nor dropped, as in a process that is killed.
    std::mem::forget(killed);
    let store = SqliteStore::open(&path, SHORT).unwrap();
    store.append_turn("other", 0, turn("x")).await.unwrap();
    // What was sent after the turn is done when the next write is.
    store.append_turn("another", 0, turn("y")).await.unwrap();
    assert!(!on_disk(folder.path(), "needle-one"));
    assert!(on_disk(folder.path(), "needle-two"));
    assert_eq!(store.session("t").await.unwrap().turns.len(), 1);
}

#[tokio::test]
async fn who_reads_holds_no_clearing_up_for_long() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slugline.db");
    let store = open(&path);
    for (id, text) in [("a", "needle-one"), ("b", "needle-two")] {
        store.append_turn(id, 0, turn(text)).await.unwrap();
    }
    // As another process that reads: the same copy of SQLite, so that its locks hold.
    let reads = || {
        let reader = rusqlite::Connection::open(&path).unwrap();
        reader
            .execute_batch("BEGIN; SELECT count(*) FROM turns")
            .unwrap();
        reader
    };
    let reader = reads();
    let begun = Instant::now();
    store.clear_session("a").await.unwrap();
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    assert!(on_disk(folder.path(), "needle-one"), "the log is in use");
    drop(reader);
    store.prune().await.unwrap();
    assert!(!on_disk(folder.path(), "needle-one"));

    let reader = reads();
    store.clear_session("b").await.unwrap();
    drop(reader);
    // One that only came later, so that closing does not empty the log by itself.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("SELECT count(*) FROM turns").unwrap();
    assert!(on_disk(folder.path(), "needle-two"));
    store.close().await.unwrap();
    assert!(!on_disk(folder.path(), "needle-two"));
}
