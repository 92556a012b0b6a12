//! Where the partials and named schemas of a prompt in a tree of files are looked for.

use super::files::{Files, join, parent};
use super::layout::{Home, SCHEMAS};
use super::partials::{NamedSchema, Shelf, Source};
use super::yaml;
use crate::Result;
use crate::chat::JsonMap;

/// The shelf of one prompt.
#[derive(Clone)]
pub(crate) struct FileShelf<F> {
    pub(crate) files: F,
    /// Folders, nearest first.
    folders: Vec<String>,
    /// The prompt's folder, which its own files stand in wherever they were frozen.
    folder: String,
    /// The folder of a version's frozen partials.
    frozen: Option<String>,
    /// Named schemas from code.
    schemas: JsonMap,
}

impl<F: Files> FileShelf<F> {
    pub(crate) fn new(files: F, home: &Home, version: Option<u64>, schemas: &JsonMap) -> Self {
        FileShelf {
            files,
            folders: home.shelves(),
            folder: home.folder.clone(),
            frozen: version.map(|version| home.frozen(version)),
            schemas: schemas.clone(),
        }
    }

    /// The paths a partial may have, in the order of the search.
    fn candidates(&self, name: &str, from: &str) -> Vec<String> {
        let (folder, last) = name.rsplit_once('/').unwrap_or(("", name));
        let file = join(folder, &format!("_{last}.prompt"));
        let mut paths = vec![join(self.folder_of(from), &file)];
        for folder in &self.folders {
            let path = join(folder, &file);
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        paths
    }

    /// Where the files of these paths may be: frozen with their version, else where they are now.
    fn places<'p>(&self, paths: &'p [String]) -> impl Iterator<Item = (&'p String, String)> {
        let frozen = self.frozen.clone();
        let frozen = frozen
            .into_iter()
            .flat_map(|frozen| paths.iter().map(move |path| (path, join(&frozen, path))));
        frozen.chain(paths.iter().map(|path| (path, path.clone())))
    }

    /// The folder a file counts as being in.
    fn folder_of<'a>(&'a self, from: &'a str) -> &'a str {
        if let Some(frozen) = &self.frozen
            && let Some(path) = from
                .strip_prefix(frozen.as_str())
                .and_then(|path| path.strip_prefix('/'))
        {
            return parent(path);
        }
        let is_partial = from
            .rsplit('/')
            .next()
            .is_some_and(|name| name.starts_with('_'));
        if is_partial {
            parent(from)
        } else {
            &self.folder
        }
    }
}

impl<F: Files> Shelf for FileShelf<F> {
    fn partial(&self, name: &str, from: &str) -> Result<Option<Source>> {
        let paths = self.candidates(name, from);
        for (path, file) in self.places(&paths) {
            if let Some(text) = self.files.read(&file)? {
                return Ok(Some(Source {
                    key: key_of(path),
                    file,
                    text,
                }));
            }
        }
        Ok(None)
    }

    fn schema(&self, name: &str) -> Result<Option<NamedSchema>> {
        if let Some(value) = self.schemas.get(name) {
            let value = value.clone();
            return Ok(Some(NamedSchema { value, file: None }));
        }
        if !super::slug::is_segment(name) {
            return Ok(None);
        }
        let names = ["yaml", "json"].map(|extension| format!("{SCHEMAS}/{name}.{extension}"));
        let paths: Vec<String> = self
            .folders
            .iter()
            .flat_map(|folder| names.iter().map(|name| join(folder, name)))
            .collect();
        for (path, file) in self.places(&paths) {
            let Some(text) = self.files.read(&file)? else {
                continue;
            };
            let plain = text.strip_prefix('\u{feff}').unwrap_or(&text);
            let tree = if path.ends_with(".json") {
                yaml::read_json(&file, plain)?
            } else {
                yaml::read_yaml(&file, plain, 1)?
            };
            return Ok(Some(NamedSchema {
                value: tree.value,
                file: Some((path.clone(), text.clone())),
            }));
        }
        Ok(None)
    }

    fn searched(&self, name: &str, from: &str) -> String {
        let paths: Vec<String> = self
            .candidates(name, from)
            .iter()
            .map(|path| format!("`{path}`"))
            .collect();
        format!("looked for {}", paths.join(", "))
    }
}

/// What a partial is called in the content hash: its path without `_` and `.prompt`.
pub(crate) fn key_of(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.strip_prefix('_').unwrap_or(name);
    join(parent(path), stem.strip_suffix(".prompt").unwrap_or(stem))
}

/// The path a frozen partial has by its name in the content hash.
pub(crate) fn path_of(key: &str) -> String {
    let name = key.rsplit('/').next().unwrap_or(key);
    join(parent(key), &format!("_{name}.prompt"))
}
