//! Sessions: turns in order, and two writers told apart.

use slugline::chat::Message;
use slugline::store::{Retention, SessionTurn, Store};

use crate::{on_each, on_each_store};

fn turn(text: &str) -> SessionTurn {
    let messages = vec![
        Message::user(text),
        Message::assistant(format!("re {text}")),
    ];
    SessionTurn::new(messages, Some(format!("completion of {text}")))
}

async fn append(store: &dyn Store, id: &str, version: u64, text: &str) -> u64 {
    store.append_turn(id, version, turn(text)).await.unwrap()
}

#[tokio::test]
async fn turns_come_back_in_order() {
    on_each_store(async |store| {
        let empty = store.session("a").await.unwrap();
        assert_eq!((empty.id.as_str(), empty.version), ("a", 0));
        assert!(empty.turns.is_empty());
        let mut version = 0;
        for text in ["one", "two", "three"] {
            let newer = append(&*store, "a", version, text).await;
            assert!(newer > version);
            version = newer;
            append(&*store, text, 0, "another session").await;
        }
        let session = store.session("a").await.unwrap();
        assert_eq!(session.version, version);
        let history: Vec<String> = session.history().iter().map(Message::text).collect();
        assert_eq!(
            history,
            ["one", "re one", "two", "re two", "three", "re three"]
        );
        let completion = session.turns[1].completion_id.as_deref();
        assert_eq!(completion, Some("completion of two"));
        assert_eq!(store.session("two").await.unwrap().turns.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_second_of_two_writers_gets_a_conflict() {
    on_each_store(async |store| {
        let first = append(&*store, "a", 0, "one").await;
        let version = append(&*store, "a", first, "two").await;
        for stale in [0, first, version + 1] {
            let error = store
                .append_turn("a", stale, turn("lost"))
                .await
                .unwrap_err();
            assert_eq!(error.code(), "conflict");
            assert!(error.data().retryable);
        }
        let session = store.session("a").await.unwrap();
        assert_eq!((session.version, session.turns.len()), (version, 2));
    })
    .await;
}

#[tokio::test]
async fn a_cleared_session_is_empty_and_refuses_what_was_under_way() {
    on_each_store(async |store| {
        let one = append(&*store, "a", 0, "one").await;
        store.clear_session("a").await.unwrap();
        store.clear_session("unknown").await.unwrap();
        let empty = store.session("a").await.unwrap();
        assert!(empty.version > one && empty.turns.is_empty());
        let error = store.append_turn("a", one, turn("late")).await.unwrap_err();
        assert_eq!(error.code(), "conflict");
        // A new conversation of the same length does not look like the old one.
        let again = append(&*store, "a", empty.version, "anew").await;
        assert!(again > empty.version);
        for stale in [0, one, empty.version] {
            let error = store.append_turn("a", stale, turn("late")).await;
            assert_eq!(error.unwrap_err().code(), "conflict");
        }
        assert_eq!(store.session("a").await.unwrap().turns.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_first_turn_under_way_is_refused_once_the_session_is_cleared() {
    on_each_store(async |store| {
        let refused = async |version| {
            let late = store.append_turn("a", version, turn("late")).await;
            assert_eq!(late.unwrap_err().code(), "conflict");
            assert!(store.session("a").await.unwrap().turns.is_empty());
        };
        let mut versions = vec![store.session("a").await.unwrap().version];
        // Never written; cleared already; written and cleared again.
        for written in [false, false, true, true, false] {
            let at = *versions.last().unwrap();
            if written {
                versions.push(append(&*store, "a", at, "meanwhile").await);
            }
            store.clear_session("a").await.unwrap();
            for stale in &versions {
                refused(*stale).await;
            }
            let version = store.session("a").await.unwrap().version;
            assert!(versions.iter().all(|used| version > *used));
            versions.push(version);
            // What is kept for long is not forgotten by the way.
            store.prune().await.unwrap();
        }
        let last = *versions.last().unwrap();
        append(&*store, "a", last, "anew").await;
        // Others are not touched.
        append(&*store, "b", 0, "first").await;
        append(&*store, "", 0, "without an id").await;
        store.clear_session("b").await.unwrap();
        assert_eq!(store.session("a").await.unwrap().turns.len(), 1);
        assert_eq!(store.session("").await.unwrap().turns.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_session_ends_some_time_after_its_last_turn() {
    let retention = Retention {
        session_ttl_ms: 60_000,
        ..Retention::default()
    };
    on_each(retention, async |store| {
        // The first write looks for what is too old; from then on this test does.
        append(&*store, "first", 0, "x").await;
        let aged = |text: &str, age: i64| {
            let mut turn = turn(text);
            turn.created_ms -= age;
            turn
        };
        store
            .append_turn("live", 0, aged("old", 90_000))
            .await
            .unwrap();
        assert_eq!(store.session("live").await.unwrap().version, 0, "too old");
        let version = store
            .append_turn("live", 0, aged("first", 59_000))
            .await
            .unwrap();
        append(&*store, "live", version, "second").await;
        store
            .append_turn("dead", 0, aged("gone", 61_000))
            .await
            .unwrap();
        store.prune().await.unwrap();
        assert_eq!(store.session("live").await.unwrap().turns.len(), 2);
        assert_eq!(store.session("dead").await.unwrap().turns.len(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_session_that_ends_while_a_turn_is_made_takes_it() {
    let retention = Retention {
        session_ttl_ms: 60_000,
        ..Retention::default()
    };
    on_each(retention, async |store| {
        // The first write looks for what is too old; from then on this test does.
        append(&*store, "first", 0, "x").await;
        let old = |text: &str| SessionTurn {
            created_ms: turn(text).created_ms - 61_000,
            ..turn(text)
        };
        // Loaded while it was live; its time passes; the turn prolongs it.
        let loaded = store.append_turn("a", 0, old("first")).await.unwrap();
        assert_eq!(store.session("a").await.unwrap().version, 0);
        append(&*store, "a", loaded, "second").await;
        assert_eq!(store.session("a").await.unwrap().turns.len(), 2);

        // The same, and it was looked at for what is too old meanwhile.
        let loaded = store.append_turn("b", 0, old("first")).await.unwrap();
        store.prune().await.unwrap();
        assert_eq!(store.session("b").await.unwrap().version, 0);
        append(&*store, "b", loaded, "second").await;
        assert_eq!(store.session("b").await.unwrap().turns.len(), 1);

        // Loaded when it was over: it begins anew, before and after that look.
        for (id, pruned) in [("c", false), ("d", true)] {
            let loaded = store.append_turn(id, 0, old("first")).await.unwrap();
            if pruned {
                store.prune().await.unwrap();
            }
            append(&*store, id, 0, "anew").await;
            let session = store.session(id).await.unwrap();
            assert_eq!(session.turns.len(), 1);
            let late = store.append_turn(id, loaded, turn("late")).await;
            assert_eq!(late.unwrap_err().code(), "conflict");
        }

        // Cleared after its time: what was made from it is refused all the same.
        for (id, pruned) in [("e", false), ("f", true)] {
            let loaded = store.append_turn(id, 0, old("first")).await.unwrap();
            if pruned {
                store.prune().await.unwrap();
            }
            store.clear_session(id).await.unwrap();
            for stale in [0, loaded] {
                let late = store.append_turn(id, stale, turn("late")).await;
                assert_eq!(late.unwrap_err().code(), "conflict");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn a_clock_that_is_set_back_locks_no_session() {
    let retention = Retention {
        session_ttl_ms: 60_000,
        ..Retention::default()
    };
    on_each(retention, async |store| {
        // The first write looks for what is too old; from then on this test does.
        append(&*store, "first", 0, "x").await;
        let at = |text: &str, ms: i64| SessionTurn {
            created_ms: turn(text).created_ms + ms,
            ..turn(text)
        };
        // An hour ahead, then right, then two minutes pass.
        let one = store.append_turn("a", 0, at("one", 3_600_000)).await;
        let two = store
            .append_turn("a", one.unwrap(), at("two", -120_000))
            .await;
        let session = store.session("a").await.unwrap();
        assert_eq!((session.version, session.turns.len()), (0, 0));
        append(&*store, "a", session.version, "three").await;
        assert_eq!(store.session("a").await.unwrap().turns.len(), 1);
        let late = store.append_turn("a", two.unwrap(), turn("late")).await;
        assert_eq!(late.unwrap_err().code(), "conflict");
    })
    .await;
}

#[tokio::test]
async fn any_text_is_an_id_of_its_own() {
    on_each_store(async |store| {
        let long = "x".repeat(1 << 20);
        let ids = [
            "", " ", "a", "A", "a\0b", "a\0", "\0", "'; --", "\u{e9}", "e\u{301}", "%", &long,
        ];
        for id in ids {
            let loaded = store.session(id).await.unwrap();
            assert_eq!((loaded.id.as_str(), loaded.version), (id, 0));
            append(&*store, id, 0, id).await;
        }
        for (place, id) in ids.iter().enumerate() {
            let session = store.session(id).await.unwrap();
            assert_eq!(session.turns.len(), 1, "{place}");
            assert_eq!(session.turns[0].messages, turn(id).messages);
            store.clear_session(id).await.unwrap();
            for later in &ids[place + 1..] {
                assert_eq!(store.session(later).await.unwrap().turns.len(), 1);
            }
            let cleared = store.session(id).await.unwrap();
            assert!(cleared.turns.is_empty() && cleared.version > session.version);
        }
    })
    .await;
}

#[tokio::test]
async fn a_session_that_lives_a_moment_is_new_each_time() {
    let retention = Retention {
        session_ttl_ms: 1,
        ..Retention::default()
    };
    on_each(retention, async |store| {
        let mut last = 0;
        for text in ["one", "two", "three"] {
            let loaded = store.session("a").await.unwrap();
            assert_eq!((loaded.version, loaded.turns.len()), (0, 0));
            let version = append(&*store, "a", 0, text).await;
            assert!(version > last);
            last = version;
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await;
    let endless = Retention {
        session_ttl_ms: u64::MAX,
        recording_age_ms: u64::MAX,
        recordings: u64::MAX,
    };
    on_each(endless, async |store| {
        let aged = SessionTurn {
            created_ms: 0,
            ..turn("old")
        };
        store.append_turn("a", 0, aged).await.unwrap();
        store
            .record(vec![crate::sample::recording(1)])
            .await
            .unwrap();
        assert_eq!(store.prune().await.unwrap(), 0);
        assert_eq!(store.session("a").await.unwrap().turns.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn writers_that_try_again_lose_and_mix_nothing() {
    on_each_store(async |store| {
        const WRITERS: usize = 6;
        const TURNS: usize = 12;
        let mut tasks = Vec::new();
        for writer in 0..WRITERS {
            let store = store.clone();
            tasks.push(tokio::spawn(async move {
                let mut conflicts = 0usize;
                for n in 0..TURNS {
                    loop {
                        let session = store.session("shared").await.unwrap();
                        tokio::task::yield_now().await;
                        let text = format!("{writer}-{n} after {}", session.turns.len());
                        match store
                            .append_turn("shared", session.version, turn(&text))
                            .await
                        {
                            Ok(_) => break,
                            Err(error) => assert_eq!(error.code(), "conflict"),
                        }
                        conflicts += 1;
                    }
                }
                conflicts
            }));
        }
        let mut conflicts = 0;
        for task in tasks {
            conflicts += task.await.unwrap();
        }
        println!("{conflicts} conflicts");
        let session = store.session("shared").await.unwrap();
        assert_eq!(session.turns.len(), WRITERS * TURNS);
        let mut seen = std::collections::BTreeSet::new();
        for (place, turn) in session.turns.iter().enumerate() {
            let text = turn.messages[0].text();
            let (who, after) = text.split_once(" after ").unwrap();
            assert_eq!(after, place.to_string(), "made from what stands before it");
            assert_eq!(turn.messages[1].text(), format!("re {text}"));
            seen.insert(who.to_owned());
        }
        assert_eq!(seen.len(), WRITERS * TURNS);
    })
    .await;
}
