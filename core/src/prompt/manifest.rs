//! The YAML files beside prompts: `promptroot.yaml`, `project.yaml`, `prompt.yaml`.

use serde_json::Value;

use super::files::Files;
use super::frontmatter::Reader;
use super::layout::{Layout, MARKER};
use super::place::{Tree, child};
use super::slug;
use super::variants::{self, VariantSpec};
use super::yaml;
use crate::Result;
use crate::chat::JsonMap;

/// Reads the layout from the marker file; without one it is flat.
pub(crate) fn layout(files: &dyn Files) -> Result<Layout> {
    let Some((tree, map)) = open(files, MARKER)? else {
        return Ok(Layout::Flat);
    };
    let reader = Reader {
        file: MARKER,
        tree: &tree,
    };
    only(&reader, "", &map, &["layout"])?;
    match reader.text(&map, "", "layout")?.as_deref() {
        Some("flat") => Ok(Layout::Flat),
        Some("workspaces") => Ok(Layout::Workspaces),
        Some(_) => Err(reader.error("/layout", "`layout` must be `flat` or `workspaces`")),
        None => Err(reader.error(
            "",
            "`promptroot.yaml` needs `layout: flat` or `layout: workspaces`",
        )),
    }
}

/// `project.yaml`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ProjectFile {
    /// The names environments may have; any where absent.
    pub(crate) environments: Option<Vec<String>>,
    pub(crate) default_model: Option<String>,
}

impl ProjectFile {
    /// Reads the file; everything is absent where there is none.
    pub(crate) fn read(files: &dyn Files, path: &str) -> Result<ProjectFile> {
        let Some((tree, map)) = open(files, path)? else {
            return Ok(ProjectFile::default());
        };
        let reader = Reader {
            file: path,
            tree: &tree,
        };
        only(&reader, "", &map, &["environments", "default_model"])?;
        let environments = match map.get("environments") {
            None | Some(Value::Null) => None,
            Some(_) => Some(reader.texts(&map, "", "environments")?),
        };
        Ok(ProjectFile {
            environments,
            default_model: reader.text(&map, "", "default_model")?,
        })
    }
}

/// `prompt.yaml`.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Manifest {
    pub(crate) description: Option<String>,
    /// The versions environments point at.
    pub(crate) environments: Vec<(String, u64)>,
    pub(crate) variants: Vec<VariantSpec>,
    pub(crate) salt: Option<String>,
    /// What was recorded when versions were published.
    pub(crate) versions: Vec<Record>,
}

/// What was recorded of a version.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Record {
    pub(crate) version: u64,
    pub(crate) hash: String,
    /// Hashes of variants with files of their own.
    pub(crate) variants: Vec<(String, String)>,
}

impl Manifest {
    /// Reads the file; everything is absent where there is none.
    pub(crate) fn read(files: &dyn Files, path: &str) -> Result<Manifest> {
        let Some((tree, map)) = open(files, path)? else {
            return Ok(Manifest::default());
        };
        let reader = Reader {
            file: path,
            tree: &tree,
        };
        only(
            &reader,
            "",
            &map,
            &[
                "description",
                "environments",
                "variants",
                "salt",
                "versions",
            ],
        )?;
        let variants = map.get("variants").unwrap_or(&Value::Null);
        Ok(Manifest {
            description: reader.text(&map, "", "description")?,
            environments: environments(&reader, &map)?,
            variants: variants::read(&reader, "/variants", variants)?,
            salt: reader.text(&map, "", "salt")?,
            versions: records(&reader, &map)?,
        })
    }

    /// The version an environment points at.
    pub(crate) fn pointer(&self, environment: &str) -> Option<u64> {
        let found = self
            .environments
            .iter()
            .find(|(name, _)| name == environment);
        found.map(|(_, version)| *version)
    }

    /// What was recorded of a version.
    pub(crate) fn record(&self, version: u64) -> Option<&Record> {
        self.versions
            .iter()
            .find(|record| record.version == version)
    }
}

fn environments(reader: &Reader, map: &JsonMap) -> Result<Vec<(String, u64)>> {
    let at = "/environments";
    let mut out = Vec::new();
    for (name, value) in reader.map(map, "", "environments")?.unwrap_or_default() {
        let here = child(at, &name);
        if !slug::is_label(&name) {
            let message = format!(
                "the environment {} is not allowed: letters, digits, `_` and `-` only",
                slug::shown(&name)
            );
            return Err(reader.key_error(&here, message));
        }
        let version = match &value {
            Value::Object(pointer) => {
                only(reader, &here, pointer, &["version"])?;
                pointer.get("version").and_then(Value::as_u64)
            }
            value => value.as_u64(),
        };
        let version = version.filter(|version| *version > 0).ok_or_else(|| {
            reader.error(&here, "an environment points at a version: `{version: 3}`")
        })?;
        out.push((name, version));
    }
    Ok(out)
}

fn records(reader: &Reader, map: &JsonMap) -> Result<Vec<Record>> {
    let mut out = Vec::new();
    for (name, value) in reader.map(map, "", "versions")?.unwrap_or_default() {
        let here = child("/versions", &name);
        let (Ok(version), Value::Object(fields)) = (name.parse(), &value) else {
            return Err(reader.key_error(&here, "a version is a number with `{hash: ..}`"));
        };
        only(reader, &here, fields, &["hash", "variants"])?;
        let Some(hash) = reader.text(fields, &here, "hash")? else {
            return Err(reader.error(&here, "a version needs its `hash`"));
        };
        let mut variants = Vec::new();
        for (name, hash) in reader.map(fields, &here, "variants")?.unwrap_or_default() {
            let at = child(&child(&here, "variants"), &name);
            match hash {
                Value::String(hash) => variants.push((name, hash)),
                _ => return Err(reader.error(&at, "a hash must be a string")),
            }
        }
        out.push(Record {
            version,
            hash,
            variants,
        });
    }
    Ok(out)
}

fn open(files: &dyn Files, path: &str) -> Result<Option<(Tree, JsonMap)>> {
    let Some(text) = files.read(path)? else {
        return Ok(None);
    };
    let tree = yaml::read_yaml(path, text.strip_prefix('\u{feff}').unwrap_or(&text), 1)?;
    let map = match &tree.value {
        Value::Null => JsonMap::new(),
        Value::Object(map) => map.clone(),
        _ => {
            return Err(Reader {
                file: path,
                tree: &tree,
            }
            .error("", format!("`{path}` must be a map of keys")));
        }
    };
    Ok(Some((tree, map)))
}

fn only(reader: &Reader, pointer: &str, map: &JsonMap, known: &[&str]) -> Result<()> {
    match map.keys().find(|key| !known.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(reader.unknown(&child(pointer, key), key, known.iter().copied())),
    }
}
