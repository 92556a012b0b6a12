//! Reading answers whose numbers come in odd forms: a count as float or string is read, a count
//! that is none of these is absent, and neither fails a call.

use std::fmt;

use serde::Deserializer;
use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A token count: an integer, a float or a string of digits; `None` for null, negative or anything else.
/// For `#[serde(default, deserialize_with = "..")]`.
pub(crate) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    struct Count;
    impl<'de> Visitor<'de> for Count {
        type Value = Option<u64>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a count")
        }
        fn visit_u64<E: de::Error>(self, value: u64) -> Result<Option<u64>, E> {
            Ok(Some(value))
        }
        fn visit_i64<E: de::Error>(self, value: i64) -> Result<Option<u64>, E> {
            Ok(u64::try_from(value).ok())
        }
        fn visit_f64<E: de::Error>(self, value: f64) -> Result<Option<u64>, E> {
            // Beyond 2^53 a float is no longer an exact count.
            const EXACT: f64 = 9_007_199_254_740_992.0;
            Ok((0.0..=EXACT).contains(&value).then_some(value as u64))
        }
        fn visit_str<E: de::Error>(self, value: &str) -> Result<Option<u64>, E> {
            Ok(value.trim().parse().ok())
        }
        fn visit_unit<E: de::Error>(self) -> Result<Option<u64>, E> {
            Ok(None)
        }
        fn visit_bool<E: de::Error>(self, _: bool) -> Result<Option<u64>, E> {
            Ok(None)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Option<u64>, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok(None)
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<u64>, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(None)
        }
    }
    deserializer.deserialize_any(Count)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    #[derive(serde::Deserialize)]
    struct Row {
        #[serde(default, deserialize_with = "super::count")]
        n: Option<u64>,
    }

    #[test]
    fn reads_what_is_a_count_and_nothing_else() {
        for (json, expected) in [
            ("{\"n\":7}", Some(7)),
            ("{\"n\":7.0}", Some(7)),
            ("{\"n\":\" 7 \"}", Some(7)),
            ("{\"n\":-1}", None),
            ("{\"n\":1e300}", None),
            ("{\"n\":\"many\"}", None),
            ("{\"n\":null}", None),
            ("{\"n\":[1]}", None),
            ("{\"n\":{\"a\":1}}", None),
            ("{}", None),
        ] {
            let row: Row = serde_json::from_str(json).unwrap();
            assert_eq!(row.n, expected, "{json}");
        }
    }
}
