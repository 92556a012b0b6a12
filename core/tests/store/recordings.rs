//! Recordings: written once, read in pages, filtered, deleted, kept for so long.

use serde_json::json;
use slugline::chat::{CampaignRef, PromptRef};
use slugline::store::{
    Feedback, Filter, Recording, RecordingQuery, Retention, Store, UsageGroup, UsageQuery,
};

use crate::sample::{self, START, ids, record, recording};
use crate::{on_each, on_each_store};

async fn list(store: &dyn Store, filter: Filter) -> Vec<String> {
    let query = RecordingQuery {
        filter,
        limit: Some(1_000),
        ..RecordingQuery::default()
    };
    let page = store.recordings(query).await.unwrap();
    assert_eq!(page.next_cursor, None);
    page.recordings.into_iter().map(|one| one.id).collect()
}

#[tokio::test]
async fn a_recording_comes_back_as_it_was() {
    on_each_store(async |store| {
        let full = sample::full();
        let bare = Recording {
            id: "bare".to_owned(),
            ..Recording::default()
        };
        store
            .record(vec![full.clone(), bare.clone()])
            .await
            .unwrap();
        assert_eq!(store.recording("7a4e").await.unwrap(), full);
        assert_eq!(store.recording("bare").await.unwrap(), bare);
        let json = serde_json::to_string(&full).unwrap();
        assert_eq!(serde_json::from_str::<Recording>(&json).unwrap(), full);
    })
    .await;
}

#[tokio::test]
async fn a_list_leaves_the_payload_out_unless_asked() {
    on_each_store(async |store| {
        store.record(vec![sample::full()]).await.unwrap();
        let mut query = RecordingQuery::default();
        let bare = store.recordings(query.clone()).await.unwrap().recordings;
        let expected = Recording {
            request: None,
            variables: None,
            answer: None,
            ..sample::full()
        };
        assert_eq!(bare, [expected]);
        query.payload = true;
        let full = store.recordings(query).await.unwrap().recordings;
        assert_eq!(full, [sample::full()]);
    })
    .await;
}

#[tokio::test]
async fn pages_give_each_row_once_newest_first() {
    on_each_store(async |store| {
        // Three at each time, written out of order: the number in the store decides among them.
        for n in [5, 1, 3, 0, 4, 2] {
            let rows = (0..3).map(|copy| Recording {
                id: format!("{n}-{copy}"),
                created_ms: START + n,
                ..Recording::default()
            });
            store.record(rows.collect()).await.unwrap();
        }
        let expected: Vec<String> = (0..6)
            .rev()
            .flat_map(|n| (0..3).rev().map(move |copy| format!("{n}-{copy}")))
            .collect();
        for limit in [1, 4, 6, 17, 18, 100] {
            let mut query = RecordingQuery {
                limit: Some(limit),
                ..RecordingQuery::default()
            };
            let mut all = Vec::new();
            loop {
                let page = store.recordings(query.clone()).await.unwrap();
                assert!(page.recordings.len() <= limit as usize);
                all.extend(page.recordings.into_iter().map(|one| one.id));
                query.cursor = page.next_cursor;
                if query.cursor.is_none() {
                    break;
                }
            }
            assert_eq!(all, expected, "pages of {limit}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_cursor_stays_good_while_rows_come_and_go() {
    on_each_store(async |store| {
        record(&*store, 0..10).await;
        let mut query = RecordingQuery {
            limit: Some(4),
            ..RecordingQuery::default()
        };
        let first = store.recordings(query.clone()).await.unwrap();
        assert_eq!(
            ids(&first.recordings),
            ["recording-9", "recording-8", "recording-7", "recording-6"]
        );
        record(&*store, 10..12).await;
        let gone = Filter {
            ids: vec!["recording-6".to_owned(), "recording-4".to_owned()],
            ..Filter::default()
        };
        assert_eq!(store.delete(gone).await.unwrap(), 2);
        query.cursor = first.next_cursor;
        let second = store.recordings(query).await.unwrap();
        assert_eq!(
            ids(&second.recordings),
            ["recording-5", "recording-3", "recording-2", "recording-1"]
        );
    })
    .await;
}

#[tokio::test]
async fn every_filter_holds_alone_and_with_others() {
    on_each_store(async |store| {
        let rows = (0..40u64).map(|n| Recording {
            prompt: n.is_multiple_of(2).then(|| PromptRef {
                slug: format!("prompt-{}", n % 4),
                ..PromptRef::default()
            }),
            campaign: n.is_multiple_of(5).then(|| CampaignRef {
                key: "tone".to_owned(),
                arm: format!("arm-{}", n % 10),
            }),
            project: n.is_multiple_of(3).then(|| "support".to_owned()),
            labels: json!({"team": format!("t{}", n % 3), "odd": (n % 2).to_string()})
                .as_object()
                .unwrap()
                .clone(),
            ..recording(n)
        });
        let rows: Vec<Recording> = rows.collect();
        store.record(rows.clone()).await.unwrap();
        let label = |pairs: serde_json::Value| pairs.as_object().unwrap().clone();
        let some = |text: &str| Some(text.to_owned());
        let filters = [
            Filter::default(),
            Filter {
                ids: vec!["recording-3".into(), "recording-7".into(), "none".into()],
                ..Filter::default()
            },
            Filter {
                prompt: some("prompt-2"),
                ..Filter::default()
            },
            Filter {
                prompt: some("prompt"),
                ..Filter::default()
            },
            Filter {
                session_id: some("session-1"),
                ..Filter::default()
            },
            Filter {
                campaign: some("tone"),
                ..Filter::default()
            },
            Filter {
                project: some("support"),
                ..Filter::default()
            },
            Filter {
                labels: label(json!({"team": "t1"})),
                ..Filter::default()
            },
            Filter {
                labels: label(json!({"team": "t1", "odd": "0"})),
                ..Filter::default()
            },
            Filter {
                labels: label(json!({"odd": 1})),
                ..Filter::default()
            },
            Filter {
                labels: label(json!({"team": "t9"})),
                ..Filter::default()
            },
            Filter {
                since_ms: Some(START + 10),
                until_ms: Some(START + 20),
                ..Filter::default()
            },
            Filter {
                prompt: some("prompt-0"),
                campaign: some("tone"),
                labels: label(json!({"team": "t2"})),
                until_ms: Some(START + 30),
                ..Filter::default()
            },
            Filter {
                prompt: some("'; DROP TABLE recordings; --"),
                ..Filter::default()
            },
        ];
        let mut found = Vec::new();
        for filter in filters {
            let mut expected: Vec<String> = rows
                .iter()
                .filter(|row| filter.matches(row))
                .map(|row| row.id.clone())
                .collect();
            expected.reverse();
            assert_eq!(list(&*store, filter.clone()).await, expected, "{filter:?}");
            found.push(expected.len());
        }
        assert_eq!(found, [40, 2, 10, 0, 10, 8, 14, 13, 6, 20, 0, 10, 1, 0]);
    })
    .await;
}

#[tokio::test]
async fn what_is_asked_wrongly_is_told() {
    on_each_store(async |store| {
        for limit in [0, 1_001] {
            let query = RecordingQuery {
                limit: Some(limit),
                ..RecordingQuery::default()
            };
            let error = store.recordings(query).await.unwrap_err();
            assert_eq!(error.code(), "invalid_request");
            assert_eq!(error.data().param.as_deref(), Some("limit"));
        }
        for cursor in ["", "7", "a.b", "1.2.3"] {
            let query = RecordingQuery {
                cursor: Some(cursor.to_owned()),
                ..RecordingQuery::default()
            };
            let error = store.recordings(query).await.unwrap_err();
            assert_eq!(error.data().param.as_deref(), Some("cursor"), "{cursor}");
        }
        let error = store.recording("absent").await.unwrap_err();
        assert_eq!(error.code(), "not_found");
        assert_eq!(error.data().details["resource"], "recording");
        let error = store.delete(Filter::default()).await.unwrap_err();
        assert_eq!(error.code(), "invalid_request");
    })
    .await;
}

#[tokio::test]
async fn a_batch_may_be_tried_again() {
    on_each_store(async |store| {
        record(&*store, 0..3).await;
        let changed = Recording {
            project: Some("other".to_owned()),
            ..recording(1)
        };
        store.record(vec![changed, recording(3)]).await.unwrap();
        let all = list(&*store, Filter::default()).await;
        assert_eq!(
            all,
            ["recording-3", "recording-2", "recording-1", "recording-0"]
        );
        assert_eq!(store.recording("recording-1").await.unwrap(), recording(1));
    })
    .await;
}

#[tokio::test]
async fn what_is_deleted_is_gone_with_its_feedback() {
    on_each_store(async |store| {
        record(&*store, 0..30).await;
        let judged = Feedback::new("completion-12", "thumbs", true);
        store.add_feedback(judged).await.unwrap();
        let session = Filter {
            session_id: Some("session-1".to_owned()),
            ..Filter::default()
        };
        assert_eq!(store.delete(session.clone()).await.unwrap(), 10);
        assert_eq!(store.delete(session).await.unwrap(), 0);
        assert_eq!(list(&*store, Filter::default()).await.len(), 20);
        let error = store.recording("recording-12").await.unwrap_err();
        assert_eq!(error.code(), "not_found");
        let late = Feedback::new("completion-12", "thumbs", false);
        let error = store.add_feedback(late).await.unwrap_err();
        assert_eq!(error.code(), "not_found");
        // The id may come back, and brings nothing of the old one with it.
        record(&*store, 12..13).await;
        assert_eq!(
            store.recording("recording-12").await.unwrap(),
            recording(12)
        );
    })
    .await;
}

#[tokio::test]
async fn only_the_newest_are_kept() {
    let retention = Retention {
        recordings: 10,
        ..Retention::default()
    };
    on_each(retention, async |store| {
        record(&*store, 0..25).await;
        store.prune().await.unwrap();
        let expected: Vec<String> = (15..25).rev().map(|n| format!("recording-{n}")).collect();
        assert_eq!(list(&*store, Filter::default()).await, expected);
        let error = store
            .add_feedback(Feedback::new("completion-3", "thumbs", true))
            .await
            .unwrap_err();
        assert_eq!(error.code(), "not_found");
        assert_eq!(store.prune().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn old_ones_go_and_young_ones_stay() {
    let retention = Retention {
        recording_age_ms: 60_000,
        ..Retention::default()
    };
    on_each(retention, async |store| {
        let now = i64::try_from(
            std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .as_millis(),
        )
        .unwrap();
        let at = |n: u64, age: i64| Recording {
            created_ms: now - age,
            ..recording(n)
        };
        let rows = vec![at(0, 3_600_000), at(1, 61_000), at(2, 30_000), at(3, 0)];
        store.record(rows).await.unwrap();
        assert_eq!(store.prune().await.unwrap(), 2);
        assert_eq!(
            list(&*store, Filter::default()).await,
            ["recording-3", "recording-2"]
        );
    })
    .await;
}

#[tokio::test]
async fn many_writers_lose_nothing() {
    on_each_store(async |store| {
        let mut tasks = Vec::new();
        for writer in 0..8u64 {
            let store = store.clone();
            tasks.push(tokio::spawn(async move {
                for n in 0..20 {
                    let n = writer * 100 + n;
                    store.record(vec![recording(n)]).await.unwrap();
                    store.recording(&format!("recording-{n}")).await.unwrap();
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(list(&*store, Filter::default()).await.len(), 160);
    })
    .await;
}

#[tokio::test]
async fn any_number_of_ids_may_be_named() {
    on_each_store(async |store| {
        record(&*store, 0..40).await;
        let odd = [
            "a\0b",
            "a",
            "\"quoted\"",
            "\u{1F600}",
            "",
            "12",
            "null",
            "'",
        ];
        let rows = odd.iter().map(|id| Recording {
            id: (*id).to_owned(),
            ..Recording::default()
        });
        store.record(rows.collect()).await.unwrap();
        let mut ids: Vec<String> = (30..100_000).map(|n| format!("recording-{n}")).collect();
        ids.push("recording-3".to_owned());
        let many = Filter {
            ids,
            ..Filter::default()
        };
        assert_eq!(list(&*store, many.clone()).await.len(), 11);
        let narrowed = Filter {
            session_id: Some("session-0".to_owned()),
            ..many.clone()
        };
        assert_eq!(list(&*store, narrowed).await, ["recording-3"]);
        let counted = UsageQuery {
            filter: many.clone(),
            ..UsageQuery::default()
        };
        assert_eq!(store.usage(counted).await.unwrap()[0].calls, 11);
        assert_eq!(store.delete(many).await.unwrap(), 11);
        for id in odd {
            let one = Filter {
                ids: vec![id.to_owned()],
                ..Filter::default()
            };
            assert_eq!(list(&*store, one.clone()).await, [id]);
            assert_eq!(store.delete(one).await.unwrap(), 1, "{id:?}");
        }
        assert_eq!(list(&*store, Filter::default()).await.len(), 29);
    })
    .await;
}

#[tokio::test]
async fn what_cannot_be_asked_at_once_is_told() {
    on_each_store(async |store| {
        let labels: serde_json::Map<String, serde_json::Value> =
            (0..20_000).map(|n| (format!("l{n}"), json!("x"))).collect();
        let filter = Filter {
            labels,
            ..Filter::default()
        };
        let query = RecordingQuery {
            filter: filter.clone(),
            ..RecordingQuery::default()
        };
        let counted = UsageQuery {
            filter: filter.clone(),
            ..UsageQuery::default()
        };
        let grouped = UsageQuery {
            group_by: vec![UsageGroup::Day; 3_000],
            ..UsageQuery::default()
        };
        for (error, param) in [
            (store.recordings(query).await.unwrap_err(), "labels"),
            (store.delete(filter).await.unwrap_err(), "labels"),
            (store.usage(counted).await.unwrap_err(), "labels"),
            (store.usage(grouped).await.unwrap_err(), "group_by"),
        ] {
            assert_eq!(error.code(), "invalid_request", "{error}");
            assert_eq!(error.data().param.as_deref(), Some(param), "{error}");
        }
    })
    .await;
}
