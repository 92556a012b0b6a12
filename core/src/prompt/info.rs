//! What a store says about its prompts: `prompts.list`, `prompts.get`, `prompts.check`.

use super::file_store::FileStore;
use super::layout::{Home, Layout};
use super::manifest::{self, Manifest};
use super::slug::Slug;
use super::store::{EnvironmentInfo, PromptInfo, PromptStore, VariantInfo};
use super::{Address, DEFAULT_ENVIRONMENT, Prompt};
use crate::{Error, Result};

/// Every prompt, by slug.
pub(crate) fn list(store: &FileStore) -> Result<Vec<PromptInfo>> {
    let files = &*store.files;
    let layout = manifest::layout(files)?;
    let slugs = store.resolver(files).slugs(layout)?;
    let listed = |slug: String| {
        // A name that nothing can be called by is a problem of that prompt alone.
        one(store, layout, slug.clone()).unwrap_or_else(|error| PromptInfo {
            slug,
            problem: Some(error.to_string()),
            ..PromptInfo::default()
        })
    };
    Ok(slugs.into_iter().map(listed).collect())
}

fn one(store: &FileStore, layout: Layout, slug: String) -> Result<PromptInfo> {
    let written = Slug::parse(&slug)?;
    let home = layout.home(&written, &store.options)?;
    let resolver = store.resolver(&*store.files);
    let manifest = match layout {
        Layout::Flat => Ok(Manifest::default()),
        Layout::Workspaces => Manifest::read(&*store.files, &home.manifest()),
    };
    let (manifest, problem) = match manifest {
        Ok(manifest) => (manifest, None),
        Err(error) => (Manifest::default(), Some(error.to_string())),
    };
    let environments = resolver.environments(&home, &manifest);
    let mut info = PromptInfo {
        slug,
        description: manifest.description.clone(),
        versions: resolver.versions(&home),
        problem,
        ..PromptInfo::default()
    };
    // The one a call without an environment gets, else the first there is, else the newest version.
    let named = environments
        .iter()
        .find(|(name, _)| name == DEFAULT_ENVIRONMENT)
        .or_else(|| environments.first());
    let address = match (named, info.versions.last()) {
        (Some((name, _)), _) => Address::new(&home.slug)?.environment(name)?,
        (None, Some(version)) => Address::new(&home.slug)?.version(*version),
        (None, None) => Address::new(&home.slug)?,
    };
    info.environments = environments.into_iter().map(environment).collect();
    match store.load(&address) {
        Ok(prompt) => describe(&prompt, &mut info),
        Err(error) => info.problem = Some(error.to_string()),
    }
    Ok(info)
}

/// Everything about the prompt of an address.
pub(crate) fn get(store: &FileStore, address: &Address) -> Result<PromptInfo> {
    let prompt = store.load(address)?;
    let files = &*store.files;
    let home = manifest::layout(files)?.home(&address.slug, &store.options)?;
    let resolver = store.resolver(files);
    let manifest = match home.layout {
        Layout::Flat => Manifest::default(),
        Layout::Workspaces => Manifest::read(files, &home.manifest())?,
    };
    let mut info = PromptInfo {
        slug: home.slug.clone(),
        versions: resolver.versions(&home),
        environments: resolver
            .environments(&home, &manifest)
            .into_iter()
            .map(environment)
            .collect(),
        source: Some(prompt.source.to_string()),
        ..PromptInfo::default()
    };
    // A variant knows no others; the list is the prompt's.
    match &address.variant {
        None => describe(&prompt, &mut info),
        Some(_) => {
            let whole = Address {
                variant: None,
                ..address.clone()
            };
            describe(&*store.load(&whole)?, &mut info);
            let variants = std::mem::take(&mut info.variants);
            describe(&prompt, &mut info);
            info.variants = variants;
        }
    }
    Ok(info)
}

fn environment((name, version): (String, Option<u64>)) -> EnvironmentInfo {
    EnvironmentInfo { name, version }
}

fn describe(prompt: &Prompt, info: &mut PromptInfo) {
    if prompt.description.is_some() {
        info.description.clone_from(&prompt.description);
    }
    info.file.clone_from(&prompt.file);
    info.version = prompt.reference.version;
    info.hash.clone_from(&prompt.reference.hash);
    info.schema.clone_from(&prompt.input_schema);
    info.variables = prompt.variables();
    info.variants = prompt
        .variants
        .iter()
        .map(|variant| VariantInfo {
            name: variant.name.clone(),
            weight: variant.weight,
            description: variant.description.clone(),
        })
        .collect();
    let reload = prompt
        .warnings
        .iter()
        .find(|warning| warning.code == "prompt_not_reloaded");
    info.problem = reload.map(|warning| warning.message.clone());
}

impl Prompt {
    /// Names of the variables that its templates use, in order of first use.
    pub fn variables(&self) -> Vec<String> {
        self.compiled.names.list().cloned().collect()
    }
}

/// Reads every environment, version and variant, and gives what does not load.
pub(crate) fn check(store: &FileStore) -> Vec<Error> {
    let files = &*store.files;
    let resolver = store.resolver(files);
    let slugs = manifest::layout(files).and_then(|layout| Ok((layout, resolver.slugs(layout)?)));
    let (layout, slugs) = match slugs {
        Ok(found) => found,
        Err(error) => return vec![error],
    };
    let mut problems = Vec::new();
    for slug in slugs {
        if let Err(error) = check_one(store, layout, &slug, &mut problems) {
            problems.push(error);
        }
    }
    problems
}

fn check_one(
    store: &FileStore,
    layout: Layout,
    slug: &str,
    problems: &mut Vec<Error>,
) -> Result<()> {
    let home: Home = layout.home(&Slug::parse(slug)?, &store.options)?;
    let resolver = store.resolver(&*store.files);
    let manifest = match layout {
        Layout::Flat => Manifest::default(),
        Layout::Workspaces => Manifest::read(&*store.files, &home.manifest())?,
    };
    let mut addresses = Vec::new();
    for (environment, _) in resolver.environments(&home, &manifest) {
        addresses.push(Address::new(slug)?.environment(&environment)?);
    }
    for version in resolver.versions(&home) {
        addresses.push(Address::new(slug)?.version(version));
    }
    for address in addresses {
        if let Err(error) = store.read(&*store.files, &address) {
            // An environment that points at a broken version says the same again.
            let text = error.to_string();
            if !problems.iter().any(|known| known.to_string() == text) {
                problems.push(error);
            }
        }
    }
    Ok(())
}
