//! The tools a prompt file names or defines.

use serde::Deserialize;
use serde_json::{Value, json};

use super::document::Schemas;
use super::frontmatter::{FrontMatter, Reader};
use crate::Result;
use crate::chat::{FunctionDefinition, JsonMap, Tool};

/// Reads `tools` (names of registered tools, switches, definitions in OpenAI's form) and
/// Dotprompt's `toolDefs`. `None` where the file has neither; an empty list sends none.
pub(crate) fn read(
    reader: &Reader,
    front: &FrontMatter,
    schemas: &Schemas,
) -> Result<Option<Vec<Tool>>> {
    if front.tools.is_none() && front.tool_defs.is_empty() {
        return Ok(None);
    }
    let mut tools = Vec::new();
    for (n, written) in front.tools.iter().flatten().enumerate() {
        let at = format!("/tools/{n}");
        tools.push(match written {
            Value::String(id) => Tool::Switch {
                id: id.clone(),
                enabled: true,
            },
            Value::Object(_) => {
                Tool::deserialize(written).map_err(|error| reader.error(&at, error.to_string()))?
            }
            _ => return Err(reader.error(&at, "a tool must be a name or a map")),
        });
    }
    for (n, written) in front.tool_defs.iter().enumerate() {
        tools.push(definition(
            reader,
            &format!("/toolDefs/{n}"),
            written,
            schemas,
        )?);
    }
    Ok(Some(tools))
}

fn definition(reader: &Reader, at: &str, written: &Value, schemas: &Schemas) -> Result<Tool> {
    let Value::Object(map) = written else {
        return Err(reader.error(
            at,
            "a tool definition must be a map with `name` and `inputSchema`",
        ));
    };
    let Some(name) = reader.text(map, at, "name")? else {
        return Err(reader.error(at, "a tool definition needs `name`"));
    };
    let parameters = match schemas.read(map.get("inputSchema"), &format!("{at}/inputSchema"))? {
        Some(schema) => schema,
        None => json!({"type": "object", "properties": {}}),
    };
    Ok(Tool::Function {
        function: FunctionDefinition {
            name,
            description: reader.text(map, at, "description")?,
            parameters: Some(parameters),
            strict: None,
            extra: JsonMap::new(),
        },
        cache_control: None,
    })
}
