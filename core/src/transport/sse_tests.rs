//! The rules of the standard one by one, every rule under every chunking, and the limits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

type Seen = Vec<(String, String)>;

fn collect(
    parser: &mut SseParser,
    chunks: impl IntoIterator<Item = impl AsRef<[u8]>>,
) -> Result<Seen> {
    let mut seen = Vec::new();
    let mut sink = |frame: Frame<'_>| {
        assert_eq!(frame.message, "event");
        seen.push((frame.event.to_owned(), frame.data.to_owned()));
        Ok(())
    };
    for chunk in chunks {
        parser.push(chunk.as_ref(), &mut sink)?;
    }
    parser.finish(&mut sink)?;
    Ok(seen)
}

/// The events of a body, which must be the same whole, byte by byte, and cut once anywhere.
fn events(body: impl AsRef<[u8]>) -> Seen {
    let body = body.as_ref();
    let whole = collect(&mut SseParser::new(), [body]).unwrap();
    assert_eq!(
        collect(&mut SseParser::new(), body.chunks(1)).unwrap(),
        whole
    );
    for cut in 0..=body.len() {
        let (left, right) = body.split_at(cut);
        let parts = collect(&mut SseParser::new(), [left, right]).unwrap();
        assert_eq!(parts, whole, "cut at {cut}");
    }
    whole
}

fn data(body: impl AsRef<[u8]>) -> Vec<String> {
    events(body).into_iter().map(|(_, data)| data).collect()
}

#[test]
fn one_event_a_blank_line() {
    assert_eq!(data("data: one\n\ndata: two\n\n"), ["one", "two"]);
}

#[test]
fn any_line_end_and_any_mix() {
    assert_eq!(data("data: a\r\n\r\ndata: b\r\n\r\n"), ["a", "b"]);
    assert_eq!(data("data: a\r\rdata: b\r\r"), ["a", "b"]);
    assert_eq!(
        data("data: a\r\n\ndata: b\n\r\ndata: c\r\n\r"),
        ["a", "b", "c"]
    );
    // LF then CR are two line ends, CR then LF is one.
    assert_eq!(data("data: a\n\rdata: b\n\n"), ["a", "b"]);
    assert_eq!(data("data: a\r\ndata: b\r\n\r\n"), ["a\nb"]);
}

#[test]
fn a_carriage_return_dispatches_without_waiting_for_a_line_feed() {
    let mut parser = SseParser::new();
    let mut count = 0;
    let mut sink = |_: Frame<'_>| {
        count += 1;
        Ok(())
    };
    parser.push(b"data: a\r\r", &mut sink).unwrap();
    parser.push(b"\n\r\n", &mut sink).unwrap();
    assert_eq!(count, 1);
}

#[test]
fn other_unicode_line_ends_are_text() {
    assert_eq!(
        data("data: a\u{2028}b\u{85}c\u{b}d\u{c}e\n\n"),
        ["a\u{2028}b\u{85}c\u{b}d\u{c}e"]
    );
}

#[test]
fn data_lines_join_with_a_line_feed() {
    assert_eq!(data("data: a\ndata:\ndata: c\n\n"), ["a\n\nc"]);
    assert_eq!(data("data\ndata\n\n"), ["\n"]);
}

#[test]
fn empty_data_is_an_event_and_no_data_is_none() {
    assert_eq!(data("data\n\n"), [""]);
    assert_eq!(data("data:\n\ndata: \n\n"), ["", ""]);
    assert!(data("event: ping\n\n\n\nid: 1\n\nretry: 5\n\n").is_empty());
}

#[test]
fn one_space_after_the_colon_is_removed() {
    assert_eq!(
        data("data:a\n\ndata:  b\n\ndata:\tc\n\n"),
        ["a", " b", "\tc"]
    );
}

#[test]
fn only_the_first_colon_splits() {
    assert_eq!(data("data: {\"a\":\"b: c\"}\n\n"), ["{\"a\":\"b: c\"}"]);
}

#[test]
fn comments_and_unknown_fields_say_nothing() {
    assert_eq!(
        data(
            ": ping\n:\ndata: a\n: between\ndata: b\nfoo: bar\ndatax: no\n data: no\nDATA: no\n\n: x\n\n"
        ),
        ["a\nb"]
    );
}

#[test]
fn the_event_name_lasts_one_event() {
    let seen = events(
        "event: a\nevent: b\ndata: 1\n\ndata: 2\n\nevent: c\n\ndata: 3\n\ndata: 4\nevent: d\n\n",
    );
    let expected = [("b", "1"), ("", "2"), ("", "3"), ("d", "4")];
    assert_eq!(
        seen,
        expected.map(|(event, data)| (event.to_owned(), data.to_owned()))
    );
}

#[test]
fn a_byte_order_mark_counts_only_at_the_start_and_once() {
    assert_eq!(data("\u{feff}data: a\n\n"), ["a"]);
    assert!(data("\u{feff}\u{feff}data: a\n\n").is_empty());
    assert_eq!(
        data("data: a\n\n\u{feff}data: b\n\ndata: c\n\n"),
        ["a", "c"]
    );
    assert_eq!(data("data: \u{feff}a\n\n"), ["\u{feff}a"]);
    assert_eq!(data(b"\xEF\xBBdata: a\n\ndata: b\n\n"), ["b"]);
    assert!(data(b"\xEF\xBB").is_empty());
}

#[test]
fn text_is_decoded_over_the_whole_body() {
    assert_eq!(
        data("data: gr\u{fc}\u{df}e \u{1f600} \u{6f22}\n\n"),
        ["gr\u{fc}\u{df}e \u{1f600} \u{6f22}"]
    );
    assert_eq!(data(b"data: a\xFFb\n\n"), ["a\u{fffd}b"]);
    // One replacement per maximal part of a character that is cut off by the line end.
    assert_eq!(
        data(b"data: a\xF0\x9F\x98\ndata: \x80b\n\n"),
        ["a\u{fffd}\n\u{fffd}b"]
    );
    assert_eq!(
        data(b"data: \xED\xA0\x80|\xC0\xAF\n\n"),
        ["\u{fffd}\u{fffd}\u{fffd}|\u{fffd}\u{fffd}"]
    );
}

#[test]
fn a_null_character_is_data_but_no_id() {
    assert_eq!(data("data: a\0b\n\n"), ["a\0b"]);
    let mut parser = SseParser::new();
    collect(&mut parser, ["id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n"]).unwrap();
    assert_eq!(parser.last_event_id(), "1");
}

#[test]
fn an_id_lasts_until_the_next_one() {
    let mut parser = SseParser::new();
    collect(&mut parser, ["id: 7\ndata: a\n\n", "data: b\n\n"]).unwrap();
    assert_eq!(parser.last_event_id(), "7");
    let mut parser = SseParser::new();
    collect(&mut parser, ["id: 7\n\nid\n\n"]).unwrap();
    assert_eq!(parser.last_event_id(), "");
}

#[test]
fn a_retry_time_is_digits_only() {
    for (body, expected) in [
        ("retry: 1500\n\n", Some(1500)),
        (
            "retry: 1500\n\nretry: -1\nretry: 5s\nretry: 1e3\nretry:\nretry: +7\n\n",
            Some(1500),
        ),
        ("retry: 99999999999999999999999999\n\n", None),
        ("retry: \u{661}\n\n", None),
    ] {
        let mut parser = SseParser::new();
        collect(&mut parser, [body]).unwrap();
        assert_eq!(parser.retry_ms(), expected, "{body}");
    }
}

#[test]
fn an_unfinished_last_event_is_dropped() {
    assert_eq!(data("data: a\n\ndata: b\n"), ["a"]);
    assert_eq!(data("data: a\n\ndata: b"), ["a"]);
    assert_eq!(data("data: {\"a\":1"), Vec::<String>::new());
    assert_eq!(data("data: 12\n"), Vec::<String>::new());
}

#[test]
fn a_last_event_that_is_whole_by_itself_is_handed_out() {
    assert_eq!(data("data: [DONE]"), ["[DONE]"]);
    assert_eq!(data("data: [DONE]\n"), ["[DONE]"]);
    assert_eq!(data("data: {\"a\":[1]}\r\n"), ["{\"a\":[1]}"]);
    assert_eq!(
        events("event: x\ndata: {}"),
        [("x".to_owned(), "{}".to_owned())]
    );
    let deep = format!("data: {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(collect(&mut SseParser::new(), [deep]).unwrap().len(), 1);
}

#[test]
fn an_event_in_one_chunk_is_borrowed_from_it() {
    let body = b"event: x\ndata: {\"some\":\"json\"}\n\ndata: more\r\n\r\n";
    let range = body.as_ptr_range();
    let mut count = 0;
    let mut sink = |frame: Frame<'_>| {
        assert!(
            range.contains(&frame.data.as_ptr()),
            "{} was copied",
            frame.data
        );
        count += 1;
        Ok(())
    };
    SseParser::new().push(body, &mut sink).unwrap();
    assert_eq!(count, 2);
}

#[test]
fn an_error_of_the_sink_ends_it() {
    let mut count = 0;
    let mut sink = |_: Frame<'_>| {
        count += 1;
        Err(Error::new(ErrorKind::Cancelled, "enough"))
    };
    let error = SseParser::new().push(b"data: a\n\ndata: b\n\n", &mut sink);
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Cancelled);
    assert_eq!(count, 1);
}

#[test]
fn a_line_without_end_stops_at_its_limit() {
    let chunk = vec![b'x'; 1 << 20];
    for head in ["data: ", ":", ""] {
        let mut parser = SseParser::new();
        let mut taken = 0;
        let mut sink = |_: Frame<'_>| Ok(());
        parser.push(head.as_bytes(), &mut sink).unwrap();
        let error = loop {
            match parser.push(&chunk, &mut sink) {
                Ok(()) => taken += chunk.len(),
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind(), ErrorKind::InvalidResponse);
        assert!(taken <= SSE_LINE_BYTES && taken > SSE_LINE_BYTES - 2 * chunk.len());
        assert!(parser.line.capacity() == 0);
    }
}

#[test]
fn a_line_past_its_limit_is_refused_whole_too() {
    let body = format!("data: {}\n\n", "x".repeat(SSE_LINE_BYTES));
    let error = collect(&mut SseParser::new(), [&body]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    let fits = "data: ".len();
    let body = format!("data: {}\n\n", "x".repeat(SSE_LINE_BYTES - fits));
    assert_eq!(collect(&mut SseParser::new(), [&body]).unwrap().len(), 1);
}

#[test]
fn an_event_of_many_lines_stops_at_its_limit() {
    let line = format!("data: {}\n", "x".repeat(1 << 20));
    let error = collect(&mut SseParser::new(), std::iter::repeat_n(&line, 17)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidResponse);
    assert_eq!(error.data().details["limit"], "sse_event_bytes");
}

#[test]
fn time_is_linear_at_one_byte_a_chunk() {
    let time = |bytes: usize| {
        let body = format!("data: {}\n\n", "x".repeat(bytes));
        let start = Instant::now();
        assert_eq!(
            collect(&mut SseParser::new(), body.as_bytes().chunks(1))
                .unwrap()
                .len(),
            1
        );
        start.elapsed()
    };
    // A quadratic parser would need minutes for these; a linear one, unoptimised, some 50 ms.
    assert!(time(1 << 20) < Duration::from_secs(5));
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(vec![
            "data: ", "data:", "data", "event: ", "id: ", "retry: ", ":", "\n", "\r", "\r\n", "\n\n", "\r\r",
            "\u{feff}", "[DONE]", "{\"a\":1}", "\0", "x", " ", "\u{fc}", "\u{1f600}", "\u{2028}", "12",
        ])
        .prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_events(body in body(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        let mut whole = SseParser::new();
        let expected = collect(&mut whole, [&body]).unwrap();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(body.len() + 1)).collect();
        cuts.sort_unstable();
        let mut from = 0;
        let mut chunks = Vec::new();
        for to in cuts.into_iter().chain([body.len()]) {
            chunks.push(&body[from..to]);
            from = to;
        }
        let mut cut = SseParser::new();
        prop_assert_eq!(&collect(&mut cut, chunks).unwrap(), &expected);
        prop_assert_eq!(cut.last_event_id(), whole.last_event_id());
        prop_assert_eq!(cut.retry_ms(), whole.retry_ms());
        prop_assert_eq!(&collect(&mut SseParser::new(), body.chunks(1)).unwrap(), &expected);
    }

    #[test]
    fn lines_decode_as_the_whole_body_would(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let body = [b"data: ".as_slice(), &bytes, b"\n\n"].concat();
        let text = String::from_utf8_lossy(&body).into_owned();
        prop_assert_eq!(
            collect(&mut SseParser::new(), [&body]).unwrap(),
            collect(&mut SseParser::new(), [&text]).unwrap()
        );
    }
}
