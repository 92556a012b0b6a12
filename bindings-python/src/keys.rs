//! Keys from code: a callable under `api_key` is taken out of the configuration and asked at each attempt.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString};
use slugline::provider::KeyProvider;
use slugline::transport::BoxFuture;
use slugline::{Error, ErrorKind, Result, runtime};

use crate::error::Raised;

/// A configuration, and the callables that were taken out of it, by provider.
type Taken<'py> = (Bound<'py, PyAny>, Vec<(String, Callable)>);

/// Takes the callables out of `providers`, where there are any: the rest is a copy then.
pub(crate) fn take_callables(config: Bound<'_, PyAny>) -> PyResult<Taken<'_>> {
    let py = config.py();
    let mut keys = Vec::new();
    let Ok(table) = config.cast::<PyMapping>() else {
        return Ok((config, keys));
    };
    let Ok(providers) = table.get_item("providers") else {
        return Ok((config, keys));
    };
    let Ok(providers) = providers.cast::<PyMapping>() else {
        return Ok((config, keys));
    };
    let kept = PyDict::new(py);
    for entry in providers.items()?.iter() {
        let (name, mut provider): (Bound<'_, PyAny>, Bound<'_, PyAny>) = entry.extract()?;
        if let Ok(settings) = provider.cast::<PyMapping>()
            && let Ok(key) = settings.get_item("api_key")
            && key.is_callable()
            && let Ok(known) = name.cast::<PyString>()
        {
            keys.push((known.to_string(), Callable(Arc::new(key.unbind()))));
            let rest = PyDict::new(py);
            rest.update(settings)?;
            rest.del_item("api_key")?;
            provider = rest.into_any();
        }
        kept.set_item(name, provider)?;
    }
    if keys.is_empty() {
        return Ok((config, keys));
    }
    let whole = PyDict::new(py);
    whole.update(table)?;
    whole.set_item("providers", kept)?;
    Ok((whole.into_any(), keys))
}

/// A Python callable that gives a key.
pub(crate) struct Callable(Arc<Py<PyAny>>);

impl KeyProvider for Callable {
    fn key(&self) -> BoxFuture<'static, Result<String>> {
        let callable = self.0.clone();
        Box::pin(async move {
            // On a thread of its own: it may wait for the GIL, and do what it likes.
            let asked = runtime::handle()?.spawn_blocking(move || {
                Python::try_attach(|py| ask(callable.bind(py)))
                    .unwrap_or_else(|| Err(failed("cannot run: the interpreter is ending")))
            });
            asked
                .await
                .unwrap_or_else(|_| Err(failed("was given up before it ended")))
        })
    }
}

fn ask(callable: &Bound<'_, PyAny>) -> Result<String> {
    let py = callable.py();
    let given = callable
        .call0()
        .map_err(|error| failed("raised an exception").with_source(Raised::new(error)))?;
    if let Ok(key) = given.cast::<PyString>() {
        let key = key.to_str();
        return key
            .map(str::to_owned)
            .map_err(|_| failed("gave a text that is not Unicode"));
    }
    if given.hasattr("__await__").unwrap_or(false) {
        // An unawaited coroutine would complain on its own as well.
        let _ = given.call_method0(pyo3::intern!(py, "close"));
        return Err(failed(
            "gave something to be awaited: give a plain function that returns the key",
        ));
    }
    let kind = given.get_type().name();
    let kind = kind.map_or_else(|_| "something else".to_owned(), |kind| kind.to_string());
    Err(failed(&format!("gave `{kind}` instead of a string")))
}

fn failed(says: &str) -> Error {
    let message = format!("the callable under `api_key` {says}");
    Error::new(ErrorKind::Authentication, message)
}
