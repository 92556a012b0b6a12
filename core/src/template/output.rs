//! Where a render prints: pieces in order, indentation of partials, and the budget of bytes.

use super::{Piece, TemplateRole};

/// The pieces so far.
#[derive(Debug)]
pub(super) struct Output {
    pieces: Vec<Piece>,
    text: String,
    /// Bytes that may still be printed.
    left: usize,
    /// Indentation of the partials being printed, outermost first, joined.
    indent: String,
    /// At the start of a line: where in `indent` begins what is still to be printed.
    pending: Option<usize>,
}

/// The budget of bytes is used up.
pub(super) struct Full;

impl Output {
    pub(super) fn new(limit: usize, guess: usize) -> Self {
        Output {
            pieces: Vec::new(),
            text: String::with_capacity(guess.min(limit)),
            left: limit,
            indent: String::new(),
            pending: None,
        }
    }

    /// Prints text.
    pub(super) fn print(&mut self, text: &str) -> Result<(), Full> {
        if self.indent.is_empty() {
            self.spend(text.len())?;
            self.text.push_str(text);
            return Ok(());
        }
        for line in text.split_inclusive('\n') {
            let from = self.pending.take().unwrap_or(self.indent.len());
            let indent = self.indent.get(from..).unwrap_or_default();
            let bytes = indent.len() + line.len();
            self.left = self.left.checked_sub(bytes).ok_or(Full)?;
            self.text.push_str(indent);
            self.text.push_str(line);
            self.pending = line.ends_with('\n').then_some(0);
        }
        Ok(())
    }

    /// Adds structure after the text so far.
    pub(super) fn structure(&mut self, piece: Piece) -> Result<(), Full> {
        // A role in a loop prints nothing and is not free either.
        self.spend(std::mem::size_of::<Piece>())?;
        if let Piece::Media { url, content_type } = &piece {
            self.spend(url.len() + content_type.as_ref().map_or(0, String::len))?;
        }
        if let Piece::Section(name) = &piece {
            self.spend(name.len())?;
        }
        self.flush();
        // Where a partial starts with structure, that is what its indentation stood before.
        self.pending = None;
        self.pieces.push(piece);
        Ok(())
    }

    /// Starts a partial whose lines are indented; give what it returns to [`Output::unindent`].
    pub(super) fn indent(&mut self, by: &str) -> Indent {
        let before = Indent {
            length: self.indent.len(),
            pending: self.pending,
        };
        if !by.is_empty() {
            // In the middle of a line only the new indentation is still to be printed.
            self.pending.get_or_insert(self.indent.len());
            self.indent.push_str(by);
        }
        before
    }

    pub(super) fn unindent(&mut self, before: Indent) {
        let nothing_printed = self.pending == Some(before.length) && before.pending.is_none();
        self.indent.truncate(before.length);
        if nothing_printed || self.indent.is_empty() {
            self.pending = None;
        }
    }

    /// The pieces; texts never empty and never two in a row.
    pub(super) fn finish(mut self) -> Vec<Piece> {
        self.flush();
        self.pieces
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.pieces
                .push(Piece::Text(std::mem::take(&mut self.text)));
        }
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Full> {
        self.left = self.left.checked_sub(bytes).ok_or(Full)?;
        Ok(())
    }
}

/// The indentation before a partial.
pub(super) struct Indent {
    length: usize,
    pending: Option<usize>,
}

/// A role that data may choose.
pub(super) fn conversational(word: &str) -> Option<TemplateRole> {
    TemplateRole::from_word(word).filter(|role| role.is_conversational())
}
