//! What a command prints, and how it fails.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use serde::Serialize;
use slugline::{Error, ErrorKind};

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// For a person; none where nobody reads.
    message: Option<String>,
    /// For a program, where it asked for JSON and has no result that says it.
    error: Option<Error>,
    code: u8,
}

impl Failure {
    /// The words of the command line itself are wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure {
            code: 2,
            ..Failure::of(ErrorKind::InvalidRequest, message)
        }
    }

    /// Something failed that is no call of the library.
    pub(crate) fn of(kind: ErrorKind, message: impl Into<String>) -> Self {
        let message = message.into();
        Failure {
            error: Some(Error::new(kind, message.clone())),
            message: Some(message),
            code: 1,
        }
    }

    /// What was printed says what is wrong; this sums it up.
    pub(crate) fn printed(summary: impl Into<String>) -> Self {
        Failure {
            message: Some(summary.into()),
            error: None,
            code: 1,
        }
    }

    pub(crate) fn interrupted() -> Self {
        Failure {
            code: 130,
            ..Failure::of(ErrorKind::Cancelled, "interrupted")
        }
    }

    /// The same, where a person has read it already.
    #[must_use]
    pub(crate) fn unsaid(self) -> Self {
        Failure {
            message: None,
            ..self
        }
    }

    /// Tells it: to a person on standard error, and where JSON was asked for on standard output too.
    pub(crate) fn report(self, json: bool) -> ExitCode {
        if let (true, Some(error)) = (json, &self.error) {
            let _ = writeln!(io::stdout(), "{}", serde_json::json!({ "error": error }));
        }
        if let Some(message) = &self.message {
            say_error(message);
        }
        ExitCode::from(self.code)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.message.as_deref().unwrap_or_default())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let mut message = format!("{error} ({})", error.code());
        for attempt in &error.data().attempts {
            let code = attempt.code.as_deref().unwrap_or(&attempt.outcome);
            message.push_str(&format!(
                "\n  tried {}/{}: {code}",
                attempt.provider, attempt.model
            ));
            if let Some(status) = attempt.status {
                message.push_str(&format!(" (status {status})"));
            }
        }
        Failure {
            message: Some(message),
            error: Some(error),
            code: 1,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            // The reader, `head` say, has all it wants: no failure.
            return Failure {
                message: None,
                error: None,
                code: 0,
            };
        }
        let kind = match error.kind() {
            io::ErrorKind::InvalidData => ErrorKind::InvalidRequest,
            _ => ErrorKind::StoreError,
        };
        Failure::of(kind, error.to_string())
    }
}

/// Prints text at once: as it is, but to a terminal without what would steer it.
///
/// Answers and names come from elsewhere; a program that reads them gets every byte.
pub(crate) fn print(text: &str) -> io::Result<()> {
    match io::stdout().is_terminal() {
        true => paint(&visible(text)),
        false => paint(text),
    }
}

/// Prints text of our own, colours included.
pub(crate) fn paint(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints a value as indented JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::of(ErrorKind::Internal, error.to_string()))?;
    print(&format!("{text}\n")).map_err(Failure::from)
}

/// Tells a person something beside the result: on a terminal only.
pub(crate) fn note(text: &str) {
    if io::stderr().is_terminal() {
        let _ = writeln!(io::stderr(), "{}", visible(text));
    }
}

/// Tells why the command failed.
pub(crate) fn say_error(text: &str) {
    let text = match io::stderr().is_terminal() {
        true => visible(text),
        false => text.into(),
    };
    let _ = writeln!(io::stderr(), "slugline: {text}");
}

/// The text with a sign in place of each control character but line breaks and tabs.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let steers = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    match text.contains(steers) {
        true => text.replace(steers, "\u{fffd}").into(),
        false => text.into(),
    }
}

/// Whether standard output takes colours: a terminal that can, and nobody who said no.
pub(crate) fn colours() -> bool {
    let set = |name| std::env::var_os(name).unwrap_or_default();
    io::stdout().is_terminal() && wants_colours(&set("NO_COLOR"), &set("TERM"))
}

fn wants_colours(no_color: &OsStr, term: &OsStr) -> bool {
    no_color.is_empty() && term != "dumb"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_is_not_steered() {
        assert_eq!(visible("a\tb\nü"), "a\tb\nü");
        assert_eq!(
            visible("\u{1b}[2Jx\u{9b}31m\r\u{7}"),
            "\u{fffd}[2Jx\u{fffd}31m\u{fffd}\u{fffd}"
        );
    }

    #[test]
    fn colours_can_be_declined() {
        let wants = |no_color: &str, term: &str| wants_colours(no_color.as_ref(), term.as_ref());
        assert!(wants("", "xterm-256color") && wants("", ""));
        assert!(!wants("1", "xterm-256color") && !wants("", "dumb"));
    }
}
