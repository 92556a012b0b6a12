//! Which configuration a command takes, and the engine it opens.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use slugline::chat::JsonMap;
use slugline::config::{Config, ConfigSource, Storage};
use slugline::prompt::{FileStore, Rules};
use slugline::{Engine, ErrorKind};

use crate::output::{Failure, note};

/// The name that is looked for, from the working directory upward.
const FILE: &str = "slugline.toml";

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct OpenArgs {
    /// Configuration file [default: SLUGLINE_CONFIG, else the nearest slugline.toml upward]
    #[arg(long, global = true, value_name = "PATH")]
    config: Option<PathBuf>,
    /// Folder of prompts, instead of the configured one
    #[arg(long, global = true, value_name = "DIR")]
    prompts: Option<PathBuf>,
}

impl OpenArgs {
    /// The configuration file that is taken, where there is one.
    pub(crate) fn source(&self) -> ConfigSource {
        if let Some(path) = &self.config {
            return ConfigSource::File(path.clone());
        }
        if slugline::config::default_file().is_some() {
            return ConfigSource::Default;
        }
        match nearest_file() {
            Some(path) => ConfigSource::File(path),
            None => ConfigSource::Default,
        }
    }

    /// Overrides from the command line.
    pub(crate) fn overrides(&self) -> Result<JsonMap, Failure> {
        let mut overrides = JsonMap::new();
        if let Some(prompts) = &self.prompts {
            let path = prompts
                .to_str()
                .ok_or_else(|| Failure::usage("the path in --prompts is not UTF-8"))?;
            overrides.insert("prompts".to_owned(), path.into());
        }
        Ok(overrides)
    }

    /// Says on a terminal which configuration is taken.
    pub(crate) fn tell(&self) {
        note(&format!("configuration: {}", self.taken()));
    }

    /// Which configuration is taken, in words.
    pub(crate) fn taken(&self) -> String {
        match &self.source() {
            ConfigSource::File(path) => shown(path),
            _ => match slugline::config::default_file() {
                Some(path) => format!("{} (SLUGLINE_CONFIG)", shown(&path)),
                None => "none, the defaults".to_owned(),
            },
        }
    }

    /// Opens the engine, and says on a terminal with which configuration.
    pub(crate) fn engine(&self) -> Result<Engine, Failure> {
        self.tell();
        let engine = Engine::builder()
            .source(self.source())
            .overrides(self.overrides()?)
            .open()?;
        for warning in engine.warnings() {
            note(&format!("warning: {}", warning.message));
        }
        Ok(engine)
    }
}

/// What a command on recordings opens.
impl OpenArgs {
    /// The engine, where its storage outlives a program.
    pub(crate) fn engine_with_state(&self) -> Result<Engine, Failure> {
        let config = Config::open(self.source(), self.overrides()?)?;
        if config.engine.storage == Storage::Memory {
            let how =
                "set `storage = \"sqlite:slugline.db\"` in the [engine] table of slugline.toml";
            let message = format!("storage is in memory, where nothing outlives a program: {how}");
            return Err(Failure::of(ErrorKind::ConfigError, message));
        }
        self.engine()
    }
}

/// What a command on prompts alone opens.
impl OpenArgs {
    /// The configured prompts.
    pub(crate) fn store(&self) -> Result<FileStore, Failure> {
        let mut config = Config::open(self.source(), self.overrides()?)?;
        if config.engine.prompts.is_none() {
            let how = "set `prompts` in the [engine] table of slugline.toml, or pass --prompts";
            let message = format!("no prompt folder is configured: {how}");
            return Err(Failure::of(ErrorKind::ConfigError, message));
        }
        config.engine.watch = false;
        let rules = Rules {
            limits: config.engine.template_limits.clone(),
            ..Rules::default()
        };
        Ok(FileStore::configured(&config, Arc::new(rules))?)
    }
}

fn nearest_file() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors()
        .map(|folder| folder.join(FILE))
        .find(|path| path.is_file())
}

/// A path as short as it can be said from here.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here)
        .unwrap_or(path)
        .display()
        .to_string()
}
