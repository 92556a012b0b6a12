//! One prompt file of either format, read and compiled, before its partials are found.
//!
//! `load` makes a `Prompt` of it; lint looks at it as it is.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::body::{Body, Compiler, Rules};
use super::frontmatter::{self, FrontMatter, Keys, MAX_BODY, Reader};
use super::partials::{Shelf, Source};
use super::place::{Spot, TextPlace, Tree, error_at};
use super::settings::{self, Settings};
use super::variants::{self, VariantSpec};
use super::yaml;
use super::{messages, output, parameters, picoschema, tools};
use crate::Result;
use crate::chat::{Options, Warning};
use crate::prompt::schema::InputSchema;

/// Most bytes of a messages file: as much as a `.prompt` file may have in its two parts.
const MAX_MESSAGES_FILE: usize = frontmatter::MAX_HEADER + MAX_BODY;

/// The formats of prompt files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `NAME.prompt`: front matter and one template.
    Prompt,
    /// `NAME.prompt.yaml`: a messages file.
    Yaml,
    /// `NAME.prompt.json`: the same in JSON.
    Json,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 3] = [Format::Prompt, Format::Yaml, Format::Json];

    /// How the names of its files end.
    pub const fn extension(self) -> &'static str {
        match self {
            Format::Prompt => ".prompt",
            Format::Yaml => ".prompt.yaml",
            Format::Json => ".prompt.json",
        }
    }

    /// The format of a file, and its name without the extension.
    pub fn of(file_name: &str) -> Option<(&str, Format)> {
        Format::ALL
            .into_iter()
            .find_map(|format| Some((file_name.strip_suffix(format.extension())?, format)))
            .filter(|(stem, _)| !stem.is_empty())
    }
}

/// A prompt file, read.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) file: String,
    pub(crate) source: Arc<str>,
    pub(crate) front: FrontMatter,
    pub(crate) settings: Settings,
    /// Model, parameters, policies, tools and the answer's format.
    pub(crate) options: Options,
    pub(crate) variants: Vec<VariantSpec>,
    pub(crate) salt: String,
    pub(crate) input_schema: Option<InputSchema>,
    /// `output.schema` as JSON Schema.
    pub(crate) output_schema: Option<Value>,
    /// The files of named schemas it uses, by path.
    pub(crate) schema_files: BTreeMap<String, Arc<str>>,
    pub(crate) body: Body,
    pub(crate) warnings: Vec<Warning>,
}

impl Document {
    /// Reads a source. `name` stands for the prompt where a name is needed, such as that of the
    /// output schema.
    pub(crate) fn read(
        source: &Source,
        format: Format,
        name: &str,
        rules: &Rules,
        shelf: &dyn Shelf,
    ) -> Result<Document> {
        let file = source.file.as_str();
        match format {
            Format::Prompt => {
                let split = frontmatter::split(file, &source.text)?;
                refuse_humanloop(file, split.body, split.body_at)?;
                let tree = frontmatter::read_header(file, split.header)?;
                let place = TextPlace {
                    first: split.body_at,
                    ..TextPlace::NONE
                };
                let text = split.body;
                Document::assemble(source, tree, Keys::Open, name, shelf, |settings, _| {
                    let compiler = compiler(file, rules, settings);
                    compiler.body(text, place).map(Body::Text)
                })
            }
            Format::Yaml | Format::Json => {
                let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
                if text.len() > MAX_MESSAGES_FILE {
                    let start = Spot { line: 1, column: 1 };
                    return Err(error_at(
                        file,
                        start,
                        "the messages file is larger than 1.25 MB",
                    ));
                }
                let tree = match format {
                    Format::Json => yaml::read_json(file, text)?,
                    _ => yaml::read_yaml(file, text, 1)?,
                };
                Document::assemble(
                    source,
                    tree,
                    Keys::Messages,
                    name,
                    shelf,
                    |settings, reader| {
                        let compiler = compiler(file, rules, settings);
                        let Some(list) = reader.tree.value.get("messages") else {
                            return Err(reader.error("", "a messages file needs `messages`"));
                        };
                        messages::read(reader, &compiler, list).map(Body::Messages)
                    },
                )
            }
        }
    }

    /// The keys of a source with their places: its front matter, or the whole messages file.
    pub(crate) fn tree(file: &str, source: &str) -> Result<Tree> {
        let text = source.strip_prefix('\u{feff}').unwrap_or(source);
        match Format::of(file.rsplit('/').next().unwrap_or(file)) {
            Some((_, Format::Yaml)) => yaml::read_yaml(file, text, 1),
            Some((_, Format::Json)) => yaml::read_json(file, text),
            _ => frontmatter::read_header(file, frontmatter::split(file, source)?.header),
        }
    }

    fn assemble(
        source: &Source,
        tree: Tree,
        keys: Keys,
        name: &str,
        shelf: &dyn Shelf,
        body: impl FnOnce(&Settings, &Reader) -> Result<Body>,
    ) -> Result<Document> {
        let file = source.file.as_str();
        let reader = Reader { file, tree: &tree };
        let front = FrontMatter::read(file, &tree, keys)?;
        parameters::refuse_forbidden(&reader, &front.raw)?;

        let mut options = Options::default();
        if keys == Keys::Messages {
            read_model_params(&reader, &front, &mut options)?;
        }
        parameters::read(&reader, "/config", &front.config, &mut options)?;
        if !front.model.is_empty() {
            options.model.clone_from(&front.model);
        }
        let settings = Settings::read(&reader, &front, &mut options)?;
        let schemas = Schemas {
            reader: &reader,
            shelf,
            files: RefCell::default(),
        };
        if let Some(tools) = tools::read(&reader, &front, &schemas)? {
            options.tools = Some(tools);
        }
        let mut warnings = Vec::new();
        let input_schema = schemas.input(&front, &mut warnings)?;
        let output_schema = schemas.read(front.output_schema.as_ref(), "/output/schema")?;
        let short = front
            .output_schema
            .as_ref()
            .is_some_and(|schema| !picoschema::is_json_schema(schema));
        let name = settings
            .output_name
            .as_deref()
            .or(front.name.as_deref())
            .unwrap_or(name);
        let format = front.output_format.as_deref();
        if let Some(response) = output::response_format(format, output_schema.as_ref(), name, short)
        {
            options.response_format = Some(response);
        } else if let Some(format) = format {
            warnings.push(Warning::param(
                "unknown_output_format",
                "output.format",
                format!(
                    "`output.format` is {}, which says nothing here: `json` and `text` do",
                    super::slug::shown(format)
                ),
            ));
        }
        let variants = match settings::own(&front, "variants") {
            Some((value, pointer)) => variants::read(&reader, &pointer, value)?,
            None => Vec::new(),
        };
        let salt = match settings::own(&front, "salt") {
            Some((Value::String(salt), _)) => salt.clone(),
            Some((Value::Number(salt), _)) => salt.to_string(),
            Some((Value::Null, _)) | None => String::new(),
            Some((_, pointer)) => return Err(reader.error(&pointer, "`salt` must be a string")),
        };
        let body = body(&settings, &reader)?;
        Ok(Document {
            file: file.to_owned(),
            source: source.text.clone(),
            settings,
            options,
            variants,
            salt,
            input_schema,
            output_schema,
            schema_files: schemas.files.into_inner(),
            body,
            warnings,
            front,
        })
    }
}

fn compiler<'a>(file: &'a str, rules: &'a Rules, settings: &'a Settings) -> Compiler<'a> {
    Compiler {
        file,
        rules,
        dynamic_partials: &settings.dynamic_partials,
    }
}

/// `model_params`: model and parameters in one map, as exports of servers have it.
fn read_model_params(reader: &Reader, front: &FrontMatter, options: &mut Options) -> Result<()> {
    let Some(mut params) = reader.map(&front.raw, "", "model_params")? else {
        return Ok(());
    };
    options.model = reader.texts(&params, "/model_params", "model")?;
    params.shift_remove("model");
    parameters::read(reader, "/model_params", &params, options)
}

/// Reads schemas as written, with the names the store knows.
pub(crate) struct Schemas<'a> {
    reader: &'a Reader<'a>,
    shelf: &'a dyn Shelf,
    /// The files read so far, by path.
    files: RefCell<BTreeMap<String, Arc<str>>>,
}

impl Schemas<'_> {
    /// A schema as JSON Schema.
    pub(crate) fn read(&self, written: Option<&Value>, pointer: &str) -> Result<Option<Value>> {
        let Some(written) = written else {
            return Ok(None);
        };
        let named = |name: &str| {
            let schema = self.shelf.schema(name).map_err(|error| error.to_string())?;
            Ok(schema.map(|schema| {
                self.files.borrow_mut().extend(schema.file);
                schema.value
            }))
        };
        picoschema::to_json_schema(written, &named)
            .map(Some)
            .map_err(|problem| {
                self.reader
                    .error(&format!("{pointer}{}", problem.pointer), problem.message)
            })
    }

    fn input(
        &self,
        front: &FrontMatter,
        warnings: &mut Vec<Warning>,
    ) -> Result<Option<InputSchema>> {
        let Some(schema) = self.read(front.input_schema.as_ref(), "/input/schema")? else {
            return Ok(None);
        };
        let schema = InputSchema::compile(schema).map_err(|why| {
            self.reader.error(
                "/input/schema",
                format!("`input.schema` cannot be used: {why}"),
            )
        })?;
        if !schema.is_applicable() {
            warnings.push(Warning::param(
                "schema_not_of_an_object",
                "input.schema",
                "`input.schema` is not about an object, so variables are not checked against it",
            ));
        }
        Ok(Some(schema))
    }
}

/// Humanloop's `.prompt` files keep messages in tags, which would reach the model as text.
fn refuse_humanloop(file: &str, body: &str, at: Spot) -> Result<()> {
    let text = body.trim();
    for role in ["system", "user", "assistant", "developer", "tool"] {
        let Some(rest) = text
            .strip_prefix('<')
            .and_then(|rest| rest.strip_prefix(role))
        else {
            continue;
        };
        if !rest.starts_with(['>', ' ', '\n', '\r']) {
            continue;
        }
        let closes = |role: &str| text.ends_with(&format!("</{role}>"));
        if ["system", "user", "assistant", "developer", "tool"]
            .iter()
            .any(|role| closes(role))
        {
            return Err(error_at(
                file,
                at,
                format!(
                    "the body keeps its messages in tags such as `<{role}>`, as Humanloop does: write `{{{{role \"{role}\"}}}}` in front of each message instead"
                ),
            ));
        }
    }
    Ok(())
}
