//! Feedback: what people said of an answer, found on its recording.

use slugline::store::{Feedback, FeedbackValue, RecordingQuery};

use crate::on_each_store;
use crate::sample::{self, record};

#[tokio::test]
async fn feedback_stands_on_its_recording() {
    on_each_store(async |store| {
        store.record(vec![sample::full()]).await.unwrap();
        let mut given = vec![
            Feedback::new("c0", "thumbs", true)
                .comment("just right")
                .user_id("u1"),
            Feedback::new("c1", "score", 4.5),
            Feedback::new("c0", "score", -1.0),
            Feedback::new("c0", "thumbs", false),
        ];
        for (place, feedback) in given.iter_mut().enumerate() {
            feedback.created_ms = 1_000 + i64::try_from(place).unwrap();
            store.add_feedback(feedback.clone()).await.unwrap();
        }
        assert_eq!(store.recording("7a4e").await.unwrap().feedback, given);
        let page = store.recordings(RecordingQuery::default()).await.unwrap();
        assert_eq!(page.recordings[0].feedback, given);
    })
    .await;
}

#[tokio::test]
async fn feedback_on_an_unknown_completion_is_not_found() {
    on_each_store(async |store| {
        record(&*store, 0..2).await;
        for completion in ["completion-2", "recording-1", ""] {
            let error = store
                .add_feedback(Feedback::new(completion, "thumbs", true))
                .await
                .unwrap_err();
            assert_eq!(error.code(), "not_found");
            assert_eq!(error.data().details["resource"], "completion");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_judgement_is_refused() {
    on_each_store(async |store| {
        record(&*store, 0..1).await;
        for (metric, value, param) in [
            ("", 1.0, "metric"),
            ("score", f64::NAN, "value"),
            ("score", f64::INFINITY, "value"),
        ] {
            let error = store
                .add_feedback(Feedback::new("completion-0", metric, value))
                .await
                .unwrap_err();
            assert_eq!(error.code(), "invalid_request");
            assert_eq!(error.data().param.as_deref(), Some(param));
        }
        assert!(
            store
                .recording("recording-0")
                .await
                .unwrap()
                .feedback
                .is_empty()
        );
    })
    .await;
}

#[test]
fn values_are_bools_or_numbers_in_json() {
    let read = |text: &str| serde_json::from_str::<FeedbackValue>(text);
    assert_eq!(read("true").unwrap(), FeedbackValue::Bool(true));
    assert_eq!(read("1").unwrap(), FeedbackValue::Number(1.0));
    assert_eq!(read("-0.5").unwrap(), FeedbackValue::Number(-0.5));
    assert!(read("\"yes\"").is_err());
}
