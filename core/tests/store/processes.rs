//! What holds between processes: a killed writer leaves whole rows and whole sessions, and several
//! writers share a file. The children are this test program, started anew for one test.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use slugline::chat::Message;
use slugline::store::{Filter, RecordingQuery, Retention, SessionTurn, SqliteStore, Store};

use crate::sample::recording;

/// How many calls a child records.
const CALLS: u64 = 10_000;

/// Calls of one write.
const BATCH: u64 = 25;

/// Names the file and the writer to a child.
const FILE: &str = "SLUGLINE_TEST_STORE_FILE";
const WRITER: &str = "SLUGLINE_TEST_STORE_WRITER";

fn open(path: &Path) -> SqliteStore {
    SqliteStore::open(path, Retention::default()).unwrap()
}

/// Starts this program again as one of the children below.
fn child(test: &str, file: &Path, writer: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env(FILE, file)
        .env(WRITER, writer.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The file and the writer's number, in a child.
fn told() -> Option<(std::path::PathBuf, u64)> {
    let file = std::env::var_os(FILE)?;
    let writer = std::env::var(WRITER).ok()?.parse().ok()?;
    Some((file.into(), writer))
}

/// A line for the parent, at once.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

fn turn(writer: u64, n: u64) -> SessionTurn {
    let user = Message::user(format!("{writer}-{n} {}", "words ".repeat(40)));
    let answer = Message::assistant(format!("answer to {writer}-{n}"));
    SessionTurn::new(vec![user, answer], None)
}

/// A child: records calls in batches, with a turn of its session each, and says what was acknowledged.
#[tokio::test]
#[ignore = "started by the tests of processes"]
async fn child_records() {
    let Some((file, writer)) = told() else {
        return;
    };
    let store = open(&file);
    let session = format!("of writer {writer}");
    let mut version = store.session(&session).await.unwrap().version;
    for start in (0..CALLS).step_by(BATCH as usize) {
        let first = writer * CALLS + start;
        let batch = (first..first + BATCH).map(recording).collect();
        store.record(batch).await.unwrap();
        let turn = turn(writer, start);
        version = store.append_turn(&session, version, turn).await.unwrap();
        say(&format!("recorded {}", start + BATCH));
    }
}

/// What a child says it was told is kept.
fn acknowledged(line: &str) -> Option<u64> {
    // The test runner writes its own words before the first line.
    let (_, number) = line.split_once("recorded ")?;
    number.parse().ok()
}

/// The numbers of the calls of a writer that are in the file.
async fn kept(store: &SqliteStore, writer: u64) -> BTreeSet<u64> {
    let mut numbers = BTreeSet::new();
    let mut query = RecordingQuery {
        limit: Some(RecordingQuery::MOST),
        ..RecordingQuery::default()
    };
    loop {
        let page = store.recordings(query.clone()).await.unwrap();
        for recording in page.recordings {
            let number: u64 = recording.id["recording-".len()..].parse().unwrap();
            if number / CALLS == writer {
                numbers.insert(number % CALLS);
            }
        }
        query.cursor = page.next_cursor;
        if query.cursor.is_none() {
            return numbers;
        }
    }
}

async fn whole(store: &SqliteStore) {
    let checked = store.query("PRAGMA integrity_check").await.unwrap();
    assert_eq!(checked.len(), 1);
    assert_eq!(checked[0]["integrity_check"], "ok");
}

/// Every turn of a writer's session is whole, and they follow one another. Gives how many there are.
async fn turns(store: &SqliteStore, writer: u64) -> u64 {
    let session = store.session(&format!("of writer {writer}")).await.unwrap();
    for (place, kept) in (0u64..).zip(&session.turns) {
        assert_eq!(kept.messages, turn(writer, place * BATCH).messages);
    }
    session.turns.len() as u64
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_writer_leaves_all_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    for (round, until) in [(0, 250), (1, 2_500), (2, 7_025), (3, CALLS)] {
        let file = folder.path().join(format!("{round}.db"));
        let mut child = child("processes::child_records", &file, 0);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut told = 0;
        for line in lines {
            told = acknowledged(&line.unwrap()).unwrap_or(told);
            if told >= until {
                // SIGKILL, while the next batch is being written.
                child.kill().unwrap();
                break;
            }
        }
        child.wait().unwrap();
        assert!(told >= until, "the child ended at {told}");
        let store = open(&file);
        whole(&store).await;
        let kept = kept(&store, 0).await;
        assert!((0..told).all(|n| kept.contains(&n)), "round {round}");
        // The batch under way is there whole or not at all.
        assert_eq!(kept.len() as u64 % BATCH, 0);
        let turns = turns(&store, 0).await;
        assert!(turns >= told / BATCH && turns <= kept.len() as u64 / BATCH);
        println!("killed at {told}: {} calls, {turns} turns", kept.len());
        // It goes on where it stopped.
        store.record(vec![recording(CALLS * 9)]).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shared.db");
    // Both make and update the file, as the one that comes first does.
    let children = [1, 2].map(|writer| child("processes::child_records", &file, writer));
    let store = loop {
        if file.exists() {
            break open(&file);
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    };
    // A third process, this one, reads, writes and deletes meanwhile.
    for n in 0..40 {
        store.record(vec![recording(n)]).await.unwrap();
        let mine = Filter {
            ids: vec![format!("recording-{n}")],
            ..Filter::default()
        };
        if n % 2 == 0 {
            assert_eq!(store.delete(mine).await.unwrap(), 1);
        }
    }
    for mut child in children {
        // Its lines are read, so that it never waits for room to write them.
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let last = lines.filter_map(|line| acknowledged(&line.unwrap())).last();
        assert!(child.wait().unwrap().success());
        assert_eq!(last, Some(CALLS));
    }
    whole(&store).await;
    assert_eq!(kept(&store, 0).await.len(), 20);
    for writer in [1, 2] {
        assert_eq!(kept(&store, writer).await.len() as u64, CALLS);
        assert_eq!(turns(&store, writer).await, CALLS / BATCH);
    }
}

/// A child: appends turns to the session all share, and starts over at each conflict.
#[tokio::test]
#[ignore = "started by the tests of processes"]
async fn child_appends() {
    let Some((file, writer)) = told() else {
        return;
    };
    let store = open(&file);
    let mut conflicts = 0;
    for n in 0..100 {
        loop {
            let session = store.session("shared").await.unwrap();
            let appended = store.append_turn("shared", session.version, turn(writer, n));
            match appended.await {
                Ok(_) => break,
                Err(error) => assert_eq!(error.code(), "conflict"),
            }
            conflicts += 1;
        }
    }
    say(&format!("{conflicts} conflicts"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_share_a_session() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("session.db");
    let children = [1, 2].map(|writer| child("processes::child_appends", &file, writer));
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        println!(
            "{}",
            text.lines()
                .find(|line| line.contains("conflicts"))
                .unwrap()
        );
    }
    let session = open(&file).session("shared").await.unwrap();
    assert_eq!(session.turns.len(), 200);
    for writer in [1, 2] {
        let own: Vec<_> = session
            .turns
            .iter()
            .filter(|kept| kept.messages[0].text().starts_with(&format!("{writer}-")))
            .collect();
        assert_eq!(own.len(), 100);
        for (n, kept) in (0..).zip(own) {
            assert_eq!(kept.messages, turn(writer, n).messages);
        }
    }
}
