//! What a dialect tells the caller while it encodes: a field that goes in another form, or not at
//! all. Nothing is dropped without a word, and under `unsupported = "error"` nothing is dropped.

use crate::chat::{UnsupportedPolicy, Warning};
use crate::error::{Error, ErrorKind, Result};

use super::{Call, Target};

/// Collects warnings, or refuses, by the call's policy.
#[derive(Debug)]
pub(crate) struct Told<'a> {
    target: &'a Target,
    policy: UnsupportedPolicy,
    warnings: &'a mut Vec<Warning>,
}

impl<'a> Told<'a> {
    pub(crate) fn new(call: Call<'a>, warnings: &'a mut Vec<Warning>) -> Self {
        Told {
            target: call.target,
            policy: call.options.unsupported.unwrap_or_default(),
            warnings,
        }
    }

    /// A field is left out, because of `why` (a clause: "it cannot be sampled while it thinks").
    pub(crate) fn dropped(&mut self, param: &str, why: &str) -> Result<()> {
        let name = self.target.name();
        if self.policy == UnsupportedPolicy::Error {
            let message = format!("{name} cannot take `{param}` in this call: {why}");
            return Err(self.refusal(param, message));
        }
        self.warn(
            "unsupported_parameter",
            param,
            format!("`{param}` was not sent to {name}: {why}"),
        );
        Ok(())
    }

    /// A field goes in another form, which `how` names (a clause: "sent as `high`"). Its meaning stays
    /// so far that no policy refuses it.
    pub(crate) fn adapted(&mut self, param: &str, how: &str) {
        let name = self.target.name();
        self.warn(
            "adapted_parameter",
            param,
            format!("`{param}` for {name}: {how}"),
        );
    }

    /// An error of kind `unsupported`: without it the call would mean something else.
    pub(crate) fn refused(&self, param: &str, why: &str) -> Error {
        let name = self.target.name();
        self.refusal(param, format!("{name} cannot take `{param}`: {why}"))
    }

    fn refusal(&self, param: &str, message: String) -> Error {
        Error::new(ErrorKind::Unsupported, message)
            .with_param(param)
            .with_target(&self.target.provider.name, &self.target.model)
    }

    fn warn(&mut self, code: &str, param: &str, message: String) {
        let known =
            |warning: &Warning| warning.code == code && warning.param.as_deref() == Some(param);
        // Once per field, however many messages have it.
        if !self.warnings.iter().any(known) {
            self.warnings.push(Warning::param(code, param, message));
        }
    }
}
