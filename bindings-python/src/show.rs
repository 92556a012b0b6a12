//! Core data out: plain values as Python's own, and the common body of every result class.
//!
//! A result class holds a [`Part`] of an answer: no copy, the whole stays alive with it. Plain fields
//! are made when they are read; nested objects are made once and kept, so that `a.b is a.b`.

use std::sync::Arc;

use pyo3::PyClass;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use serde::Serialize;
use serde_json::{Map, Value};
use slugline::chat::{Content, FinishReason, Role};
use slugline::store::FeedbackValue;

/// A part of an answer, or a whole one.
pub(crate) struct Part<T: 'static>(Arc<dyn Holds<T>>);

trait Holds<T>: Send + Sync {
    fn noun(&self) -> &T;
}

struct Whole<T>(T);

impl<T: Send + Sync> Holds<T> for Whole<T> {
    fn noun(&self) -> &T {
        &self.0
    }
}

/// An element of a list that its owner holds.
struct Element<P: 'static, T: 'static> {
    owner: Part<P>,
    list: fn(&P) -> &[T],
    index: usize,
}

impl<P, T> Holds<T> for Element<P, T> {
    fn noun(&self) -> &T {
        // Made only for indexes that are there, and nothing changes an answer.
        &(self.list)(self.owner.get())[self.index]
    }
}

impl<T: Send + Sync> Part<T> {
    pub(crate) fn whole(noun: T) -> Self {
        Part(Arc::new(Whole(noun)))
    }
}

impl<T> Part<T> {
    pub(crate) fn get(&self) -> &T {
        self.0.noun()
    }

    /// Every element of a list in it; an optional field is a list of none or one.
    fn elements<C: 'static>(&self, list: fn(&T) -> &[C]) -> impl ExactSizeIterator<Item = Part<C>> {
        (0..list(self.get()).len()).map(move |index| {
            Part(Arc::new(Element {
                owner: self.clone(),
                list,
                index,
            }) as Arc<dyn Holds<C>>)
        })
    }
}

impl<T> Clone for Part<T> {
    fn clone(&self) -> Self {
        Part(self.0.clone())
    }
}

/// A nested object, once it has been looked at.
pub(crate) struct Nested(PyOnceLock<Py<PyAny>>);

impl Default for Nested {
    fn default() -> Self {
        Nested(PyOnceLock::new())
    }
}

impl Nested {
    /// All elements as a tuple of their class.
    pub(crate) fn list<T, C: 'static, K>(
        &self,
        py: Python<'_>,
        owner: &Part<T>,
        list: fn(&T) -> &[C],
    ) -> PyResult<Py<PyAny>>
    where
        K: PyClass + From<Part<C>> + Into<PyClassInitializer<K>>,
    {
        let made = self.0.get_or_try_init(py, || {
            let objects = owner
                .elements(list)
                .map(|part| Py::new(py, K::from(part)))
                .collect::<PyResult<Vec<_>>>()?;
            PyTuple::new(py, objects).map(|tuple| tuple.into_any().unbind())
        })?;
        Ok(made.clone_ref(py))
    }

    /// The first element as its class, `None` where there is none.
    pub(crate) fn first<T, C: 'static, K>(
        &self,
        py: Python<'_>,
        owner: &Part<T>,
        list: fn(&T) -> &[C],
    ) -> PyResult<Py<PyAny>>
    where
        K: PyClass + From<Part<C>> + Into<PyClassInitializer<K>>,
    {
        let made = self
            .0
            .get_or_try_init(py, || match owner.elements(list).next() {
                Some(part) => Py::new(py, K::from(part)).map(Py::into_any),
                None => Ok(py.None()),
            })?;
        Ok(made.clone_ref(py))
    }
}

/// Plain core data as Python's own.
pub(crate) trait Show {
    fn show(&self, py: Python<'_>) -> PyResult<Py<PyAny>>;
}

macro_rules! shows_as_itself {
    ($($type:ty),+) => {$(
        impl Show for $type {
            fn show(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                Ok(self.into_pyobject(py)?.to_owned().into_any().unbind())
            }
        }
    )+};
}
shows_as_itself!(bool, u8, u16, u32, u64, i64, f64, String);

impl<T: Show> Show for Option<T> {
    fn show(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Some(value) => value.show(py),
            None => Ok(py.None()),
        }
    }
}

impl<T: Show> Show for Vec<T> {
    fn show(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let items = self
            .iter()
            .map(|item| item.show(py))
            .collect::<PyResult<Vec<_>>>()?;
        Ok(PyList::new(py, items)?.into_any().unbind())
    }
}

impl Show for Map<String, Value> {
    fn show(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let dict = PyDict::new(py);
        for (key, value) in self {
            dict.set_item(key, value.show(py)?)?;
        }
        Ok(dict.into_any().unbind())
    }
}

impl Show for Value {
    fn show(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Value::Null => Ok(py.None()),
            Value::Bool(flag) => flag.show(py),
            Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(number), _, _) => number.show(py),
                (_, Some(number), _) => number.show(py),
                (_, _, number) => number.show(py),
            },
            Value::String(text) => text.show(py),
            Value::Array(items) => items.show(py),
            Value::Object(map) => map.show(py),
        }
    }
}

impl Show for FeedbackValue {
    fn show(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            FeedbackValue::Bool(flag) => flag.show(py),
            FeedbackValue::Number(number) => number.show(py),
        }
    }
}

impl Show for Role {
    fn show(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(PyString::new(py, self.as_str()).into_any().unbind())
    }
}

impl Show for FinishReason {
    fn show(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(PyString::new(py, self.as_str()).into_any().unbind())
    }
}

impl Show for Content {
    fn show(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self {
            Content::Text(text) => text.show(py),
            Content::Parts(parts) => json(parts)?.show(py),
        }
    }
}

/// The JSON form, as `to_dict` gives it.
pub(crate) fn json(noun: &impl Serialize) -> PyResult<Value> {
    serde_json::to_value(noun).map_err(no_json)
}

pub(crate) fn no_json(error: serde_json::Error) -> PyErr {
    pyo3::exceptions::PyRuntimeError::new_err(error.to_string())
}

/// The JSON form without keys that are null, where those are not wanted.
pub(crate) fn dump(mut value: Value, exclude_none: bool) -> Value {
    fn prune(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.retain(|_, value| !value.is_null());
                map.values_mut().for_each(prune);
            }
            Value::Array(items) => items.iter_mut().for_each(prune),
            _ => {}
        }
    }
    if exclude_none {
        prune(&mut value);
    }
    value
}

/// What `pickle` keeps: the class and its JSON, put together by `_native._revive`.
pub(crate) fn reduce(object: &Bound<'_, PyAny>, json: String) -> PyResult<Py<PyAny>> {
    let py = object.py();
    let revive = py.import("slugline._native")?.getattr("_revive")?;
    let kept = (revive, (object.get_type(), json));
    Ok(kept.into_pyobject(py)?.into_any().unbind())
}

/// Most characters of a text that a `repr` shows.
const REPR_CHARS: usize = 60;

/// `Name(field=value, ..)` from the JSON form: what is set, long texts cut, nested things as their size.
pub(crate) fn repr(py: Python<'_>, name: &str, value: &Value) -> PyResult<String> {
    let mut shown = Vec::new();
    let text = value
        .pointer("/choices/0/message/content")
        .or_else(|| value.pointer("/choices/0/delta/content"));
    let text = text.map(|text| ("text", text));
    let fields = value.as_object().into_iter().flatten();
    for (key, value) in fields.map(|(key, value)| (key.as_str(), value)).chain(text) {
        let value = match value {
            Value::Null => continue,
            Value::Object(map) if map.is_empty() => continue,
            Value::Object(_) => "{..}".to_owned(),
            Value::Array(items) if items.is_empty() => continue,
            Value::Array(items) => format!("[{}]", items.len()),
            Value::String(text) => {
                let cut: String = text.chars().take(REPR_CHARS).collect();
                let more = if cut.len() < text.len() { ".." } else { "" };
                format!("{}{more}", PyString::new(py, &cut).repr()?)
            }
            plain => plain.show(py)?.bind(py).repr()?.to_string(),
        };
        shown.push(format!("{key}={value}"));
    }
    Ok(format!("{name}({})", shown.join(", ")))
}

/// A result class over a noun of the core: its plain fields, its nested objects, and what all have.
macro_rules! noun {
    (
        $(#[$doc:meta])*
        $name:ident of $noun:ty $(, $pickled:ident)? $(; json = $json:path)? {
            $($field:ident),* $(,)?
        }
        $(first { $($one:ident: $one_class:ident = $one_list:expr),+ $(,)? })?
        $(lists { $($list:ident: $list_class:ident),+ $(,)? })?
        $(maybe_lists { $($maybe:ident: $maybe_class:ident),+ $(,)? })?
        $(also { $($also:tt)* })?
    ) => {
        $(#[$doc])*
        #[pyclass(frozen, module = "slugline.types")]
        pub(crate) struct $name {
            part: $crate::show::Part<$noun>,
            $($($one: $crate::show::Nested,)+)?
            $($($list: $crate::show::Nested,)+)?
            $($($maybe: $crate::show::Nested,)+)?
        }

        impl From<$crate::show::Part<$noun>> for $name {
            fn from(part: $crate::show::Part<$noun>) -> Self {
                $name {
                    part,
                    $($($one: Default::default(),)+)?
                    $($($list: Default::default(),)+)?
                    $($($maybe: Default::default(),)+)?
                }
            }
        }

        impl $name {
            #[allow(dead_code, reason = "some are only ever parts of another")]
            pub(crate) fn whole(noun: $noun) -> Self {
                Self::from($crate::show::Part::whole(noun))
            }

            pub(crate) fn json(&self) -> PyResult<serde_json::Value> {
                $crate::show::noun!(@json self.part.get(), $($json)?)
            }
        }

        #[pymethods]
        impl $name {
            $(
                #[getter]
                fn $field(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                    $crate::show::Show::show(&self.part.get().$field, py)
                }
            )*
            $($(
                #[getter]
                fn $one(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                    self.$one.first::<_, _, $one_class>(py, &self.part, $one_list)
                }
            )+)?
            $($(
                #[getter]
                fn $list(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                    self.$list.list::<_, _, $list_class>(py, &self.part, |noun| &noun.$list)
                }
            )+)?
            $($(
                #[getter]
                fn $maybe(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                    if self.part.get().$maybe.is_none() {
                        return Ok(py.None());
                    }
                    self.$maybe.list::<_, _, $maybe_class>(py, &self.part, |noun| {
                        noun.$maybe.as_deref().unwrap_or_default()
                    })
                }
            )+)?
            $($($also)*)?

            $(
                #[staticmethod]
                fn _from_json(json: &str) -> PyResult<Self> {
                    serde_json::from_str(json).map(Self::whole).map_err($crate::show::no_json)
                }

                #[doc = concat!("Makes it ", stringify!($pickled), ".")]
                fn __reduce__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
                    $crate::show::reduce(slf.as_any(), slf.get().to_json()?)
                }
            )?

            /// As a `dict`, in the form of its JSON.
            fn to_dict(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
                $crate::show::Show::show(&self.json()?, py)
            }

            /// As JSON text.
            fn to_json(&self) -> PyResult<String> {
                serde_json::to_string(&self.json()?).map_err($crate::show::no_json)
            }

            /// As a `dict`, under the name that pydantic's users know.
            #[pyo3(signature = (*, exclude_none = false))]
            fn model_dump(&self, py: Python<'_>, exclude_none: bool) -> PyResult<Py<PyAny>> {
                $crate::show::Show::show(&$crate::show::dump(self.json()?, exclude_none), py)
            }

            fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
                $crate::show::repr(py, stringify!($name), &self.json()?)
            }

            fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
                match other.cast::<Self>() {
                    Ok(other) => self.part.get() == other.get().part.get(),
                    Err(_) => false,
                }
            }
        }
    };
    (@json $noun:expr,) => { $crate::show::json($noun) };
    (@json $noun:expr, $json:path) => { $json($noun) };
}
pub(crate) use noun;
