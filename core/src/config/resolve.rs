//! From the model strings of a call to its targets: a [`Plan`], which `route` carries out.
//!
//! What a string names is decided in `naming.rs`, what a host is in `host.rs`; here they are put
//! together. [`Models::open`] has the entries checked against each other first (`check.rs`).

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use super::check;
use super::host::{self, OUTSIDE, Outside};
use super::model::{AliasConfig, Config, ProjectConfig, ProviderConfig};
use super::naming::{
    AliasEntry, Named, ProjectEntry, Scope, did_you_mean, near_names, no_default, several_hosts,
};
use super::presets::{Preset, presets};
use super::setting::Strategy;
use crate::catalogue::{self, Owner};
use crate::chat::Warning;
use crate::error::{Error, ErrorKind, Result};
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
    pub(super) config: Arc<Config>,
    pub(super) outside: Outside,
    pub(super) hosts: HashMap<String, HostEntry>,
    pub(super) aliases: HashMap<String, AliasEntry>,
    pub(super) projects: HashMap<String, ProjectEntry>,
}

#[derive(Debug)]
pub(super) struct HostEntry {
    pub(super) row: Option<&'static Preset>,
    /// Built-in rows are built when first used: a dialect that is not there must not fail the rest.
    pub(super) built: OnceLock<Arc<Provider>>,
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
                    if !named.params.is_empty() {
                        let params = planned.target.params.get_or_insert_default();
                        params.overlay(named.params.clone());
                    }
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
            params: None,
        })
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
