//! Where a template comes from: turns a byte position into a place in the author's file.

use super::CompileOptions;
use crate::{Error, ErrorKind, Location};

/// A source and its place in a file.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) source: Box<str>,
    pub(super) file: Option<String>,
    line_offset: u32,
    column_offset: u32,
    message: Option<u32>,
}

impl Origin {
    pub(super) fn new(source: &str, options: &CompileOptions<'_>) -> Self {
        Origin {
            source: source.into(),
            file: options.file.map(str::to_owned),
            line_offset: options.line_offset,
            column_offset: options.column_offset,
            message: options.message,
        }
    }

    /// The place of a byte position. Computed when asked: most positions never are.
    pub(super) fn location(&self, at: u32) -> Location {
        let before = self.source.get(..at as usize).unwrap_or(&self.source);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let lines = before.bytes().filter(|byte| *byte == b'\n').count();
        let columns = before
            .get(line_start..)
            .map_or(0, |line| line.chars().count());
        Location {
            file: self.file.clone(),
            line: Some(small(lines) + 1 + self.line_offset),
            column: Some(small(columns) + 1 + self.column_offset),
            message: self.message,
        }
    }

    /// A `template_error` at a byte position.
    pub(super) fn error(&self, at: u32, message: impl Into<String>) -> Error {
        Error::new(ErrorKind::TemplateError, message).with_location(self.location(at))
    }

    /// What is written between two byte positions.
    pub(super) fn text(&self, at: u32, end: u32) -> &str {
        self.source
            .get(at as usize..end as usize)
            .unwrap_or_default()
    }
}

/// Sizes are bounded by the limit on a template's bytes long before they pass this.
pub(super) fn small(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}
