//! The leaves of the wire types: texts, words, numbers and lists that read whatever a host may send for them.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A key or a word, borrowed where it holds no escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key<'a>(pub Cow<'a, str>);

/// A short string that is usually only compared; `""` where absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Word<'a>(pub Cow<'a, str>);

/// A text that moves on; `None` where it is absent, null or empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Text(pub Option<String>);

/// A whole number, however it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Number(pub Option<i64>);

/// A count, however it is written; `None` where it is no count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Count(pub Option<u64>);

/// A list; null is an empty one.
#[derive(Debug)]
pub(super) struct Many<T>(pub Vec<T>);

/// Content as a string or, at Mistral, as a list of parts.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Content {
    /// Absent, null or empty.
    #[default]
    Nothing,
    Text(String),
    Parts(Vec<Value>),
}

impl<T> Default for Many<T> {
    fn default() -> Self {
        Many(Vec::new())
    }
}

impl Word<'_> {
    /// The word, where there is one.
    pub(super) fn get(&self) -> Option<&str> {
        Some(self.0.as_ref()).filter(|word| !word.is_empty())
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(KeyVisitor)
    }
}

/// The answers of a visitor to values that are none of its own.
macro_rules! otherwise {
    (null $null:expr) => {
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok($null)
        }
        fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
            Ok($null)
        }
        fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
            Ok($null)
        }
    };
    (nested $null:expr) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok($null)
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($null)
        }
    };
    (numbers $wrap:expr) => {
        fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
            Ok($wrap(number.to_string()))
        }
        fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
            Ok($wrap(number.to_string()))
        }
        fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
            Ok($wrap(number.to_string()))
        }
    };
}

impl<'de> Deserialize<'de> for Word<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WordVisitor;
        impl<'de> Visitor<'de> for WordVisitor {
            type Value = Word<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Word<'de>, E> {
                Ok(Word(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Word<'de>, E> {
                Ok(Word(Cow::Owned(text.to_owned())))
            }
            otherwise!(null Word::default());
            otherwise!(nested Word::default());
            otherwise!(numbers | text | Word(Cow::Owned(text)));
        }
        deserializer.deserialize_any(WordVisitor)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text((!text.is_empty()).then(|| text.to_owned())))
            }
            otherwise!(null Text(None));
            otherwise!(nested Text(None));
            otherwise!(numbers | text | Text(Some(text)));
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl<'de> Visitor<'de> for NumberVisitor {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Number, E> {
                Ok(Number(i64::try_from(number).ok()))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Number, E> {
                Ok(Number(Some(number)))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Number, E> {
                Ok(Number(number.is_finite().then_some(number as i64)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Number, E> {
                Ok(Number(text.trim().parse().ok()))
            }
            otherwise!(null Number(None));
            otherwise!(nested Number(None));
        }
        deserializer.deserialize_any(NumberVisitor)
    }
}

impl Count {
    fn of(number: f64) -> Self {
        // A cast saturates, and a negative or unordered number is no count.
        Count((number >= 0.0).then_some(number.round() as u64))
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CountVisitor;
        impl<'de> Visitor<'de> for CountVisitor {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a count")
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Count, E> {
                Ok(Count(Some(number)))
            }
            fn visit_i64<E: Error>(self, number: i64) -> Result<Count, E> {
                Ok(Count(u64::try_from(number).ok()))
            }
            fn visit_f64<E: Error>(self, number: f64) -> Result<Count, E> {
                Ok(Count::of(number))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Count, E> {
                Ok(text.trim().parse().map_or(Count(None), Count::of))
            }
            otherwise!(null Count(None));
            otherwise!(nested Count(None));
        }
        deserializer.deserialize_any(CountVisitor)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ManyVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ManyVisitor<T> {
            type Value = Many<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Many<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Many(items))
            }
            otherwise!(null Many::default());
        }
        deserializer.deserialize_any(ManyVisitor(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;
        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = Content;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or a list of parts")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Content, E> {
                Ok(match text.is_empty() {
                    true => Content::Nothing,
                    false => Content::Text(text.to_owned()),
                })
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Content, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = seq.next_element()? {
                    parts.push(part);
                }
                Ok(Content::Parts(parts))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Content, A::Error> {
                let part = Value::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Content::Parts(vec![part]))
            }
            otherwise!(null Content::Nothing);
            otherwise!(numbers Content::Text);
        }
        deserializer.deserialize_any(ContentVisitor)
    }
}

impl Content {
    /// Text and thinking; parts of other kinds go to `others`.
    pub(super) fn split(self, others: &mut Vec<Value>) -> (Option<String>, Option<String>) {
        let (mut text, mut thinking) = (None, None);
        match self {
            Content::Nothing => {}
            Content::Text(all) => text = Some(all),
            Content::Parts(parts) => {
                for part in parts {
                    let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
                    let (place, said) = match kind {
                        "text" | "output_text" => (&mut text, words(part.get("text"))),
                        "thinking" => (&mut thinking, words(part.get("thinking"))),
                        "reasoning" => (&mut thinking, words(part.get("text"))),
                        _ if part.is_string() => (&mut text, words(Some(&part))),
                        _ => {
                            others.push(part);
                            continue;
                        }
                    };
                    if !said.is_empty() {
                        place.get_or_insert_with(String::new).push_str(&said);
                    }
                }
            }
        }
        (text, thinking)
    }
}

/// A string, or a list of `{text}`.
fn words(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(pieces)) => pieces
            .iter()
            .filter_map(|piece| piece.get("text")?.as_str())
            .collect(),
        _ => String::new(),
    }
}
