//! What a command prints, and how it fails.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use serde::Serialize;
use slugline::Error;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    error: Option<Error>,
    json: Option<String>,
    code: u8,
}

impl Failure {
    /// The words of the command line itself are wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Failure {
            message: message.into(),
            error: None,
            json: None,
            code: 2,
        }
    }

    /// Something outside the library failed.
    pub(crate) fn other(message: impl Into<String>) -> Self {
        Failure {
            message: message.into(),
            error: None,
            json: None,
            code: 1,
        }
    }

    pub(crate) fn interrupted() -> Self {
        Failure {
            message: "interrupted".to_owned(),
            error: None,
            json: None,
            code: 130,
        }
    }

    /// Prints the error as JSON too, on standard output.
    #[must_use]
    pub(crate) fn with_json(mut self, error: &Error) -> Self {
        self.json = serde_json::to_string(&serde_json::json!({ "error": error })).ok();
        self
    }

    /// The same where JSON was asked for, of a failure that is an error of the library's.
    #[must_use]
    pub(crate) fn in_json(self, json: bool) -> Self {
        match self.error.clone() {
            Some(error) if json => self.with_json(&error),
            _ => self,
        }
    }

    pub(crate) fn report(self) -> ExitCode {
        if let Some(json) = &self.json {
            let _ = writeln!(io::stdout(), "{json}");
        }
        say_error(&self.message);
        ExitCode::from(self.code)
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
            message,
            error: Some(error),
            json: None,
            code: 1,
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::other(error.to_string())
    }
}

/// Prints text as it is, at once.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// Prints a value as indented JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| Failure::other(error.to_string()))?;
    print(&format!("{text}\n")).map_err(Failure::from)
}

/// Tells a person something beside the result: on a terminal only.
pub(crate) fn note(text: &str) {
    if io::stderr().is_terminal() {
        let _ = writeln!(io::stderr(), "{text}");
    }
}

/// Tells why the command failed.
pub(crate) fn say_error(text: &str) {
    let _ = writeln!(io::stderr(), "slugline: {text}");
}

/// An outcome whose error is told as JSON too, where JSON was asked for.
pub(crate) fn told<T>(outcome: slugline::Result<T>, json: bool) -> Result<T, Failure> {
    outcome.map_err(|error| match json {
        true => Failure::from(error.clone()).with_json(&error),
        false => error.into(),
    })
}
