//! Tools a model may call, the calls it makes, and the format it must answer in.

use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::JsonMap;

/// An element of `tools`.
#[derive(Debug, Clone, PartialEq)]
pub enum Tool {
    /// `{"type": "function", "function": {..}}`: a definition.
    Function {
        /// What the model may call.
        function: FunctionDefinition,
        /// Prompt caching mark.
        cache_control: Option<Value>,
    },
    /// `{"id": .., "enabled": ..}`: switches a tool registered in the configuration.
    Switch {
        /// The registered tool's name.
        id: String,
        /// On by default.
        enabled: bool,
    },
    /// Another `type`: sent as it is to an OpenAI-format host, `unsupported` elsewhere.
    Other(JsonMap),
}

impl Tool {
    /// A function tool.
    pub fn function(
        name: impl Into<String>,
        description: impl Into<String>,
        parameters: Value,
    ) -> Self {
        Tool::Function {
            function: FunctionDefinition {
                name: name.into(),
                description: Some(description.into()),
                parameters: Some(parameters),
                strict: None,
                extra: JsonMap::new(),
            },
            cache_control: None,
        }
    }
}

/// A function that a model may call.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FunctionDefinition {
    /// Its name: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// JSON Schema of the arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// Whether arguments must fit the schema exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
    /// Keys this library does not know.
    #[serde(flatten)]
    pub extra: JsonMap,
}

/// A call the model makes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ToolCall {
    /// Its id, which the `tool` message repeats in `tool_call_id`.
    pub id: String,
    /// Name and arguments.
    pub function: FunctionCall,
    /// Keys this library does not know.
    pub extra: JsonMap,
}

/// Name and arguments of a call.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FunctionCall {
    /// The function's name.
    pub name: String,
    /// The arguments as JSON text, exactly as the model wrote them.
    #[serde(default)]
    pub arguments: String,
}

/// Which tool the model must call.
#[derive(Debug, Clone, PartialEq)]
pub enum ToolChoice {
    /// Call nothing.
    None,
    /// The model decides.
    Auto,
    /// Call at least one.
    Required,
    /// Call this function.
    Function(String),
    /// Another form, such as `allowed_tools`: sent as it is to an OpenAI-format host.
    Other(JsonMap),
}

/// The format the model must answer in.
#[derive(Debug, Clone, PartialEq)]
pub enum ResponseFormat {
    /// Plain text.
    Text,
    /// Any JSON object.
    JsonObject,
    /// JSON that fits a schema.
    JsonSchema {
        /// The schema's name: letters, digits, `_` and `-`, at most 64.
        name: String,
        /// What the answer is for.
        description: Option<String>,
        /// The schema.
        schema: Value,
        /// Whether the answer must fit exactly.
        strict: Option<bool>,
    },
}

impl Serialize for Tool {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Tool::Function {
                function,
                cache_control,
            } => {
                let mut map = serializer.serialize_map(None)?;
                map.serialize_entry("type", "function")?;
                map.serialize_entry("function", function)?;
                if let Some(mark) = cache_control {
                    map.serialize_entry("cache_control", mark)?;
                }
                map.end()
            }
            Tool::Switch { id, enabled } => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("id", id)?;
                map.serialize_entry("enabled", enabled)?;
                map.end()
            }
            Tool::Other(raw) => raw.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Tool {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut raw = JsonMap::deserialize(deserializer)?;
        match (raw.get("type").and_then(Value::as_str), raw.get("id")) {
            (Some("function"), _) => {
                let function = raw
                    .remove("function")
                    .ok_or_else(|| de::Error::missing_field("function"))?;
                if function.get("name").and_then(Value::as_str).is_none() {
                    return Err(de::Error::custom("`function` needs `name`, a string"));
                }
                let function = FunctionDefinition::deserialize(function)
                    .map_err(|_| de::Error::custom("`function` holds a field of the wrong type"))?;
                let cache_control = raw.remove("cache_control").filter(|mark| !mark.is_null());
                Ok(Tool::Function {
                    function,
                    cache_control,
                })
            }
            (Some(_), _) => Ok(Tool::Other(raw)),
            (None, Some(Value::String(id))) => {
                let id = id.clone();
                let enabled = match raw.get("enabled") {
                    None | Some(Value::Null) => true,
                    Some(Value::Bool(enabled)) => *enabled,
                    Some(_) => return Err(de::Error::custom("`enabled` must be true or false")),
                };
                if let Some(key) = raw
                    .keys()
                    .find(|key| !matches!(key.as_str(), "id" | "enabled"))
                {
                    return Err(de::Error::custom(format!(
                        "a tool switch has `id` and `enabled` only, not `{key}`"
                    )));
                }
                Ok(Tool::Switch { id, enabled })
            }
            _ => Err(de::Error::custom(
                "a tool needs `type` (a definition) or `id` (a registered tool)",
            )),
        }
    }
}

impl Serialize for ToolCall {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(3 + self.extra.len()))?;
        map.serialize_entry("id", &self.id)?;
        map.serialize_entry("type", "function")?;
        map.serialize_entry("function", &self.function)?;
        for (key, value) in &self.extra {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for ToolCall {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CallVisitor;
        impl<'de> Visitor<'de> for CallVisitor {
            type Value = ToolCall;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a tool call (an object with `id` and `function`)")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ToolCall, A::Error> {
                let mut call = ToolCall::default();
                let mut function = None;
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "id" => call.id = map.next_value::<Option<String>>()?.unwrap_or_default(),
                        "type" => {
                            let kind: String = map.next_value()?;
                            if kind != "function" {
                                call.extra.insert(key, kind.into());
                            }
                        }
                        "function" => function = Some(map.next_value()?),
                        _ => {
                            call.extra.insert(key, map.next_value()?);
                        }
                    }
                }
                call.function = function.ok_or_else(|| de::Error::missing_field("function"))?;
                Ok(call)
            }
        }
        deserializer.deserialize_map(CallVisitor)
    }
}

impl Serialize for ToolChoice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            ToolChoice::None => serializer.serialize_str("none"),
            ToolChoice::Auto => serializer.serialize_str("auto"),
            ToolChoice::Required => serializer.serialize_str("required"),
            ToolChoice::Function(name) => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("type", "function")?;
                map.serialize_entry("function", &serde_json::json!({ "name": name }))?;
                map.end()
            }
            ToolChoice::Other(raw) => raw.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ToolChoice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const FORM: &str = "`tool_choice` must be \"none\", \"auto\", \"required\" or {\"type\": \"function\", \"function\": {\"name\": ..}}";
        match Value::deserialize(deserializer)? {
            Value::String(word) => match word.as_str() {
                "none" => Ok(ToolChoice::None),
                "auto" => Ok(ToolChoice::Auto),
                "required" => Ok(ToolChoice::Required),
                _ => Err(de::Error::custom(FORM)),
            },
            Value::Object(raw) => match raw.get("type").and_then(Value::as_str) {
                Some("function") => match raw
                    .get("function")
                    .and_then(|f| f.get("name"))
                    .and_then(Value::as_str)
                {
                    Some(name) => Ok(ToolChoice::Function(name.to_owned())),
                    None => Err(de::Error::custom(FORM)),
                },
                Some(_) => Ok(ToolChoice::Other(raw)),
                None => Err(de::Error::custom(FORM)),
            },
            _ => Err(de::Error::custom(FORM)),
        }
    }
}

impl Serialize for ResponseFormat {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            ResponseFormat::Text => map.serialize_entry("type", "text")?,
            ResponseFormat::JsonObject => map.serialize_entry("type", "json_object")?,
            ResponseFormat::JsonSchema {
                name,
                description,
                schema,
                strict,
            } => {
                #[derive(Serialize)]
                struct Schema<'a> {
                    name: &'a str,
                    #[serde(skip_serializing_if = "Option::is_none")]
                    description: Option<&'a str>,
                    schema: &'a Value,
                    #[serde(skip_serializing_if = "Option::is_none")]
                    strict: Option<bool>,
                }
                map.serialize_entry("type", "json_schema")?;
                map.serialize_entry(
                    "json_schema",
                    &Schema {
                        name,
                        description: description.as_deref(),
                        schema,
                        strict: *strict,
                    },
                )?;
            }
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for ResponseFormat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut raw = JsonMap::deserialize(deserializer)?;
        match raw.get("type").and_then(Value::as_str) {
            Some("text") => Ok(ResponseFormat::Text),
            Some("json_object") => Ok(ResponseFormat::JsonObject),
            Some("json_schema") => {
                let Some(Value::Object(mut spec)) = raw.remove("json_schema") else {
                    return Err(de::Error::custom(
                        "`json_schema` must be an object with `name` and `schema`",
                    ));
                };
                let text = |value: Option<Value>| match value {
                    Some(Value::String(text)) => Some(text),
                    _ => None,
                };
                Ok(ResponseFormat::JsonSchema {
                    name: text(spec.remove("name"))
                        .ok_or_else(|| de::Error::custom("`json_schema` needs `name`, a string"))?,
                    description: text(spec.remove("description")),
                    schema: spec
                        .remove("schema")
                        .filter(|schema| schema.is_object() || schema.is_boolean())
                        .ok_or_else(|| {
                            de::Error::custom("`json_schema` needs `schema`, an object")
                        })?,
                    strict: spec.remove("strict").and_then(|strict| strict.as_bool()),
                })
            }
            _ => Err(de::Error::custom(
                "`type` must be \"text\", \"json_object\" or \"json_schema\"",
            )),
        }
    }
}
