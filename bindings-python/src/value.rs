//! Python objects in: a serde reader over `dict`, `list`, `str` and their kin, so that a request is
//! read in one pass, with the core's own words and paths where something does not fit.
//!
//! Objects of this package that may go back into a request, such as a message of an answer, are
//! read through their JSON form. Nothing here calls Python code, mappings apart that are no `dict`.

use std::path::PathBuf;

use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMapping, PyMemoryView,
    PyString, PyTuple,
};
use serde::de::{
    self, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;
use slugline::input::{InputError, MAX_DEPTH};

use crate::types::{Message, ToolCall};

/// Reads a configuration, in which a path may be an `os.PathLike`.
pub(crate) fn read_config<'de, T: de::Deserialize<'de>>(
    object: &Bound<'_, PyAny>,
) -> slugline::Result<T> {
    let host = Host {
        object,
        around: None,
        paths: true,
    };
    T::deserialize(host).map_err(InputError::into_error)
}

/// An argument given by place, and its name.
pub(crate) type Placed<'a, 'py> = (&'a Bound<'py, PyString>, &'a Bound<'py, PyAny>);

/// Reads the arguments of a call: those given by place, and the rest by keyword.
pub(crate) fn read_call<'de, T: de::Deserialize<'de>>(
    placed: &[Placed<'_, '_>],
    options: &Bound<'_, PyDict>,
) -> slugline::Result<T> {
    T::deserialize(Arguments { placed, options }).map_err(InputError::into_error)
}

/// The containers around a value, from the inside out.
struct Chain<'a> {
    container: *mut pyo3::ffi::PyObject,
    depth: usize,
    around: Option<&'a Chain<'a>>,
}

/// A Python object as a serde reader.
#[derive(Clone, Copy)]
struct Host<'a, 'py> {
    object: &'a Bound<'py, PyAny>,
    around: Option<&'a Chain<'a>>,
    /// Whether an `os.PathLike` stands for its path.
    paths: bool,
}

impl<'a, 'py> Host<'a, 'py> {
    /// Steps into a container, unless it is one of those around it.
    fn enter(&self) -> Result<Chain<'a>, InputError> {
        let container = self.object.as_ptr();
        let mut next = self.around;
        while let Some(chain) = next {
            if chain.container == container {
                return Err(InputError::cycle());
            }
            next = chain.around;
        }
        let depth = self.around.map_or(0, |chain| chain.depth) + 1;
        if depth > MAX_DEPTH {
            return Err(InputError::too_deep());
        }
        Ok(Chain {
            container,
            depth,
            around: self.around,
        })
    }

    fn whole_number<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, InputError> {
        if let Ok(number) = self.object.extract::<i64>() {
            return visitor.visit_i64(number);
        }
        match self.object.extract::<u64>() {
            Ok(number) => visitor.visit_u64(number),
            Err(_) => Err(InputError::out_of_range()),
        }
    }

    fn sequence<'de, V: Visitor<'de>>(
        &self,
        items: impl ExactSizeIterator<Item = Bound<'py, PyAny>>,
        visitor: V,
    ) -> Result<V::Value, InputError> {
        let chain = self.enter()?;
        visitor.visit_seq(Items {
            items,
            index: 0,
            chain: &chain,
            paths: self.paths,
        })
    }

    fn map<'de, V: Visitor<'de>>(
        &self,
        entries: impl Iterator<Item = Entry<'py>>,
        chain: &Chain<'_>,
        visitor: V,
    ) -> Result<V::Value, InputError> {
        visitor.visit_map(Entries {
            entries,
            pending: None,
            around: Some(chain),
            paths: self.paths,
        })
    }

    /// Everything that is met rarely: our own objects, mappings, and what cannot be sent.
    fn other<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        if let Ok(message) = self.object.cast::<Message>() {
            return replay(message.get().json(), visitor);
        }
        if let Ok(call) = self.object.cast::<ToolCall>() {
            return replay(call.get().json(), visitor);
        }
        if let Ok(mapping) = self.object.cast::<PyMapping>() {
            let chain = self.enter()?;
            let Ok(items) = mapping.items() else {
                return Err(de::Error::custom("a mapping that cannot be read"));
            };
            let entries = items.iter().filter_map(|item| {
                let pair = item.cast_into::<PyTuple>().ok()?;
                Some((pair.get_item(0).ok()?, pair.get_item(1).ok()?))
            });
            return self.map(entries, &chain, visitor);
        }
        if self.paths
            && let Ok(path) = self.object.extract::<PathBuf>()
            && let Some(path) = path.to_str()
        {
            return visitor.visit_str(path);
        }
        let kind = kind(self.object);
        Err(de::Error::invalid_type(Unexpected::Other(&kind), &visitor))
    }
}

/// The name of an object's type, as an error calls it.
fn kind(object: &Bound<'_, PyAny>) -> String {
    if object.is_instance_of::<PyBytes>()
        || object.is_instance_of::<PyByteArray>()
        || object.is_instance_of::<PyMemoryView>()
    {
        return "bytes (a part made by `image` or `file` may hold them)".to_owned();
    }
    let name = object.get_type().name();
    name.map_or_else(
        |_| "something else".to_owned(),
        |name| format!("`{}`", name.to_string_lossy()),
    )
}

fn replay<'de, V: Visitor<'de>>(json: PyResult<Value>, visitor: V) -> Result<V::Value, InputError> {
    // What this library wrote it can read; a visitor may still want something else in this place.
    let misplaced = || de::Error::custom("an object of an answer does not belong here");
    let value = json.map_err(|_| misplaced())?;
    value.deserialize_any(visitor).map_err(|_| misplaced())
}

impl<'de> Deserializer<'de> for Host<'_, '_> {
    type Error = InputError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        let object = self.object;
        if let Ok(text) = object.cast::<PyString>() {
            return match text.to_str() {
                Ok(text) => visitor.visit_str(text),
                Err(_) => Err(InputError::lone_surrogate()),
            };
        }
        if let Ok(dict) = object.cast::<PyDict>() {
            let chain = self.enter()?;
            return self.map(dict.iter(), &chain, visitor);
        }
        if let Ok(list) = object.cast::<PyList>() {
            return self.sequence(list.iter(), visitor);
        }
        if object.is_none() {
            return visitor.visit_unit();
        }
        if let Ok(flag) = object.cast::<PyBool>() {
            return visitor.visit_bool(flag.is_true());
        }
        if object.is_instance_of::<PyInt>() {
            return self.whole_number(visitor);
        }
        if let Ok(number) = object.cast::<PyFloat>() {
            let number = number.value();
            if !number.is_finite() {
                return Err(InputError::not_finite());
            }
            return visitor.visit_f64(number);
        }
        if let Ok(tuple) = object.cast::<PyTuple>() {
            return self.sequence(tuple.iter(), visitor);
        }
        self.other(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        if self.object.is_none() {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, InputError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, InputError> {
        let text = self
            .object
            .cast::<PyString>()
            .ok()
            .and_then(|text| text.to_str().ok());
        // A word that no variant has gets the same answer as a value that is no word.
        let word: de::value::StrDeserializer<'_, InputError> =
            text.unwrap_or_default().into_deserializer();
        word.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

struct Items<'a, I> {
    items: I,
    index: usize,
    chain: &'a Chain<'a>,
    paths: bool,
}

impl<'de, 'py, I: ExactSizeIterator<Item = Bound<'py, PyAny>>> SeqAccess<'de> for Items<'_, I> {
    type Error = InputError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, InputError> {
        let Some(item) = self.items.next() else {
            return Ok(None);
        };
        self.index += 1;
        let read = seed.deserialize(Host {
            object: &item,
            around: Some(self.chain),
            paths: self.paths,
        });
        read.map(Some)
            .map_err(|error| error.at_index(self.index - 1))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.items.len())
    }
}

type Entry<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

struct Entries<'a, 'py, I> {
    entries: I,
    pending: Option<Entry<'py>>,
    around: Option<&'a Chain<'a>>,
    paths: bool,
}

impl<'de, 'py, I: Iterator<Item = Entry<'py>>> MapAccess<'de> for Entries<'_, 'py, I> {
    type Error = InputError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, InputError> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        let read = match key.cast::<PyString>().map(|key| key.to_str()) {
            Ok(Ok(text)) => {
                let text: de::value::StrDeserializer<'_, InputError> = text.into_deserializer();
                seed.deserialize(text)
            }
            Ok(Err(_)) => Err(InputError::lone_surrogate()),
            Err(_) => Err(InputError::key_not_text(&kind(&key))),
        };
        self.pending = Some((key, value));
        read.map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, InputError> {
        let Some((key, object)) = self.pending.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        let value = Host {
            object: &object,
            around: self.around,
            paths: self.paths,
        };
        seed.deserialize(value).map_err(|error| {
            let name = key.cast::<PyString>().map(|key| key.to_string_lossy());
            error.at_key(&name.unwrap_or_default())
        })
    }
}

/// The arguments of one call as one object.
struct Arguments<'a, 'py> {
    placed: &'a [Placed<'a, 'py>],
    options: &'a Bound<'py, PyDict>,
}

impl<'de> Deserializer<'de> for Arguments<'_, '_> {
    type Error = InputError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, InputError> {
        let placed = self.placed.iter();
        let placed = placed.map(|(name, object)| ((*name).clone().into_any(), (*object).clone()));
        visitor.visit_map(Entries {
            entries: placed.chain(self.options.iter()),
            pending: None,
            around: None,
            paths: false,
        })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
