//! What a recording says of its call: of a turn that was lost, of a reader that left, of a rerun; and the reports
//! that are made of recordings.

use super::*;

#[tokio::test]
async fn an_answer_whose_turn_is_lost_is_recorded_as_a_conflict() {
    let engine = engine(json!({"recording": "full"}));
    let session = engine.session("s");
    session.chat(echo("one")).await.unwrap();
    let slow = |text| scripted(text, json!({"ttft_ms": 50}));
    let (a, b) = tokio::join!(session.chat(slow("two")), session.chat(slow("three")));
    let lost = a.and(b).unwrap_err();
    let partial = lost.data().partial.as_ref().unwrap();
    let mut stream = session.chat_stream(slow("four"));
    stream.next().await.unwrap().unwrap();
    session.clear().await.unwrap();
    let error = stream.completion().await.unwrap_err();
    let ids = [partial, error.data().partial.as_ref().unwrap()]
        .map(|partial| partial.meta.recording_id.clone().unwrap());
    for (id, text) in ids.iter().zip([partial.text().as_str(), "four"]) {
        let kept = engine.recordings().get(id).await.unwrap();
        assert_eq!(kept.error_code.as_deref(), Some("conflict"));
        assert_eq!(kept.answer.unwrap()[0].message.text(), text);
        assert_eq!(kept.finish_reason.as_deref(), Some("stop"));
        assert!(kept.usage.is_some());
    }
    let usage = engine.usage(UsageQuery::default()).await.unwrap();
    assert_eq!((usage[0].calls, usage[0].errors), (4, 2));
    assert_eq!(usage[0].metered_calls, 4);
}

#[tokio::test]
async fn a_call_left_while_its_turn_is_written_is_recorded_as_cancelled() {
    for streams in [false, true] {
        let store = Gated::new(Gate::Open);
        let engine = over(&store);
        let session = engine.session("s");
        store.hold_turns();
        let call = async {
            match streams {
                false => session.chat(echo("hi")).await.map(|_| ()),
                true => session
                    .chat_stream(echo("hi"))
                    .completion()
                    .await
                    .map(|_| ()),
            }
        };
        let left = tokio::time::timeout(Duration::from_millis(100), call).await;
        left.unwrap_err();
        let found = recorded(&engine).await;
        assert_eq!(found.len(), 1, "{streams}");
        assert_eq!(found[0].error_code.as_deref(), Some("cancelled"));
        assert_eq!(found[0].finish_reason.as_deref(), Some("stop"));
    }
}
