//! Statements of the user: what they may do, how they are refused, and that they end.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use slugline::store::{RecordingQuery, Retention, SqliteStore, Store, UsageGroup, UsageQuery};

use crate::sample::record;

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Retention::default()).unwrap()
}

/// A statement that would take hours.
const ENDLESS: &str = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) \
                       SELECT count(*) FROM c";

#[tokio::test]
async fn sql_reads_and_does_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("slugline.db");
    let store = open(&path);
    record(&store, 0..3).await;
    let rows = store
        .query(
            "SELECT id, total_ms * 0.5 AS half, project, x'00ff' AS bytes \
             FROM recordings WHERE created_ms > 0 ORDER BY sequence LIMIT 2",
        )
        .await
        .unwrap();
    assert_eq!(
        serde_json::to_value(rows).unwrap(),
        json!([
            {"id": "recording-0", "half": 0.0, "project": null, "bytes": "00ff"},
            {"id": "recording-1", "half": 0.5, "project": null, "bytes": "00ff"},
        ])
    );
    let other = folder.path().join("other.db");
    let attach = format!("ATTACH '{}' AS other", other.display());
    let vacuum = format!("VACUUM INTO '{}'", other.display());
    for sql in [
        "DELETE FROM recordings",
        "UPDATE recordings SET project = 'x'",
        "CREATE TABLE x (y)",
        "DROP TABLE recordings",
        "SELECT 1; DELETE FROM recordings",
        "PRAGMA user_version = 9",
        "SELEC 1",
        "SELECT nothing FROM recordings",
        &attach,
        &vacuum,
    ] {
        let error = store.query(sql).await.unwrap_err();
        assert_eq!(error.code(), "invalid_request", "{sql}: {error}");
        assert_eq!(error.data().param.as_deref(), Some("sql"));
    }
    assert!(!other.exists());
    assert_eq!(
        store.query("SELECT * FROM recordings").await.unwrap().len(),
        3
    );
}

#[tokio::test]
async fn what_is_not_one_statement_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("slugline.db"));
    let many = "SELECT 1;".repeat(100_000);
    for (sql, why) in [
        ("", "it is empty"),
        ("  \n", "it is empty"),
        (";;", "it is empty"),
        ("-- nothing\n/* at all */", "it is empty"),
        ("SELECT 1; SELECT 2", "it holds several"),
        ("SELECT 1; nonsense", "it holds several"),
        (&many, "it holds several"),
        ("SELECT 1\0", "code 0"),
        ("DELETE FROM recordings", "it does more than read"),
    ] {
        let error = store.query(sql).await.unwrap_err();
        assert_eq!(error.code(), "invalid_request", "{error}");
        assert_eq!(error.data().param.as_deref(), Some("sql"));
        let told = error.to_string();
        assert!(told.contains("`sql` takes one statement"), "{told}");
        assert!(told.contains(why), "{told}");
    }
    for sql in [
        "SELECT 1 AS n;",
        "SELECT 1 AS n; -- that is all\n;",
        "/* one */ SELECT 1 AS n",
    ] {
        assert_eq!(store.query(sql).await.unwrap()[0]["n"], 1, "{sql}");
    }
}

#[tokio::test]
async fn what_no_program_can_hold_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("slugline.db"));
    let rows = |most: u64| {
        format!(
            "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < {most}) SELECT x FROM c"
        )
    };
    assert_eq!(store.query(&rows(100_000)).await.unwrap().len(), 100_000);
    let wide = format!("SELECT x AS {} FROM ({})", "n".repeat(10_000), rows(10_000));
    let long = format!("SELECT 1 AS n -- {}", "x".repeat(2 << 20));
    for sql in [
        &rows(100_001),
        &wide,
        "SELECT zeroblob(1 << 29)",
        "SELECT hex(zeroblob(50 << 20))",
        &long,
    ] {
        let error = store.query(sql).await.unwrap_err();
        assert_eq!(error.code(), "invalid_request", "{error}");
        assert!(error.to_string().contains("100000 rows"), "{error}");
    }
}

#[tokio::test]
async fn a_statement_ends_with_who_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("slugline.db"));
    record(&store, 0..3).await;
    let begun = Instant::now();
    for patience in [0, 1, 50] {
        let query = store.query(ENDLESS);
        let given_up = tokio::time::timeout(Duration::from_millis(patience), query).await;
        assert!(given_up.is_err());
        assert_eq!(store.query("SELECT 1 AS n").await.unwrap()[0]["n"], 1);
        let page = store.recordings(RecordingQuery::default()).await.unwrap();
        assert_eq!(page.recordings.len(), 3);
    }
    // One that was never waited for does not begin.
    drop(store.query(ENDLESS));
    store.query("SELECT 1").await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn counts_that_nobody_waits_for_hold_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("slugline.db"));
    record(&store, 0..20_000).await;
    let by_day = || UsageQuery {
        group_by: vec![UsageGroup::Day, UsageGroup::Label("team".to_owned())],
        ..UsageQuery::default()
    };
    let begun = Instant::now();
    assert_eq!(store.usage(by_day()).await.unwrap()[0].calls, 20_000);
    let once = begun.elapsed();
    let begun = Instant::now();
    for _ in 0..500 {
        drop(store.usage(by_day()));
    }
    store.recording("recording-7").await.unwrap();
    assert!(
        begun.elapsed() < once * 50,
        "{:?} {once:?}",
        begun.elapsed()
    );
    // The connection is as before.
    assert_eq!(store.usage(by_day()).await.unwrap()[0].calls, 20_000);
}

#[tokio::test]
async fn closing_ends_a_statement_that_held_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(open(&folder.path().join("slugline.db")));
    let running = tokio::spawn({
        let store = store.clone();
        async move { store.query(ENDLESS).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    // Who reads otherwise does not wait for it.
    let counted = store.usage(UsageQuery::default());
    let counted = tokio::time::timeout(Duration::from_secs(10), counted).await;
    counted.expect("reading waits for no query").unwrap();
    assert!(!running.is_finished());
    let begun = Instant::now();
    store.close().await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(5));
    let error = running.await.unwrap().unwrap_err();
    assert_eq!(error.code(), "store_error");
    assert!(error.to_string().contains("closed"), "{error}");
}

#[tokio::test]
async fn a_statement_changes_nothing_of_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("slugline.db"));
    record(&store, 0..3).await;
    for sql in [
        "PRAGMA hard_heap_limit = 1000",
        "PRAGMA soft_heap_limit(1000)",
        "PRAGMA temp_store_directory = '/nowhere'",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "PRAGMA journal_mode = delete",
        "PRAGMA locking_mode = exclusive",
        "PRAGMA writable_schema = on",
        "PRAGMA optimize",
        "BEGIN EXCLUSIVE",
        "SAVEPOINT s",
        "DETACH main",
        "REINDEX",
        "ANALYZE",
        "SELECT load_extension('x')",
        "CREATE TEMP TABLE t (x)",
    ] {
        let error = store.query(sql).await.unwrap_err();
        assert_eq!(error.code(), "invalid_request", "{sql}: {error}");
    }
    for sql in [
        "PRAGMA table_info(recordings)",
        "PRAGMA index_list('turns')",
        "PRAGMA integrity_check",
        "PRAGMA user_version",
        "PRAGMA page_count",
        "PRAGMA compile_options",
        "EXPLAIN QUERY PLAN SELECT * FROM recordings",
        "SELECT name FROM pragma_table_list",
        "VALUES (1)",
        "SELECT value FROM json_each('[1]')",
    ] {
        let rows = store.query(sql).await;
        assert!(!rows.unwrap().is_empty(), "{sql}");
    }
    record(&store, 3..200).await;
}
