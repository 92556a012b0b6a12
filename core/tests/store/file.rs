//! What a SQLite file must do beyond the suite: last, be private, refuse what it cannot do well.

use std::path::Path;

use serde_json::json;
use slugline::chat::Message;
use slugline::store::{Feedback, Retention, SessionTurn, SqliteStore, Store};

use crate::erasure::on_disk;
use crate::sample::{self, record};

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Retention::default()).unwrap()
}

fn refused(path: &Path) -> slugline::Error {
    SqliteStore::open(path, Retention::default()).unwrap_err()
}

#[tokio::test]
async fn everything_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slugline.db");
    let turn = SessionTurn::new(vec![Message::user("Hi")], None);
    let version = {
        let store = open(&path);
        store.record(vec![sample::full()]).await.unwrap();
        let feedback = Feedback::new("c1", "thumbs", true);
        store.add_feedback(feedback).await.unwrap();
        // Not closed: dropped, as by a program that ends.
        store.append_turn("s", 0, turn.clone()).await.unwrap()
    };
    let store = open(&path);
    let kept = store.recording("7a4e").await.unwrap();
    assert_eq!(kept.feedback.len(), 1);
    let session = store.session("s").await.unwrap();
    assert_eq!((session.version, session.turns), (version, vec![turn]));
    store.close().await.unwrap();
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    println!("after closing: {left:?}");
    let error = store.recording("7a4e").await.unwrap_err();
    assert_eq!(error.code(), "store_error");
    assert!(error.to_string().contains("closed"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("slugline.db"));
    record(&store, 0..1).await;
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["slugline.db", "slugline.db-shm", "slugline.db-wal"]);
}

#[test]
fn places_that_cannot_hold_it_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("absent/slugline.db");
    let error = refused(&missing);
    assert_eq!(error.code(), "config_error");
    assert_eq!(error.data().param.as_deref(), Some("engine.storage"));
    assert_eq!(refused(folder.path()).code(), "config_error");
    // No file can be made here, not even by the superuser.
    #[cfg(target_os = "linux")]
    {
        let error = refused(Path::new("/proc/slugline.db"));
        assert_eq!(error.code(), "config_error", "{error}");
        assert!(error.to_string().contains("memory:"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn what_is_read_only_is_told() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slugline.db");
    drop(open(&path));
    let mode = |path: &Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&path, 0o400);
    if std::fs::OpenOptions::new().write(true).open(&path).is_ok() {
        println!("skipped: this user may write what is read-only");
        return;
    }
    let error = refused(&path);
    assert_eq!(error.code(), "config_error");
    assert!(error.to_string().contains("memory:"), "{error}");
    mode(&path, 0o600);
    mode(folder.path(), 0o500);
    let error = refused(&path);
    mode(folder.path(), 0o700);
    assert_eq!(error.code(), "config_error");
    assert!(error.to_string().contains("folder"), "{error}");
}

#[test]
fn files_that_are_not_ours_are_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    let words = "no database at all, ".repeat(100);
    std::fs::write(&text, &words).unwrap();
    let error = refused(&text);
    assert_eq!(error.code(), "store_error");
    assert!(
        error.to_string().contains("not a SQLite database"),
        "{error}"
    );
    assert_eq!(std::fs::read_to_string(&text).unwrap(), words);

    let sql = |path: &Path, sql: &str| {
        let connection = rusqlite::Connection::open(path).unwrap();
        connection.execute_batch(sql).unwrap();
    };
    let foreign = folder.path().join("foreign.db");
    sql(&foreign, "CREATE TABLE theirs (x)");
    let error = refused(&foreign);
    assert_eq!(error.code(), "store_error");
    assert!(error.to_string().contains("another program"), "{error}");
    let numbered = folder.path().join("numbered.db");
    sql(
        &numbered,
        "CREATE TABLE theirs (x); PRAGMA user_version = 1",
    );
    assert!(refused(&numbered).to_string().contains("another program"));

    let newer = folder.path().join("newer.db");
    drop(open(&newer));
    sql(&newer, "PRAGMA user_version = 99");
    let error = refused(&newer);
    assert_eq!(error.code(), "store_error");
    assert!(error.to_string().contains("newer release"), "{error}");
}

#[tokio::test]
async fn a_file_of_an_older_release_is_brought_up_to_date() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slugline.db");
    let first = include_str!("../../src/store/sqlite/schema_1.sql");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch(first).unwrap();
    connection
        .execute_batch(
            "INSERT INTO turns (session_id, follows, created_ms, messages) VALUES ('s', 0, 1, '[]'); \
             PRAGMA user_version = 1; PRAGMA application_id = 0x534C5547",
        )
        .unwrap();
    drop(connection);
    let store = open(&path);
    let session = store.session("s").await.unwrap();
    assert_eq!((session.version, session.turns.len()), (1, 1));
    store.clear_session("s").await.unwrap();
    assert_eq!(store.session("s").await.unwrap().version, 2);
    store.close().await.unwrap();
    assert_eq!(open(&path).session("s").await.unwrap().version, 2);
}

#[tokio::test]
async fn many_writers_wait_for_a_locked_file_hardly_longer_than_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slugline.db");
    let store = open(&path);
    let turn = || SessionTurn::new(vec![Message::user("Hi")], None);
    store.append_turn("s", 0, turn()).await.unwrap();
    store.prune().await.unwrap();
    // As another process that holds the lock: the same copy of SQLite, so that its locks hold.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let begun = std::time::Instant::now();
    let ids = ["a", "b", "c", "d"];
    let waiting: Vec<_> = ids.map(|id| store.append_turn(id, 0, turn())).into();
    for failed in futures_util::future::join_all(waiting).await {
        let error = failed.unwrap_err();
        assert_eq!(error.code(), "store_error");
        assert!(error.data().retryable, "{error}");
    }
    let waited = begun.elapsed().as_secs();
    assert!((9..15).contains(&waited), "{waited} s");
    // Reading waits for nobody.
    assert_eq!(store.session("s").await.unwrap().turns.len(), 1);
    other.execute_batch("ROLLBACK").unwrap();
    for id in ids {
        store.append_turn(id, 0, turn()).await.unwrap();
    }
}

#[tokio::test]
async fn a_row_that_others_have_spoilt_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slugline.db");
    let store = open(&path);
    let turn = SessionTurn::new(vec![Message::user("Hi")], None);
    store.append_turn("s", 0, turn).await.unwrap();
    store.close().await.unwrap();
    aside(&path, "UPDATE turns SET messages = 'spoilt'");
    let error = open(&path).session("s").await.unwrap_err();
    assert_eq!(error.code(), "store_error");
    assert!(error.to_string().contains("cannot be read"), "{error}");
    assert!(!error.to_string().contains("spoilt"), "{error}");
}

/// Does this to a file that no store has open.
fn aside(path: &Path, sql: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch(sql).unwrap();
}

#[tokio::test]
async fn that_a_session_was_cleared_is_forgotten_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slugline.db");
    let store = open(&path);
    store.clear_session("who-was-it").await.unwrap();
    let version = store.session("who-was-it").await.unwrap().version;
    assert!(version > 0);
    store.close().await.unwrap();
    assert!(!on_disk(folder.path(), "who-was-it"));

    // An hour later it is as if it had never been, for who comes and for who was there.
    aside(&path, "UPDATE endings SET until_ms = until_ms - 3600000");
    let store = open(&path);
    assert_eq!(store.session("who-was-it").await.unwrap().version, 0);
    store.prune().await.unwrap();
    let turn = || SessionTurn::new(vec![Message::user("Hi")], None);
    store
        .append_turn("who-was-it", version, turn())
        .await
        .unwrap();
    store.clear_session("who-was-it").await.unwrap();
    store.close().await.unwrap();

    aside(&path, "UPDATE endings SET until_ms = until_ms - 7200000");
    let store = open(&path);
    store.prune().await.unwrap();
    let left = store
        .query("SELECT count(*) AS n FROM endings")
        .await
        .unwrap();
    assert_eq!(left[0]["n"], 0);
    store.append_turn("who-was-it", 0, turn()).await.unwrap();
}

/// The guide that describes the schema to other tools.
const GUIDE: &str = include_str!("../../docs/recordings.md");

#[tokio::test]
async fn the_tables_are_as_the_guide_says() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("slugline.db"));
    let tables = store
        .query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        .await
        .unwrap();
    assert_eq!(tables.len(), 7);
    for table in tables {
        let name = table["name"].as_str().unwrap();
        let row = GUIDE
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}` | `")))
            .unwrap_or_else(|| panic!("the guide has no table `{name}`"));
        // Every other piece between backquotes is a name; the first is the table's.
        let told: Vec<&str> = row.split('`').skip(3).step_by(2).collect();
        let columns = store
            .query(&format!("SELECT name FROM pragma_table_info('{name}')"))
            .await
            .unwrap();
        let columns: Vec<&str> = columns
            .iter()
            .map(|column| column["name"].as_str().unwrap())
            .collect();
        assert_eq!(columns, told, "{name}");
    }
    let version = store.query("PRAGMA user_version").await.unwrap();
    assert_eq!(version[0]["user_version"], 2);
}

#[tokio::test]
async fn the_statements_of_the_guide_run() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("slugline.db"));
    store.record(vec![sample::full()]).await.unwrap();
    let disliked = Feedback::new("c0", "thumbs", false).comment("too long");
    store.add_feedback(disliked).await.unwrap();
    let (_, block) = GUIDE.split_once("```sql\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    let mut found = Vec::new();
    for statement in block.split(";\n").filter(|text| !text.trim().is_empty()) {
        found.push(store.query(statement).await.unwrap());
    }
    assert_eq!(
        serde_json::to_value(&found[1..]).unwrap(),
        json!([
            [{"provider": "openai", "attempts": 1, "waited_ms": 5}],
            [{"id": "7a4e", "answer": "Hello Ada", "comment": "too long"}],
        ])
    );
}

#[test]
fn the_fields_are_as_the_guide_says() {
    let recording = serde_json::to_value(sample::full()).unwrap();
    let mut told: Vec<&str> = GUIDE
        .split("## A recording")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap()
        .lines()
        .filter(|line| line.starts_with("| `"))
        .flat_map(|line| {
            line.split('|')
                .nth(1)
                .unwrap()
                .split('`')
                .skip(1)
                .step_by(2)
        })
        .collect();
    told.sort_unstable();
    let mut fields: Vec<&str> = recording
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    fields.sort_unstable();
    assert_eq!(fields, told);
}
