//! Where a template comes from: turns a byte position into a place in the author's file.

use std::sync::OnceLock;

use super::CompileOptions;
use crate::{Error, ErrorKind, Location};

/// A source and its place in a file.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) source: Box<str>,
    pub(super) file: Option<String>,
    line_offset: u32,
    first_column_offset: u32,
    column_offset: u32,
    message: Option<u32>,
    marks: OnceLock<Vec<Mark>>,
}

/// Bytes from one mark to the next.
const STEP: usize = 1024;

/// Lines and columns before a byte position: a template of one long line and many places must
/// not be read from its start for each of them.
#[derive(Debug, Clone, Copy, Default)]
struct Mark {
    lines: u32,
    columns: u32,
}

impl Mark {
    fn pass(&mut self, byte: u8) {
        // Bytes that continue a character are no column of their own.
        if byte == b'\n' {
            self.lines += 1;
            self.columns = 0;
        } else if byte & 0xc0 != 0x80 {
            self.columns += 1;
        }
    }
}

impl Origin {
    pub(super) fn new(source: &str, options: &CompileOptions<'_>) -> Self {
        Origin {
            source: source.into(),
            file: options.file.map(str::to_owned),
            line_offset: options.line_offset,
            first_column_offset: options.first_column_offset,
            column_offset: options.column_offset,
            message: options.message,
            marks: OnceLock::new(),
        }
    }

    /// The place of a byte position. Computed when asked: most positions never are.
    pub(super) fn location(&self, at: u32) -> Location {
        let bytes = self.source.as_bytes();
        let marks = self.marks.get_or_init(|| {
            let mut mark = Mark::default();
            let mut marks = Vec::with_capacity(bytes.len() / STEP + 1);
            for step in bytes.chunks(STEP) {
                marks.push(mark);
                step.iter().for_each(|byte| mark.pass(*byte));
            }
            marks.push(mark);
            marks
        });
        let at = (at as usize).min(bytes.len());
        let mut mark = marks.get(at / STEP).copied().unwrap_or_default();
        for byte in bytes.get(at / STEP * STEP..at).unwrap_or_default() {
            mark.pass(*byte);
        }
        let before = if mark.lines == 0 {
            self.first_column_offset
        } else {
            self.column_offset
        };
        Location {
            file: self.file.clone(),
            line: Some(mark.lines + 1 + self.line_offset),
            column: Some(mark.columns + 1 + before),
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
