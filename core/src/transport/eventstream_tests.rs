//! Frames written by another library are read the same however they are cut, and broken ones are errors.
#![allow(clippy::unwrap_used)]

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue as Written, Message as WrittenMessage};
use proptest::prelude::*;

use super::*;

/// Message type, event and payload of each frame.
type Seen = Vec<(String, String, String)>;

fn frame(headers: &[(&'static str, Written)], payload: &[u8]) -> Vec<u8> {
    let mut message = WrittenMessage::new(payload.to_vec());
    for (name, value) in headers {
        message = message.add_header(Header::new(*name, value.clone()));
    }
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}

fn event(name: &str, payload: &str) -> Vec<u8> {
    let headers = [
        (":event-type", Written::String(name.to_owned().into())),
        (
            ":content-type",
            Written::String("application/json".to_owned().into()),
        ),
        (":message-type", Written::String("event".to_owned().into())),
    ];
    frame(&headers, payload.as_bytes())
}

fn read(chunks: &[&[u8]]) -> Result<Seen> {
    let mut parser = EventStreamParser::new();
    let mut seen = Seen::new();
    let mut sink = |frame: Frame<'_>| {
        seen.push((
            frame.message.to_owned(),
            frame.event.to_owned(),
            frame.data.to_owned(),
        ));
        Ok(())
    };
    for chunk in chunks {
        parser.push(chunk, &mut sink)?;
    }
    parser.finish(&mut sink)?;
    Ok(seen)
}

proptest! {
    #[test]
    fn cuts_do_not_matter(
        events in prop::collection::vec(("[a-zA-Z]{0,20}", "\\PC{0,200}"), 0..8),
        mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let body: Vec<u8> = events.iter().flat_map(|(name, payload)| event(name, payload)).collect();
        let expected: Seen = events
            .iter()
            .map(|(name, payload)| ("event".to_owned(), name.clone(), payload.clone()))
            .collect();
        let bytes: Vec<&[u8]> = body.chunks(1).collect();
        prop_assert_eq!(&read(&bytes).unwrap(), &expected);
        cuts.sort_by_key(|cut| cut.index(body.len() + 1));
        let mut chunks = Vec::new();
        let mut from = 0;
        for cut in cuts {
            let to = cut.index(body.len() + 1);
            chunks.push(&body[from..to]);
            from = to;
        }
        chunks.push(&body[from..]);
        prop_assert_eq!(&read(&chunks).unwrap(), &expected);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&[&bytes]);
        let _ = Message::parse(&bytes);
    }

    #[test]
    fn a_flipped_bit_is_found(at in any::<prop::sample::Index>(), bit in 0u8..8) {
        let mut body = event("messageStop", "{\"stopReason\":\"end_turn\"}");
        let at = at.index(body.len());
        body[at] ^= 1 << bit;
        prop_assert!(read(&[&body]).is_err());
    }
}

#[test]
fn exceptions_and_errors_are_told_apart() {
    let text = |word: &str| Written::String(word.to_owned().into());
    let mut body = frame(
        &[
            (":message-type", text("exception")),
            (":exception-type", text("throttlingException")),
        ],
        b"{\"message\":\"slow down\"}",
    );
    body.extend(frame(
        &[
            (":message-type", text("error")),
            (":error-code", text("internal")),
            (":error-message", text("it broke")),
        ],
        b"",
    ));
    let seen = read(&[&body]).unwrap();
    let seen: Vec<(&str, &str, &str)> = seen
        .iter()
        .map(|(message, event, data)| (message.as_str(), event.as_str(), data.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (
                "exception",
                "throttlingException",
                "{\"message\":\"slow down\"}"
            ),
            ("error", "internal", "it broke"),
        ]
    );
}

/// A prelude with a right checksum that claims these lengths.
fn prelude(length: u32, headers: u32) -> Vec<u8> {
    let mut bytes = [length.to_be_bytes(), headers.to_be_bytes()].concat();
    bytes.extend(crc32fast::hash(&bytes).to_be_bytes());
    bytes
}

#[test]
fn claims_beyond_the_limits_are_refused_before_anything_is_kept() {
    for (length, headers) in [
        (3 << 30, 0),
        ((16 << 20) + 1, 16),
        (1 << 20, (128 << 10) + 1),
        (15, 0),
        (100, 90),
        (0, 0),
    ] {
        let bytes = prelude(length, headers);
        for chunks in [vec![&bytes[..]], bytes.chunks(1).collect()] {
            let error = read(&chunks).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidResponse, "{length}");
        }
    }
    let mut parser = EventStreamParser::new();
    parser.push(&prelude(16 << 20, 0), &mut |_| Ok(())).unwrap();
    assert!(parser.kept.capacity() < 1 << 10);
}

#[test]
fn an_end_inside_a_frame_is_told() {
    let body = event("messageStop", "{}");
    for end in 1..body.len() {
        let error = read(&[&body[..end]]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StreamInterrupted);
    }
    assert!(read(&[]).unwrap().is_empty());
}

#[test]
fn text_that_is_not_utf8_is_replaced() {
    let seen = read(&[&frame(&[], b"a\xffb")]).unwrap();
    assert_eq!(seen, [(String::new(), String::new(), "a\u{fffd}b".into())]);
}
