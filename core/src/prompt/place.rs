//! Places in prompt files: of the nodes of a header, of the characters of a text, and in errors.

use std::collections::HashMap;

use serde_json::Value;

use crate::{Error, ErrorKind, Location};

/// A line and a column in a file, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Spot {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

/// Where the characters of a scalar stand, for errors inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextPlace {
    /// Of the first character.
    pub(crate) first: Spot,
    /// Characters before each further line; `None` where lines do not map one to one.
    pub(crate) indent: Option<u32>,
    /// True for a block scalar, whose last newline belongs to YAML more than to the text.
    pub(crate) block: bool,
}

impl TextPlace {
    /// Of a text that stands in no file.
    pub(crate) const NONE: TextPlace = TextPlace {
        first: Spot { line: 1, column: 1 },
        indent: Some(0),
        block: false,
    };

    /// What stands in the file before the text. Where further lines stand anywhere (folded,
    /// quoted), their columns are those of the text.
    pub(crate) fn offsets(&self) -> Offsets {
        Offsets {
            lines: self.first.line.saturating_sub(1),
            first_column: self.first.column.saturating_sub(1),
            columns: self.indent.unwrap_or(0),
        }
    }
}

/// What stands in the file before a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offsets {
    /// Lines before its first.
    pub(crate) lines: u32,
    /// Characters before its first line.
    pub(crate) first_column: u32,
    /// Characters before each further line.
    pub(crate) columns: u32,
}

/// Where a node stands.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Place {
    /// Its key, in a map.
    pub(crate) key: Option<Spot>,
    pub(crate) value: Spot,
    /// Its characters, for a string.
    pub(crate) text: Option<TextPlace>,
}

/// A document: its value, and the place of every node by JSON pointer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tree {
    pub(crate) value: Value,
    places: HashMap<String, Place>,
}

impl Tree {
    pub(crate) fn new(value: Value, places: HashMap<String, Place>) -> Self {
        Tree { value, places }
    }

    /// Where the value at this pointer stands, or its nearest parent that stands anywhere.
    pub(crate) fn spot(&self, pointer: &str) -> Spot {
        self.nearest(pointer).value
    }

    /// Where the key of the value at this pointer stands.
    pub(crate) fn key_spot(&self, pointer: &str) -> Spot {
        let place = self.nearest(pointer);
        place.key.unwrap_or(place.value)
    }

    /// Where the characters of the string at this pointer stand.
    pub(crate) fn text_place(&self, pointer: &str) -> TextPlace {
        let place = self.nearest(pointer);
        place.text.unwrap_or(TextPlace {
            first: place.value,
            indent: None,
            block: false,
        })
    }

    fn nearest(&self, mut pointer: &str) -> Place {
        loop {
            if let Some(place) = self.places.get(pointer) {
                return *place;
            }
            match pointer.rfind('/') {
                Some(at) => pointer = &pointer[..at],
                None => return Place::default(),
            }
        }
    }
}

/// Adds one key to a JSON pointer.
pub(crate) fn child(pointer: &str, key: &str) -> String {
    let mut out = String::with_capacity(pointer.len() + key.len() + 1);
    out.push_str(pointer);
    out.push('/');
    for c in key.chars() {
        match c {
            '~' => out.push_str("~0"),
            '/' => out.push_str("~1"),
            c => out.push(c),
        }
    }
    out
}

/// An error about a place in a prompt file.
pub(crate) fn error_at(file: &str, spot: Spot, message: impl Into<String>) -> Error {
    Error::new(ErrorKind::TemplateError, message).with_location(Location {
        file: Some(file.to_owned()),
        line: (spot.line > 0).then_some(spot.line),
        column: (spot.line > 0).then_some(spot.column.max(1)),
        message: None,
    })
}
