//! Helpers from code: Python functions that templates call, taken out of the configuration at opening.
//!
//! A prompt is rendered on the thread of its call, or on one of the shared runtime's; either takes the
//! GIL for the helper and holds no lock that Python could wait for.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString, PyTuple};
use serde_json::Value;
use slugline::chat::JsonMap;
use slugline::template::Helpers;
use slugline::{Error, ErrorKind, Result, runtime};

use crate::error::{Raised, raise};
use crate::show::Show;
use crate::value::read_config;

/// Takes `helpers` out of a configuration, where it has any: the rest is a copy then.
pub(crate) fn take_helpers<'py>(
    config: Bound<'py, PyAny>,
    helpers: &mut Helpers,
) -> PyResult<Bound<'py, PyAny>> {
    let py = config.py();
    let Ok(table) = config.cast::<PyMapping>() else {
        return Ok(config);
    };
    let Ok(given) = table.get_item("helpers") else {
        return Ok(config);
    };
    if !given.is_none() {
        let refused = |at: &str, says: String| {
            let error = Error::new(ErrorKind::ConfigError, says);
            raise(py, error.with_param(at))
        };
        let Ok(given) = given.cast::<PyMapping>() else {
            return Err(refused("helpers", "`helpers` must be a mapping".to_owned()));
        };
        for entry in given.items()?.iter() {
            let (name, function): (Bound<'_, PyAny>, Bound<'_, PyAny>) = entry.extract()?;
            let Ok(name) = name.cast::<PyString>() else {
                let says = "`helpers` has a name that is no string".to_owned();
                return Err(refused("helpers", says));
            };
            let name = name.to_string();
            let at = format!("helpers.{name}");
            if !function.is_callable() {
                return Err(refused(&at, format!("`{at}` must be callable")));
            }
            let function = function.unbind();
            let registered = helpers.register(&name, move |arguments, keys| {
                runtime::aside(|| {
                    Python::try_attach(|py| call(function.bind(py), arguments, keys))
                        .unwrap_or_else(|| Err(failed("the interpreter is ending")))
                })
            });
            if let Err(error) = registered {
                return Err(refused(&at, error.data().message.clone()));
            }
        }
    }
    let rest = PyDict::new(py);
    rest.update(table)?;
    rest.del_item("helpers")?;
    Ok(rest.into_any())
}

fn call(function: &Bound<'_, PyAny>, arguments: &[Value], keys: &JsonMap) -> Result<Value> {
    let given = ask(function, arguments, keys).map_err(|error| {
        let raised = Raised::new(error);
        failed(&format!("it raised {raised}")).with_source(raised)
    })?;
    if given.hasattr("__await__").unwrap_or(false) {
        // An unawaited coroutine would complain on its own as well.
        let _ = given.call_method0(pyo3::intern!(given.py(), "close"));
        return Err(failed(
            "it gave something to be awaited: a helper is a plain function",
        ));
    }
    read_config(&given).map_err(|error| {
        failed(&format!(
            "what it gave is no JSON: {}",
            error.data().message
        ))
    })
}

fn ask<'py>(
    function: &Bound<'py, PyAny>,
    arguments: &[Value],
    keys: &JsonMap,
) -> PyResult<Bound<'py, PyAny>> {
    let py = function.py();
    let shown = arguments.iter().map(|value| value.show(py));
    let arguments = PyTuple::new(py, shown.collect::<PyResult<Vec<_>>>()?)?;
    let named = PyDict::new(py);
    for (key, value) in keys {
        named.set_item(key, value.show(py)?)?;
    }
    function.call(arguments, Some(&named))
}

fn failed(says: &str) -> Error {
    Error::new(ErrorKind::TemplateError, says)
}
