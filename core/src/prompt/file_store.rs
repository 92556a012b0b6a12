//! Prompts in a tree of files: a folder, or texts in memory laid out like one.
//!
//! Reads a prompt when it is first asked for, serves it from memory, and reads it again when
//! one of the files it was made of changes. What addresses mean is `resolve`'s business.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use super::files::{Files, Folder, MemoryFiles, Stamp, Watched};
use super::info;
use super::layout;
use super::manifest;
use super::resolve::Resolver;
use super::{Address, Prompt, PromptInfo, PromptStore, Rules, StoreOptions};
use crate::chat::Warning;
use crate::config::{Config, PromptSource};
use crate::{Error, ErrorKind, Result};

/// Prompts in a folder or in memory.
pub struct FileStore {
    pub(crate) files: Arc<dyn Files>,
    /// The folder, where there is one to write to.
    pub(crate) folder: Option<Arc<Folder>>,
    pub(crate) options: StoreOptions,
    loaded: RwLock<HashMap<Address, Arc<Loaded>>>,
}

/// A prompt with what it was made of.
struct Loaded {
    prompt: Arc<Prompt>,
    seen: Vec<(String, Stamp)>,
}

impl FileStore {
    /// Prompts in a folder. Nothing but the folder itself is looked at now; `config_error` where
    /// it is none.
    pub fn open(folder: impl AsRef<Path>, options: StoreOptions) -> Result<FileStore> {
        let folder = Arc::new(Folder::open(folder.as_ref())?);
        Ok(FileStore {
            files: folder.clone(),
            folder: Some(folder),
            options,
            loaded: RwLock::default(),
        })
    }

    /// Prompts from code: texts by the name a file would have, with or without its `.prompt`.
    /// `greet`, `dir/greet`, `greet.short` (a variant), `_tone` (a partial), `faq.prompt.yaml` (a
    /// messages file). `invalid_request` for a name that could not be a file's.
    pub fn in_memory(
        texts: impl IntoIterator<Item = (String, String)>,
        options: StoreOptions,
    ) -> Result<FileStore> {
        let mut files = BTreeMap::new();
        for (name, text) in texts {
            let path = memory_path(&name)?;
            if files.insert(path, Arc::from(text)).is_some() {
                return Err(Error::invalid(
                    "prompts",
                    format!("the prompt `{name}` is given twice"),
                ));
            }
        }
        Ok(FileStore {
            files: Arc::new(MemoryFiles(files)),
            folder: None,
            options,
            loaded: RwLock::default(),
        })
    }

    /// The prompts of a configuration: its folder, its texts, or none.
    ///
    /// # Errors
    /// `config_error`.
    pub fn configured(config: &Config, rules: Arc<Rules>) -> Result<FileStore> {
        let engine = &config.engine;
        let options = StoreOptions {
            watch: engine.watch,
            default_workspace: engine.default_workspace.clone(),
            default_project: engine.default_project.clone(),
            rules,
            ..StoreOptions::default()
        };
        let store = match &engine.prompts {
            Some(PromptSource::Folder(folder)) => FileStore::open(folder, options),
            Some(PromptSource::Texts(texts)) => FileStore::in_memory(texts.clone(), options),
            None => FileStore::in_memory([], options),
        };
        store.map_err(|mut error| {
            error.data_mut().kind = ErrorKind::ConfigError;
            config.locate(error.with_param("engine.prompts"))
        })
    }

    /// The text of one of the files, by the path that locations of errors and findings have.
    pub fn text(&self, path: &str) -> Option<Arc<str>> {
        self.files.read(path).ok().flatten()
    }

    pub(crate) fn resolver<'a>(&'a self, files: &'a dyn Files) -> Resolver<'a> {
        Resolver {
            files,
            keep: self.files.clone(),
            options: &self.options,
        }
    }

    /// Loads from the files, whatever is in memory.
    pub(crate) fn read(&self, files: &dyn Files, address: &Address) -> Result<Prompt> {
        let home = manifest::layout(files)?.home(&address.slug, &self.options)?;
        self.resolver(files).load(home, address)
    }

    fn is_current(&self, loaded: &Loaded) -> bool {
        !self.options.watch
            || loaded
                .seen
                .iter()
                .all(|(path, stamp)| self.files.stamp(path).still(*stamp))
    }

    /// The prompt of an address whose variant is not looked at.
    fn load_whole(&self, address: &Address) -> Result<Arc<Prompt>> {
        let known = {
            let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
            loaded.get(address).cloned()
        };
        if let Some(loaded) = &known
            && self.is_current(loaded)
        {
            return Ok(loaded.prompt.clone());
        }
        let watched = Watched::new(&*self.files);
        let read = self.read(&watched, address);
        let seen = watched.into_seen();
        let prompt = match (read, known) {
            (Ok(prompt), _) => Arc::new(prompt),
            // What was removed is gone; what was broken stays as it was.
            (Err(error), Some(last)) if error.kind() != ErrorKind::NotFound => {
                tracing::warn!(slug = %address.slug, %error, "a changed prompt does not load: the last good version is served");
                Arc::new(kept(&last.prompt, &error))
            }
            (Err(error), known) => {
                if known.is_some() {
                    let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
                    loaded.remove(address);
                }
                return Err(error);
            }
        };
        let loaded = Arc::new(Loaded {
            prompt: prompt.clone(),
            seen,
        });
        let mut all = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(address.clone(), loaded);
        Ok(prompt)
    }
}

impl PromptStore for FileStore {
    fn load(&self, address: &Address) -> Result<Arc<Prompt>> {
        let Some(variant) = &address.variant else {
            return self.load_whole(address);
        };
        let whole = Address {
            variant: None,
            ..address.clone()
        };
        self.load_whole(&whole)?.variant(variant)
    }

    fn list(&self) -> Result<Vec<PromptInfo>> {
        info::list(self)
    }

    fn get(&self, address: &Address) -> Result<PromptInfo> {
        info::get(self, address)
    }

    fn check(&self) -> Vec<Error> {
        info::check(self)
    }
}

/// The last good version, saying why it is served.
fn kept(last: &Prompt, error: &Error) -> Prompt {
    let warning = Warning {
        code: "prompt_not_reloaded".to_owned(),
        param: None,
        message: format!(
            "the prompt was changed and does not load, so its last good version is served: {error}"
        ),
    };
    let mut kept = last.clone();
    let keep = |prompt: &mut Prompt| {
        prompt.warnings.retain(|old| old.code != warning.code);
        prompt.warnings.push(warning.clone());
    };
    keep(&mut kept);
    for (_, variant) in &mut kept.variant_prompts {
        keep(Arc::make_mut(variant));
    }
    kept
}

/// The path a text from code has.
fn memory_path(name: &str) -> Result<String> {
    let path = match super::Format::of(name) {
        Some(_) => name.to_owned(),
        None if layout::is_support_file(name) => name.to_owned(),
        None if name.ends_with(".yaml") || name.ends_with(".json") => {
            let message = format!(
                "{} is no prompt's name: a messages file ends in `.prompt.yaml` or `.prompt.json`",
                super::slug::shown(name)
            );
            return Err(Error::invalid("prompts", message));
        }
        None => format!("{name}.prompt"),
    };
    let is_good = path.split('/').all(|segment| {
        let segment = segment.strip_prefix('_').unwrap_or(segment);
        super::slug::is_segment(segment)
    });
    if is_good {
        Ok(path)
    } else {
        Err(Error::invalid(
            "prompts",
            format!("{} cannot be a prompt's name", super::slug::shown(name)),
        ))
    }
}
