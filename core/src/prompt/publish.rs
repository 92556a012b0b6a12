//! Publishing and promoting in a folder with the workspaces layout.
//!
//! `publish` freezes a working file: its bytes, those of its variants, and every partial and named
//! schema they reach become `versions/N.prompt`, `versions/N.VARIANT.prompt` and `versions/N/..`, and the
//! hash is recorded in `prompt.yaml`. `promote` points an environment at a version.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::document::Format;
use super::file_store::FileStore;
use super::files::{Files, Folder, join};
use super::layout::{Home, Layout};
use super::manifest::{self, Manifest, ProjectFile};
use super::slug::{self, Slug};
use super::store::{PromptWriter, Published};
use super::{Address, Prompt, manifest_edit, shelf};
use crate::chat::JsonMap;
use crate::{Error, ErrorKind, Result};

impl PromptWriter for FileStore {
    fn publish(&self, slug: &str, from: Option<&str>) -> Result<Published> {
        let (folder, home) = self.writable(slug)?;
        let manifest = Manifest::read(folder, &home.manifest())?;
        let environment = self.working_environment(&home, &manifest, from)?;
        let address = Address::new(&home.slug)?.environment(&environment)?;
        let prompt = self.read(folder, &address)?;
        let versions = self.resolver(folder).versions(&home);
        let recorded = manifest.versions.iter().map(|record| record.version);
        let last = versions.iter().copied().chain(recorded).max().unwrap_or(0);
        if let Some(published) = self.unchanged(&home, &prompt, versions.last().copied()) {
            return Ok(published);
        }
        let version = last + 1;
        let mut files = Vec::new();
        let written = write_version(folder, &home, version, &prompt, &mut files)
            .and_then(|()| record(folder, &home, version, &prompt))
            .and_then(|()| self.read(folder, &Address::new(&home.slug)?.version(version)));
        if let Err(error) = written {
            // Nothing points here yet, so what was written may go.
            for file in files.iter().rev() {
                let _ = fs::remove_file(file);
            }
            return Err(error);
        }
        Ok(Published {
            slug: home.slug,
            version,
            hash: prompt.reference.hash,
            created: true,
        })
    }

    fn promote(&self, slug: &str, environment: &str, version: u64) -> Result<()> {
        let (folder, home) = self.writable(slug)?;
        let address = Address::new(&home.slug)?;
        // A name that is no environment's is refused before anything is read.
        address.clone().environment(environment)?;
        let project = ProjectFile::read(folder, &home.project_file())?;
        if let Some(known) = project
            .environments
            .filter(|known| !known.iter().any(|name| name == environment))
        {
            let message = format!(
                "the project has no environment {}: `{}` lists {}",
                slug::shown(environment),
                home.project_file(),
                known.join(", ")
            );
            return Err(
                Error::not_found("environment", message, Vec::new()).with_param("environment")
            );
        }
        let stem = home.environment_stem(environment);
        for format in Format::ALL {
            let file = format!("{stem}{}", format.extension());
            if folder.read(&file)?.is_some() {
                let message = format!(
                    "`{file}` is the environment `{environment}` and wins over a version: rename it to a working environment such as `draft{}` first",
                    format.extension()
                );
                return Err(Error::new(ErrorKind::Conflict, message)
                    .with_param("environment")
                    .with_retryable(false));
            }
        }
        // A version that does not load, or was edited, must not go live.
        self.read(folder, &address.version(version))?;
        let value = json!({"version": version});
        edit_manifest(folder, &home, "environments", environment, &value)
    }
}

impl FileStore {
    fn writable(&self, slug: &str) -> Result<(&Folder, Home)> {
        let refuse = |why: &str| {
            Error::new(
                ErrorKind::ConfigError,
                format!("prompts cannot be published here: {why}"),
            )
        };
        let Some(folder) = &self.folder else {
            return Err(refuse("they are in memory"));
        };
        let layout = manifest::layout(&**folder)?;
        if layout == Layout::Flat {
            return Err(refuse(
                "the folder is flat; versions need `layout: workspaces` in `promptroot.yaml`",
            ));
        }
        let home = layout.home(&Slug::parse(slug)?, &self.options)?;
        Ok((folder, home))
    }

    /// The environment whose file is published.
    fn working_environment(
        &self,
        home: &Home,
        manifest: &Manifest,
        from: Option<&str>,
    ) -> Result<String> {
        let resolver = self.resolver(&*self.files);
        let with_files: Vec<String> = resolver
            .environments(home, manifest)
            .into_iter()
            .filter(|(_, version)| version.is_none())
            .map(|(name, _)| name)
            .collect();
        let listed = with_files.join(", ");
        match (from, with_files.as_slice()) {
            (Some(name), files) if files.iter().any(|file| file == name) => Ok(name.to_owned()),
            (None, [only]) => Ok(only.clone()),
            // Says the usual things about a prompt or environment that does not exist.
            (None, []) => {
                self.read(&*self.files, &Address::new(&home.slug)?)?;
                let message = format!("the prompt `{}` has no working file to publish", home.slug);
                Err(Error::not_found("environment", message, Vec::new()).with_param("from"))
            }
            (Some(name), _) => {
                let message = format!(
                    "the prompt `{}` has no file for the environment {}: files are those of {}",
                    home.slug,
                    slug::shown(name),
                    if listed.is_empty() { "none" } else { &listed }
                );
                Err(Error::not_found("environment", message, Vec::new()).with_param("from"))
            }
            (None, _) => {
                let message = format!(
                    "several environments of `{}` have a file ({listed}): name the one to publish",
                    home.slug
                );
                Err(Error::invalid("from", message))
            }
        }
    }

    /// The newest version, where it has this content already.
    fn unchanged(&self, home: &Home, prompt: &Prompt, newest: Option<u64>) -> Option<Published> {
        let version = newest?;
        let address = Address::new(&home.slug).ok()?.version(version);
        let old = self.read(&*self.files, &address).ok()?;
        let hashes = |prompt: &Prompt| -> Vec<(String, String)> {
            let variants = prompt.variant_prompts.iter();
            variants
                .map(|(name, variant)| (name.clone(), variant.reference.hash.clone()))
                .collect()
        };
        let same = old.reference.hash == prompt.reference.hash && hashes(&old) == hashes(prompt);
        same.then(|| Published {
            slug: home.slug.clone(),
            version,
            hash: prompt.reference.hash.clone(),
            created: false,
        })
    }
}

/// Variants whose content is a file of its own.
fn own_files(prompt: &Prompt) -> impl Iterator<Item = &(String, Arc<Prompt>)> {
    prompt
        .variant_prompts
        .iter()
        .filter(|(_, variant)| variant.file != prompt.file)
}

fn write_version(
    folder: &Folder,
    home: &Home,
    version: u64,
    prompt: &Prompt,
    files: &mut Vec<PathBuf>,
) -> Result<()> {
    let stem = home.version_stem(version);
    let versions = folder_in(folder, &home.versions())?;
    // The prompt's own file first: creating it claims the number.
    let mut texts = vec![(
        versions.clone(),
        format!("{version}{}", extension(&prompt.file)),
        prompt.source.clone(),
    )];
    for (name, variant) in own_files(prompt) {
        let file = format!("{version}.{name}{}", extension(&variant.file));
        texts.push((versions.clone(), file, variant.source.clone()));
    }
    let mut frozen = BTreeMap::new();
    let variants = own_files(prompt).map(|(_, variant)| &**variant);
    for prompt in std::iter::once(prompt).chain(variants) {
        let partials = prompt.compiled.partials.reached().iter();
        frozen.extend(partials.map(|(key, text)| (shelf::path_of(key), text.clone())));
        frozen.extend(prompt.compiled.schema_files.clone());
    }
    for (path, text) in frozen {
        let path = join(&stem, &path);
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", &path));
        texts.push((folder_in(folder, parent)?, name.to_owned(), text));
    }
    for (parent, name, text) in texts {
        let path = parent.join(name);
        create(&path, &text)?;
        files.push(path);
    }
    Ok(())
}

fn record(folder: &Folder, home: &Home, version: u64, prompt: &Prompt) -> Result<()> {
    let mut fields = JsonMap::new();
    fields.insert("hash".to_owned(), prompt.reference.hash.as_str().into());
    let variants: JsonMap = own_files(prompt)
        .map(|(name, variant)| (name.clone(), variant.reference.hash.as_str().into()))
        .collect();
    if !variants.is_empty() {
        fields.insert("variants".to_owned(), variants.into());
    }
    edit_manifest(
        folder,
        home,
        "versions",
        &version.to_string(),
        &fields.into(),
    )
}

/// Changes one entry of `prompt.yaml`, in one step for whoever reads it.
fn edit_manifest(
    folder: &Folder,
    home: &Home,
    section: &str,
    key: &str,
    value: &Value,
) -> Result<()> {
    let name = home.manifest();
    let before = folder.read(&name)?;
    let text = manifest_edit::set(before.as_deref().unwrap_or_default(), section, key, value)?;
    let path = folder_in(folder, &home.folder)?.join(super::layout::MANIFEST);
    let next = path.with_extension(format!("yaml.{}.tmp", std::process::id()));
    let _ = fs::remove_file(&next);
    create(&next, &text)?;
    let unchanged = folder.read(&name).is_ok_and(|now| now == before);
    let moved = if unchanged {
        fs::rename(&next, &path).map_err(|error| failed(&path, error))
    } else {
        let message = format!("`{name}` was changed by somebody else at the same time: try again");
        Err(Error::new(ErrorKind::Conflict, message))
    };
    if moved.is_err() {
        let _ = fs::remove_file(&next);
    }
    moved
}

/// A folder below the root, made where it is missing; never one that a link leads out to.
fn folder_in(folder: &Folder, path: &str) -> Result<PathBuf> {
    let wanted = folder.root().join(path);
    fs::create_dir_all(&wanted).map_err(|error| failed(&wanted, error))?;
    match folder.locate(path)? {
        Some(real) => Ok(real),
        None => Err(failed(&wanted, std::io::ErrorKind::NotFound.into())),
    }
}

fn create(path: &Path, text: &str) -> Result<()> {
    let open = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path);
    let written = open.and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let message =
                format!("`{name}` exists already: somebody published at the same time; try again");
            Error::new(ErrorKind::Conflict, message)
        }
        _ => failed(path, error),
    })
}

fn failed(path: &Path, error: std::io::Error) -> Error {
    let message = format!("`{}` cannot be written: {error}", path.display());
    Error::new(ErrorKind::StoreError, message).with_source(error)
}

fn extension(file: &str) -> &'static str {
    let name = file.rsplit('/').next().unwrap_or(file);
    Format::of(name).map_or(".prompt", |(_, format)| format.extension())
}
