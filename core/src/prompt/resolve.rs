//! From an address to a loaded prompt in a tree of files: environments, versions, variants.
//!
//! An explicit version wins, then a file of the environment, then its pointer. No environment
//! ever stands in for another.

use std::sync::Arc;

use super::catalog::unknown_environment;
use super::document::Format;
use super::files::{Files, join, parent};
use super::layout::{Home, Layout};
use super::load::{self, Identity};
use super::manifest::{Manifest, ProjectFile};
use super::partials::{Shelf, Source};
use super::place::{Spot, error_at};
use super::shelf::FileShelf;
use super::slug;
use super::variants::VariantSpec;
use super::{Address, DEFAULT_ENVIRONMENT, Prompt, StoreOptions};
use crate::chat::{Options, PromptRef};
use crate::{Error, ErrorKind, Result};

/// One look at a tree of files.
pub(crate) struct Resolver<'a> {
    pub(crate) files: &'a dyn Files,
    /// The same files without a watch on them, for what prompts keep.
    pub(crate) keep: Arc<dyn Files>,
    pub(crate) options: &'a StoreOptions,
}

/// What an address came down to.
pub(crate) struct Found {
    pub(crate) home: Home,
    pub(crate) manifest: Manifest,
    /// The file without its extension.
    pub(crate) stem: String,
    pub(crate) environment: Option<String>,
    pub(crate) version: Option<u64>,
}

impl Resolver<'_> {
    /// Loads the prompt of an address with all its variants; the address's own variant is not chosen.
    pub(crate) fn load(&self, home: Home, address: &Address) -> Result<Prompt> {
        let found = self.find(home, address)?;
        let project = match found.home.layout {
            Layout::Flat => ProjectFile::default(),
            Layout::Workspaces => ProjectFile::read(self.files, &found.home.project_file())?,
        };
        if let (Some(environment), Some(known)) = (&found.environment, &project.environments)
            && !known.contains(environment)
        {
            return Err(unknown_environment(&found.home.slug, environment, known));
        }
        let Some(mut prompt) = self.one(&found, &found.stem)? else {
            return Err(self.nothing_at(&found));
        };
        prompt.project_model = project.default_model;
        if prompt.description.is_none() {
            prompt.description.clone_from(&found.manifest.description);
        }
        if prompt.variants.is_empty() {
            prompt.variants.clone_from(&found.manifest.variants);
        }
        if prompt.salt.is_empty() {
            prompt.salt = found.manifest.salt.clone().unwrap_or_default();
        }
        self.add_variants(&found, &mut prompt)?;
        check_record(&found, &prompt)?;
        Ok(prompt)
    }

    /// Where the file of an address is.
    pub(crate) fn find(&self, home: Home, address: &Address) -> Result<Found> {
        let manifest = match home.layout {
            Layout::Flat => Manifest::default(),
            Layout::Workspaces => Manifest::read(self.files, &home.manifest())?,
        };
        let environment = address.environment_or_default();
        let found = |stem: String,
                     environment: Option<&str>,
                     version: Option<u64>,
                     home: Home,
                     manifest: Manifest| Found {
            home,
            manifest,
            stem,
            environment: environment.map(str::to_owned),
            version,
        };
        if home.layout == Layout::Flat
            && let Some((base, variant)) = dotted(&home.slug)
        {
            let message = format!(
                "there is no prompt `{}`: with a dot in its name, `{}.prompt` is the variant `{variant}` of `{base}`",
                home.slug, home.slug
            );
            return Err(
                Error::not_found("prompt", message, vec![base.to_owned()]).with_param("slug")
            );
        }
        if let Some(version) = address.version {
            if home.layout == Layout::Flat {
                let message = format!(
                    "the prompt `{}` has no numbered versions: the folder's layout is flat",
                    home.slug
                );
                return Err(Error::not_found("version", message, Vec::new()).with_param("version"));
            }
            let stem = home.version_stem(version);
            return Ok(found(stem, None, Some(version), home, manifest));
        }
        if home.layout == Layout::Flat && environment != DEFAULT_ENVIRONMENT {
            let known = [DEFAULT_ENVIRONMENT.to_owned()];
            return Err(unknown_environment(&home.slug, environment, &known));
        }
        let stem = home.environment_stem(environment);
        if !self.exists(&stem)?
            && let Some(version) = manifest.pointer(environment)
        {
            let stem = home.version_stem(version);
            return Ok(found(
                stem,
                Some(environment),
                Some(version),
                home,
                manifest,
            ));
        }
        Ok(found(stem, Some(environment), None, home, manifest))
    }

    fn exists(&self, stem: &str) -> Result<bool> {
        for format in Format::ALL {
            if self
                .files
                .read(&format!("{stem}{}", format.extension()))?
                .is_some()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads the one file with this stem, without variants.
    fn one(&self, found: &Found, stem: &str) -> Result<Option<Prompt>> {
        let mut sources = Vec::new();
        for format in Format::ALL {
            let file = format!("{stem}{}", format.extension());
            if let Some(text) = self.files.read(&file)? {
                let key = stem.to_owned();
                sources.push((Source { file, key, text }, format));
            }
        }
        if let [(first, _), (second, _), ..] = sources.as_slice() {
            let message = format!(
                "`{}` and `{}` are one prompt: remove one of them",
                first.file, second.file
            );
            return Err(error_at(&first.file, Spot { line: 1, column: 1 }, message));
        }
        let Some((source, format)) = sources.pop() else {
            return Ok(None);
        };
        let shelf = FileShelf::new(
            self.files,
            &found.home,
            found.version,
            &self.options.schemas,
        );
        let keep: Arc<dyn Shelf> = Arc::new(FileShelf::new(
            self.keep.clone(),
            &found.home,
            found.version,
            &self.options.schemas,
        ));
        let identity = Identity {
            reference: PromptRef {
                slug: found.home.slug.clone(),
                version: found.version,
                environment: found.environment.clone(),
                variant: None,
                hash: String::new(),
            },
            format,
            project: found.home.project().map(str::to_owned),
        };
        load::file(&source, identity, &self.options.rules, &shelf, keep).map(Some)
    }

    fn add_variants(&self, found: &Found, prompt: &mut Prompt) -> Result<()> {
        let mut beside = self.variant_files(&found.stem)?;
        let mut prompts = Vec::new();
        for spec in &prompt.variants {
            let own = self.variant_stem(found, prompt, spec, &beside)?;
            beside.retain(|(_, stem)| Some(stem) != own.as_ref());
            let own = match own {
                Some(stem) => self.one(found, &stem)?,
                None => None,
            };
            prompts.push((
                spec.name.clone(),
                Arc::new(load::declared_variant(prompt, spec, own)),
            ));
        }
        // Files that no declaration names are Dotprompt variants: whole prompts, reached by name.
        for (name, stem) in beside {
            if let Some(own) = self.one(found, &stem)? {
                prompts.push((name.clone(), Arc::new(load::named(own, prompt, &name))));
                prompt.variants.push(VariantSpec {
                    name,
                    weight: 0.0,
                    description: None,
                    file: None,
                    options: Options::default(),
                });
            }
        }
        prompt.variant_prompts = prompts;
        Ok(())
    }

    /// The files `STEM.VARIANT.prompt` beside a file: variant and stem.
    pub(crate) fn variant_files(&self, stem: &str) -> Result<Vec<(String, String)>> {
        let folder = parent(stem);
        let name = stem.rsplit('/').next().unwrap_or(stem);
        let mut files: Vec<(String, String)> = self
            .files
            .entries(folder)?
            .iter()
            .filter(|entry| !entry.is_folder)
            .filter_map(|entry| {
                let (own, _) = Format::of(&entry.name)?;
                let variant = own.strip_prefix(name)?.strip_prefix('.')?;
                slug::is_label(variant).then(|| (variant.to_owned(), join(folder, own)))
            })
            .collect();
        files.dedup();
        Ok(files)
    }

    /// The stem of a declared variant's own file, if it has one.
    fn variant_stem(
        &self,
        found: &Found,
        prompt: &Prompt,
        spec: &VariantSpec,
        beside: &[(String, String)],
    ) -> Result<Option<String>> {
        let own = beside
            .iter()
            .find(|(name, _)| *name == spec.name)
            .map(|(_, stem)| stem.clone());
        // A version's variants were frozen beside it under their names.
        if own.is_some() && (found.version.is_some() || spec.file.is_none()) {
            return Ok(own);
        }
        let Some(file) = &spec.file else {
            return Ok(None);
        };
        let wrong = |why: &str| {
            let message = format!(
                "the variant `{}` names the file {}, {why}",
                spec.name,
                slug::shown(file)
            );
            error_at(&prompt.file, Spot { line: 1, column: 1 }, message)
        };
        let Some((stem, _)) = Format::of(file) else {
            return Err(wrong(
                "which does not end in `.prompt`, `.prompt.yaml` or `.prompt.json`",
            ));
        };
        if !stem.split('/').all(slug::is_segment) {
            return Err(wrong("which is not a path below the prompt's folder"));
        }
        let stem = join(&found.home.folder, stem);
        if self.exists(&stem)? {
            Ok(Some(stem))
        } else {
            Err(wrong("which does not exist"))
        }
    }
}

/// A flat slug whose last segment has a dot, cut there.
fn dotted(slug: &str) -> Option<(&str, &str)> {
    slug.rsplit_once('.')
        .filter(|(_, variant)| !variant.contains('/'))
}

/// Fails where a published version is not what it was.
fn check_record(found: &Found, prompt: &Prompt) -> Result<()> {
    let Some(record) = found
        .version
        .and_then(|version| found.manifest.record(version))
    else {
        return Ok(());
    };
    let edited = |file: &str| {
        let message = format!(
            "version {} of `{}` was edited after it was published: it no longer has the hash recorded in `{}`; restore it and publish a new version",
            record.version,
            found.home.slug,
            found.home.manifest()
        );
        Err(
            Error::new(ErrorKind::TemplateError, message).with_location(crate::Location {
                file: Some(file.to_owned()),
                ..crate::Location::default()
            }),
        )
    };
    if record.hash != prompt.reference.hash {
        return edited(&prompt.file);
    }
    for (name, hash) in &record.variants {
        match prompt
            .variant_prompts
            .iter()
            .find(|(variant, _)| variant == name)
        {
            Some((_, variant)) if variant.reference.hash == *hash => {}
            Some((_, variant)) => return edited(&variant.file),
            None => return edited(&prompt.file),
        }
    }
    Ok(())
}
