//! Which targets a model string names: pure look-ups in the configuration, the built-in hosts and the
//! catalogue. First match wins and nothing is guessed.
//!
//! [`Models::open`] checks the entries against each other (`check.rs`); [`Models::resolve`] answers a
//! call with a [`Plan`], which `route` carries out.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::check;
use super::host::{self, OUTSIDE, Outside};
use super::model::{AliasConfig, Config, ProjectConfig, ProviderConfig, Strategy};
use super::presets::{Preset, presets};
use super::read::At;
use crate::catalogue::{self, Owner};
use crate::chat::{Options, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::nearest::several;
use crate::provider::{Provider, Target};

/// The targets of a call, in the order of their groups.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is tried: a group after the one before has no target left.
    pub groups: Vec<Arc<Group>>,
    /// The project of the call.
    pub project: Option<String>,
}

impl Plan {
    /// Whether some target has a deadline for its first delta.
    pub fn has_ttft(&self) -> bool {
        let mut targets = self.groups.iter().flat_map(|group| &group.targets);
        targets.any(|planned| planned.max_ttft_ms.is_some_and(|ms| ms > 0))
    }
}

/// Targets among which a strategy chooses.
#[derive(Debug, Clone)]
pub struct Group {
    /// How.
    pub strategy: Strategy,
    /// At least one.
    pub targets: Vec<PlannedTarget>,
}

/// A target with what its aliases say about it.
#[derive(Debug, Clone)]
pub struct PlannedTarget {
    /// Whom the call is for.
    pub target: Target,
    /// Its part under the strategy `weighted`: at least 0, and not all are 0.
    pub weight: f64,
    /// Milliseconds it has until its first delta, where the call does not say.
    pub max_ttft_ms: Option<u64>,
    /// Errors after which the next target is tried although it would not be.
    pub fallback_on: Vec<ErrorKind>,
}

/// What a call says about its model, from the most to the least specific.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask<'a> {
    /// The call's `model`.
    pub model: &'a [String],
    /// The prompt's model.
    pub prompt: &'a [String],
    /// The call's `project`.
    pub project: Option<&'a str>,
    /// The project segment of the slug; counts where it is configured.
    pub slug_project: Option<&'a str>,
    /// Default model that the project's folder in the prompt tree gives.
    pub folder: &'a [String],
}

/// Everything that a model string can name.
#[derive(Debug)]
pub struct Models {
    config: Arc<Config>,
    outside: Outside,
    hosts: HashMap<String, HostEntry>,
    aliases: HashMap<String, AliasEntry>,
    projects: HashMap<String, ProjectEntry>,
}

#[derive(Debug)]
struct HostEntry {
    row: Option<&'static Preset>,
    /// Built-in rows are built when first used: a dialect that is not there must not fail the rest.
    built: OnceLock<Arc<Provider>>,
}

#[derive(Debug)]
pub(super) struct AliasEntry {
    pub(super) name: String,
    pub(super) config: AliasConfig,
    groups: OnceLock<Vec<Arc<Group>>>,
}

#[derive(Debug)]
pub(super) struct ProjectEntry {
    pub(super) name: String,
    aliases: HashMap<String, AliasEntry>,
}

/// What a model string names.
pub(super) enum Named<'m, 'n> {
    /// An alias, of `[models]` or of a project.
    Alias(&'m AliasEntry),
    /// A project: its default model, or a model string in it.
    Project(&'m ProjectEntry, Option<&'n str>),
    /// A host and a model, as far as the slash tells.
    Host(&'n str, &'n str),
    /// A bare model id that the catalogue knows.
    Bare(Owner),
    /// Nothing.
    Unknown,
}

/// Where a model string stands.
#[derive(Clone, Copy, Default)]
pub(super) struct Scope<'m> {
    /// Its model names come first.
    project: Option<&'m ProjectEntry>,
    /// The string is a model of that project: it names no other one.
    inside: bool,
    /// The alias or project whose definition it is part of: there its name means the built-in host.
    own: Option<&'m str>,
}

impl Scope<'_> {
    /// Whether a built-in host is meant by its name here, although that is an alias or a project as well.
    fn sees(&self, host: &str) -> bool {
        let of_project = self.project.filter(|_| self.inside);
        self.own == Some(host) || of_project.is_some_and(|project| project.name == host)
    }
}

impl ProjectEntry {
    /// Where the model part of `project/model` stands.
    pub(super) fn inside(&self) -> Scope<'_> {
        Scope {
            project: Some(self),
            inside: true,
            own: None,
        }
    }

    /// Where its default model stands.
    pub(super) fn default_scope(&self) -> Scope<'_> {
        Scope {
            project: Some(self),
            inside: false,
            own: Some(&self.name),
        }
    }
}

impl Models {
    /// Checks the configuration's entries against each other and takes them over.
    ///
    /// # Errors
    /// `config_error` with the key, and its place in the file: names that collide, aliases that lead
    /// nowhere or in a circle, hosts without a URL, URLs that are not safe, dialects that are not built in.
    pub fn open(config: Arc<Config>) -> Result<(Models, Vec<Warning>)> {
        Models::open_with(config, OUTSIDE)
    }

    pub(super) fn open_with(
        config: Arc<Config>,
        outside: Outside,
    ) -> Result<(Models, Vec<Warning>)> {
        let places = config.places.clone();
        let open = || {
            let mut warnings = Vec::new();
            check::names(&config, &mut warnings)?;
            let models = Models::new(config, outside)?;
            check::entries(&models, &mut warnings)?;
            Ok((models, warnings))
        };
        open().map_err(|error| places.locate(error))
    }

    fn new(config: Arc<Config>, outside: Outside) -> Result<Models> {
        let mut hosts = HashMap::new();
        for row in presets() {
            hosts.insert(
                row.name.clone(),
                HostEntry {
                    row: Some(row),
                    built: OnceLock::new(),
                },
            );
        }
        for (name, entry) in &config.providers {
            let row = host::row(name, entry)?;
            let provider = host::provider(name, entry, row, &config, outside)?;
            hosts.insert(
                name.clone(),
                HostEntry {
                    row,
                    built: OnceLock::from(Arc::new(provider)),
                },
            );
        }
        let aliases = |table: &std::collections::BTreeMap<String, AliasConfig>| {
            table
                .iter()
                .map(|(name, alias)| {
                    let entry = AliasEntry {
                        name: name.clone(),
                        config: alias.clone(),
                        groups: OnceLock::new(),
                    };
                    (name.clone(), entry)
                })
                .collect()
        };
        let projects = config.projects.iter().map(|(name, project)| {
            let entry = ProjectEntry {
                name: name.clone(),
                aliases: aliases(&project.models),
            };
            (name.clone(), entry)
        });
        Ok(Models {
            hosts,
            aliases: aliases(&config.models),
            projects: projects.collect(),
            outside,
            config,
        })
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// A configured project.
    pub fn project(&self, name: &str) -> Option<&ProjectConfig> {
        self.config.projects.get(name)
    }

    /// The host of this name, configured or built in.
    ///
    /// # Errors
    /// `config_error` where a built-in host cannot be used: its dialect is not built in, it needs a URL,
    /// or a variable of the environment holds none that is safe.
    pub fn provider(&self, name: &str) -> Option<Result<Arc<Provider>>> {
        self.hosts.get(name).map(|entry| self.build(name, entry))
    }

    fn build(&self, name: &str, entry: &HostEntry) -> Result<Arc<Provider>> {
        if let Some(provider) = entry.built.get() {
            return Ok(Arc::clone(provider));
        }
        let plain = ProviderConfig::default();
        let built = host::provider(name, &plain, entry.row, &self.config, self.outside)?;
        Ok(Arc::clone(entry.built.get_or_init(|| Arc::new(built))))
    }

    /// The targets of a call.
    ///
    /// # Errors
    /// `unknown_model` with the nearest names, or with the providers whose keys were found where no model
    /// is named at all; `not_found` for a project; `config_error` as [`Models::provider`].
    pub fn resolve(&self, ask: &Ask<'_>) -> Result<Plan> {
        let given = match ask.project.filter(|name| !name.is_empty()) {
            Some(name) => Some(self.projects.get(name).ok_or_else(|| {
                let known = self.projects.keys().map(String::as_str);
                let near = near_names(name, known);
                let message = format!("no project `{name}` is configured{}", did_you_mean(&near));
                Error::not_found("project", message, near).with_param("project")
            })?),
            None => None,
        };
        let names = match ask.model {
            [] => ask.prompt,
            names => names,
        };
        let slug = ask.slug_project.and_then(|name| self.projects.get(name));
        let project = given.or_else(|| self.named_project(names)).or(slug);
        let (names, own) = match names {
            [] => (
                self.default_model(project, ask.folder)
                    .ok_or_else(|| self.no_model())?,
                project.map(|project| project.name.as_str()),
            ),
            names => (names, None),
        };
        // A default may itself name a project.
        let project = project.or_else(|| self.named_project(names));
        let scope = Scope {
            project,
            inside: false,
            own,
        };
        let mut groups = Vec::with_capacity(names.len());
        for name in names {
            self.collect(name, scope, &mut groups)
                .map_err(|error| match error.kind() {
                    ErrorKind::UnknownModel => error.with_param("model"),
                    _ => error,
                })?;
        }
        Ok(Plan {
            groups,
            project: project.map(|project| project.name.clone()),
        })
    }

    /// The project that the first of these model strings names.
    fn named_project<'m>(&'m self, names: &[String]) -> Option<&'m ProjectEntry> {
        if self.projects.is_empty() {
            return None;
        }
        names
            .iter()
            .find_map(|name| match self.classify(name, Scope::default()) {
                Named::Project(project, _) => Some(project),
                _ => None,
            })
    }

    pub(super) fn default_model<'a>(
        &'a self,
        project: Option<&ProjectEntry>,
        folder: &'a [String],
    ) -> Option<&'a [String]> {
        let of_project = project
            .and_then(|project| self.project(&project.name))
            .map(|project| project.default_model.as_slice());
        [
            of_project.unwrap_or_default(),
            folder,
            &self.config.engine.default_model,
        ]
        .into_iter()
        .find(|names| !names.is_empty())
    }

    /// What a model string names, by the rules in their order.
    pub(super) fn classify<'m, 'n>(&'m self, name: &'n str, scope: Scope<'m>) -> Named<'m, 'n> {
        let local = scope.project.and_then(|project| project.aliases.get(name));
        if let Some(alias) = local.or_else(|| self.aliases.get(name)) {
            return Named::Alias(alias);
        }
        let parts = name.split_once('/');
        if !scope.inside {
            let head = parts.map_or(name, |(head, _)| head);
            if let Some(project) = self.projects.get(head).filter(|_| scope.own != Some(head)) {
                return Named::Project(project, parts.map(|(_, rest)| rest));
            }
        }
        if let Some((host, model)) = parts
            && !model.is_empty()
            && self.hosts.contains_key(host)
            && (scope.sees(host) || !self.is_hidden(host))
        {
            return Named::Host(host, model);
        }
        match catalogue::bare(name) {
            // Its host's name may mean another host here.
            Some(Owner::One { host, .. }) if !self.is_built_in(host) => Named::Unknown,
            Some(owner) => Named::Bare(owner),
            None => Named::Unknown,
        }
    }

    /// A built-in host whose name the user gave to an alias or a project. (A configured provider of that
    /// name has taken its place already.)
    fn is_hidden(&self, host: &str) -> bool {
        self.aliases.contains_key(host) || self.projects.contains_key(host)
    }

    /// Appends the groups of a model string.
    fn collect(&self, name: &str, scope: Scope<'_>, groups: &mut Vec<Arc<Group>>) -> Result<()> {
        match self.classify(name, scope) {
            Named::Alias(alias) => groups.extend_from_slice(self.alias(alias, scope)?),
            Named::Project(project, model) => match model {
                Some(model) => self.collect(model, project.inside(), groups)?,
                None => {
                    let names = self.default_model(Some(project), &[]);
                    for name in names.ok_or_else(|| no_default(&project.name))? {
                        self.collect(name, project.default_scope(), groups)?;
                    }
                }
            },
            Named::Host(host, model) => groups.push(Arc::new(single(self.target(host, model)?))),
            Named::Bare(Owner::One { host, model }) => {
                groups.push(Arc::new(single(self.target(host, model)?)));
            }
            Named::Bare(Owner::Several(hosts)) => return Err(several_hosts(name, &hosts)),
            Named::Unknown => return Err(self.unknown(name, scope)),
        }
        Ok(())
    }

    /// The groups of an alias, put together when it is first used.
    fn alias<'m>(&'m self, alias: &'m AliasEntry, scope: Scope<'m>) -> Result<&'m [Arc<Group>]> {
        if let Some(groups) = alias.groups.get() {
            return Ok(groups);
        }
        let scope = self.scope_of(alias, scope);
        let config = &alias.config;
        let max_ttft_ms = Some(config.max_ttft_ms).filter(|limit| *limit > 0);
        let fallback_on: Vec<ErrorKind> = config
            .fallback_on
            .iter()
            .filter_map(|code| ErrorKind::from_code(code))
            .collect();
        let mut groups = Vec::new();
        for named in &config.targets {
            let mut inner = Vec::new();
            self.collect(&named.model, scope, &mut inner)?;
            for group in inner {
                let mut group = Arc::unwrap_or_clone(group);
                for planned in &mut group.targets {
                    planned.target.params.overlay(named.params.clone());
                    planned.max_ttft_ms = planned.max_ttft_ms.or(max_ttft_ms);
                    for kind in &fallback_on {
                        if !planned.fallback_on.contains(kind) {
                            planned.fallback_on.push(*kind);
                        }
                    }
                    if config.strategy != Strategy::Ordered {
                        planned.weight = named.weight;
                    }
                }
                groups.push(group);
            }
        }
        if config.strategy != Strategy::Ordered {
            // Each was one target, as the checks at opening made sure.
            let targets = groups.into_iter().flat_map(|group| group.targets).collect();
            groups = vec![Group {
                strategy: config.strategy,
                targets,
            }];
        }
        let groups = groups.into_iter().map(Arc::new).collect();
        Ok(alias.groups.get_or_init(|| groups))
    }

    /// The scope of an alias's targets: a project's own names count in it only where it is the project's.
    pub(super) fn scope_of<'m>(&self, alias: &'m AliasEntry, scope: Scope<'m>) -> Scope<'m> {
        let is_local = scope
            .project
            .and_then(|project| project.aliases.get(&alias.name))
            .is_some_and(|local| std::ptr::eq(local, alias));
        Scope {
            project: scope.project.filter(|_| is_local),
            inside: is_local,
            own: Some(&alias.name),
        }
    }

    fn target(&self, host: &str, model: &str) -> Result<Target> {
        let entry = self
            .hosts
            .get(host)
            .ok_or_else(|| self.unknown(&format!("{host}/{model}"), Scope::default()))?;
        let provider = self.build(host, entry)?;
        let listed = catalogue::alternative(&provider.preset, model);
        Ok(Target {
            model: listed.unwrap_or(model).to_owned(),
            provider,
            params: Options::default(),
        })
    }

    /// Whether the name means the built-in host still, and not one of the user's.
    fn is_built_in(&self, host: &str) -> bool {
        self.hosts
            .get(host)
            .and_then(|entry| entry.row)
            .is_some_and(|row| row.name == host)
    }

    pub(super) fn project_entry(&self, name: &str) -> Option<&ProjectEntry> {
        self.projects.get(name)
    }

    pub(super) fn unknown(&self, name: &str, scope: Scope<'_>) -> Error {
        let mut near = Vec::new();
        let mut hint = None;
        if let Some((head, model)) = name.split_once('/') {
            if self.hosts.contains_key(head) && self.is_hidden(head) {
                hint = Some(format!(
                    ": the name `{head}` of your configuration hides the built-in host"
                ));
            }
            let heads = self.hosts.keys().chain(self.projects.keys());
            near.extend(
                near_names(head, heads.map(String::as_str))
                    .into_iter()
                    .filter(|near| near != head)
                    .map(|near| format!("{near}/{model}")),
            );
        }
        let mut known: Vec<&str> = catalogue::bare_names().collect();
        let local = scope.project.into_iter().flat_map(|p| p.aliases.keys());
        let named = local.chain(self.aliases.keys()).chain(self.projects.keys());
        known.extend(named.map(String::as_str));
        near.extend(near_names(name, known));
        near.truncate(NEAR);
        let hint = hint.unwrap_or_else(|| did_you_mean(&near));
        Error::new(
            ErrorKind::UnknownModel,
            format!("no model `{}` is known{hint}", shortened(name)),
        )
        .with_detail("near", near)
    }

    fn no_model(&self) -> Error {
        let mut found: Vec<&str> = self
            .hosts
            .iter()
            .filter(|(name, _)| !self.is_hidden(name))
            .filter(|(name, entry)| match (entry.built.get(), entry.row) {
                (Some(provider), _) => provider.key.is_configured(),
                (None, Some(row)) => host::has_key(row, self.outside),
                (None, None) => self.config.key_providers.0.contains_key(*name),
            })
            .map(|(name, _)| name.as_str())
            .collect();
        found.sort_unstable();
        let keys = match found.as_slice() {
            [] => "no key of any provider was found".to_owned(),
            found => format!("keys were found for: {}", found.join(", ")),
        };
        let message =
            format!("no model is named: give `model`, or set `default_model` in [engine] ({keys})");
        Error::new(ErrorKind::UnknownModel, message)
            .with_param("model")
            .with_detail("providers", found)
    }
}

fn single(target: Target) -> Group {
    Group {
        strategy: Strategy::Ordered,
        targets: vec![PlannedTarget {
            target,
            weight: 1.0,
            max_ttft_ms: None,
            fallback_on: Vec::new(),
        }],
    }
}

pub(super) fn no_default(project: &str) -> Error {
    let at = At::Root.key("projects");
    let at = at.key(project);
    let message = format!("`{at}` has no `default_model`, and neither has `engine`");
    Error::new(ErrorKind::UnknownModel, message)
}

pub(super) fn several_hosts(model: &str, hosts: &[&str]) -> Error {
    let full: Vec<String> = hosts.iter().map(|host| format!("{host}/{model}")).collect();
    let message = format!(
        "several hosts serve `{}`: name one, for example {}",
        shortened(model),
        full.join(", ")
    );
    Error::new(ErrorKind::UnknownModel, message).with_detail("near", full)
}

/// How many near names an error lists.
const NEAR: usize = 5;

fn near_names<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    several(name, known, NEAR)
        .into_iter()
        .map(str::to_owned)
        .collect()
}

fn did_you_mean(near: &[String]) -> String {
    match near {
        [] => String::new(),
        near => format!("; did you mean {}?", near.join(" or ")),
    }
}

/// A caller's string can be any length; a message cannot.
fn shortened(name: &str) -> &str {
    match name.char_indices().nth(200) {
        Some((end, _)) => name.get(..end).unwrap_or(name),
        None => name,
    }
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
