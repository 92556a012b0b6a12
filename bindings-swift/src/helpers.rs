//! Helpers from code: Swift closures that templates call, on the thread that renders.

use std::sync::Arc;

use slugline::template::Helpers;
use slugline::{Error, ErrorKind, Result, runtime};

use crate::keys::{Raised, Thrown};

/// A closure that Swift keeps.
#[uniffi::export(with_foreign)]
pub trait HelperSource: Send + Sync {
    /// Takes its arguments as JSON texts: a list, and an object of those with a key.
    fn call(&self, arguments: String, keys: String) -> HelperAnswer;
}

/// What a closure gave.
#[derive(uniffi::Enum)]
pub enum HelperAnswer {
    /// A value, as JSON text.
    Value {
        /// The text.
        json: String,
    },
    /// A value that JSON cannot hold.
    Unsendable {
        /// Why, and where in it.
        why: String,
    },
    /// What it threw.
    Threw {
        /// That.
        raised: Arc<dyn Raised>,
    },
}

/// A closure under `helpers`.
#[derive(uniffi::Record)]
pub struct HelperSlot {
    /// The name in templates.
    name: String,
    /// The closure.
    source: Arc<dyn HelperSource>,
}

/// The closures as helpers.
pub(crate) fn register(slots: Vec<HelperSlot>) -> Result<Helpers> {
    let mut helpers = Helpers::new();
    for HelperSlot { name, source } in slots {
        let call =
            runtime::json_helper(move |arguments, keys| match source.call(arguments, keys) {
                HelperAnswer::Value { json } => Ok(json),
                HelperAnswer::Unsendable { why } => {
                    let message = format!("it gave a value that cannot be used: {why}");
                    Err(Error::new(ErrorKind::TemplateError, message))
                }
                HelperAnswer::Threw { raised } => {
                    let message = format!("it threw `{}`", raised.kind());
                    Err(Error::new(ErrorKind::TemplateError, message).with_source(Thrown(raised)))
                }
            });
        helpers.register(&name, call).map_err(|error| {
            let message = error.into_data().message;
            Error::new(ErrorKind::ConfigError, message).with_param(format!("helpers.{name}"))
        })?;
    }
    Ok(helpers)
}
