//! The checks across entries, when an engine is opened: what each says is right by itself already.

use std::collections::BTreeMap;

use super::model::{AliasConfig, AppliesTo, CampaignConfig, Config, ProjectConfig};
use super::naming::{Named, Scope, no_default, several_hosts};
use super::presets::{preset, presets};
use super::read::At;
use super::resolve::Models;
use super::setting::{Storage, Strategy};
use crate::catalogue::Owner;
use crate::chat::Warning;
use crate::error::{Error, ErrorKind, Result};
use crate::nearest::nearest;

/// Names against each other, and single values; needs no host.
pub(super) fn names(config: &Config, warnings: &mut Vec<Warning>) -> Result<()> {
    let tables = [
        ("providers", config.providers.keys().collect::<Vec<_>>()),
        ("models", config.models.keys().collect()),
        ("projects", config.projects.keys().collect()),
    ];
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for (table, names) in &tables {
        let root = At::Root.key(table);
        for name in names {
            let at = root.key(name);
            let has_slash = name.contains('/') && *table != "models";
            if name.trim().is_empty() || has_slash {
                return Err(at.error("must have a name, without a slash"));
            }
            if let Some(other) = taken.insert(name, table) {
                let says = format!("has the name of an entry of [{other}]: rename one of them");
                return Err(at.error(says));
            }
            if hides_preset(config, table, name) {
                warnings.push(Warning::param(
                    "preset_hidden",
                    &at.to_string(),
                    format!("`{name}` hides the built-in host of that name"),
                ));
            }
        }
    }
    for name in config.key_providers.0.keys() {
        if !config.providers.contains_key(name) && preset(name).is_none() {
            let built_in = presets().iter().map(|row| &row.name);
            let known = config.providers.keys().chain(built_in);
            let hint = nearest(name, known.map(String::as_str))
                .map_or(String::new(), |near| format!(": did you mean `{near}`?"));
            let message = format!("a key is provided for `{name}`, which is no provider{hint}");
            return Err(Error::new(ErrorKind::ConfigError, message));
        }
    }
    values(config)
}

fn hides_preset(config: &Config, table: &str, name: &str) -> bool {
    preset(name).is_some()
        && match config.providers.get(name) {
            Some(entry) if table == "providers" => {
                entry.dialect.is_some() || entry.preset.as_deref().is_some_and(|of| of != name)
            }
            _ => table != "providers",
        }
}

fn values(config: &Config) -> Result<()> {
    let engine = At::Root.key("engine");
    for (key, value) in [
        ("timeout_ms", config.engine.timeout_ms),
        ("connect_timeout_ms", config.engine.connect_timeout_ms),
        ("idle_timeout_ms", config.engine.idle_timeout_ms),
        ("max_answer_bytes", config.engine.max_answer_bytes),
        ("recording_limit", config.engine.recording_limit),
    ] {
        at_least_one(&engine.key(key), Some(value))?;
    }
    if matches!(config.engine.storage, Storage::Sqlite(_)) && !cfg!(feature = "sqlite") {
        return Err(engine.key("storage").error(
            "names SQLite, which is not built in: build with the feature `sqlite`, or use \"memory:\"",
        ));
    }
    let providers = At::Root.key("providers");
    for (name, entry) in &config.providers {
        let at = providers.key(name);
        for (key, value) in [
            ("max_concurrency", entry.max_concurrency.map(u64::from)),
            ("rpm", entry.rpm.map(u64::from)),
            ("tpm", entry.tpm.map(u64::from)),
            ("share", Some(u64::from(entry.share))),
            ("timeout_ms", entry.timeout_ms),
            ("connect_timeout_ms", entry.connect_timeout_ms),
        ] {
            at_least_one(&at.key(key), value)?;
        }
    }
    Ok(())
}

fn at_least_one(at: &At<'_>, value: Option<u64>) -> Result<()> {
    match value {
        Some(0) => Err(at.error("must be at least 1")),
        _ => Ok(()),
    }
}

/// Aliases, projects and campaigns, once the hosts are there.
pub(super) fn entries(models: &Models, warnings: &mut Vec<Warning>) -> Result<()> {
    let config = models.config();
    let root = At::Root.key("engine");
    default_leads(
        models,
        &root,
        &config.engine.default_model,
        Scope::default(),
    )?;
    let root = At::Root.key("models");
    for (name, alias) in &config.models {
        let at = root.key(name);
        alias_values(alias, &at)?;
        leads_somewhere(models, name, Scope::default(), &at)?;
    }
    let root = At::Root.key("projects");
    for (name, project) in &config.projects {
        self::project(models, name, project, &root.key(name))?;
    }
    let root = At::Root.key("campaigns");
    for (key, campaign) in &config.campaigns {
        self::campaign(models, campaign, &root.key(key))?;
    }
    if !config.campaigns.is_empty() && config.engine.storage == Storage::Memory {
        warnings.push(Warning::param(
            "campaign_in_memory",
            "engine.storage",
            "campaigns are counted in memory: their results end with this engine",
        ));
    }
    Ok(())
}

fn project(models: &Models, name: &str, project: &ProjectConfig, at: &At<'_>) -> Result<()> {
    if project.system_prompt.is_some() && project.system_prompt_file.is_some() {
        return Err(at.error("has both `system_prompt` and `system_prompt_file`: give one"));
    }
    let known = &models.config().tools;
    for tool in &project.tools {
        if !known.contains_key(tool) {
            let hint = nearest(tool, known.keys().map(String::as_str))
                .map_or(String::new(), |near| format!(": did you mean `{near}`?"));
            let says = format!("names `{tool}`, which is not in [tools]{hint}");
            return Err(at.key("tools").error(says));
        }
    }
    let Some(entry) = models.project_entry(name) else {
        return Ok(());
    };
    let root = at.key("models");
    for (name, alias) in &project.models {
        let at = root.key(name);
        alias_values(alias, &at)?;
        leads_somewhere(models, name, entry.inside(), &at)?;
    }
    default_leads(models, at, &project.default_model, entry.default_scope())
}

fn default_leads(models: &Models, at: &At<'_>, names: &[String], scope: Scope<'_>) -> Result<()> {
    names
        .iter()
        .try_for_each(|name| leads_somewhere(models, name, scope, &at.key("default_model")))
}

fn alias_values(alias: &AliasConfig, at: &At<'_>) -> Result<()> {
    for code in &alias.fallback_on {
        if ErrorKind::from_code(code).is_none() {
            let codes = ErrorKind::ALL.iter().map(|kind| kind.code());
            let hint = nearest(code, codes)
                .map_or(String::new(), |near| format!(": did you mean `{near}`?"));
            let says = format!("names `{code}`, which is no code of an error{hint}");
            return Err(at.key("fallback_on").error(says));
        }
    }
    weights(alias.targets.iter().map(|target| target.weight), at)?;
    for target in &alias.targets {
        let params = &target.params;
        // These are of a call as a whole: no single target of it can have its own.
        for (key, is_set) in [
            ("timeout_ms", params.timeout_ms.is_some()),
            ("hedge_after_ms", params.hedge_after_ms.is_some()),
            ("max_ttft_ms", params.max_ttft_ms.is_some()),
            ("fallback_on", params.fallback_on.is_some()),
        ] {
            if is_set {
                return Err(at.error(format!("has `{key}` in `params`, where it cannot stand")));
            }
        }
    }
    Ok(())
}

fn weights(weights: impl Iterator<Item = f64>, at: &At<'_>) -> Result<()> {
    let mut sum = 0.0;
    for weight in weights {
        if weight < 0.0 {
            return Err(at.error("has a negative weight"));
        }
        sum += weight;
    }
    if sum > 0.0 && sum.is_finite() {
        Ok(())
    } else {
        Err(at.error("has no weight above 0"))
    }
}

/// Fails where a model string of the configuration names nothing, or leads back to itself.
fn leads_somewhere(models: &Models, name: &str, scope: Scope<'_>, at: &At<'_>) -> Result<()> {
    count_targets(models, name, scope, &mut Vec::new())
        .map(drop)
        .map_err(|error| {
            let data = error.into_data();
            let mut error = at.error(format!("leads nowhere: {}", data.message));
            error.data_mut().details = data.details;
            error
        })
}

/// How many targets a model string leads to.
fn count_targets<'m>(
    models: &'m Models,
    name: &'m str,
    scope: Scope<'m>,
    trail: &mut Vec<&'m str>,
) -> Result<usize> {
    match models.classify(name, scope) {
        Named::Alias(alias) => {
            if trail.iter().any(|seen| std::ptr::eq(*seen, &*alias.name)) {
                let message = format!("`{}` leads back to itself", alias.name);
                return Err(Error::new(ErrorKind::ConfigError, message));
            }
            trail.push(&alias.name);
            let scope = models.scope_of(alias, scope);
            let mut sum = 0;
            for target in &alias.config.targets {
                let count = count_targets(models, &target.model, scope, trail)?;
                if count != 1 && alias.config.strategy != Strategy::Ordered {
                    let message = format!(
                        "`{}` chooses among single targets, and `{}` is several",
                        alias.name, target.model
                    );
                    return Err(Error::new(ErrorKind::ConfigError, message));
                }
                sum += count;
            }
            trail.pop();
            Ok(sum)
        }
        Named::Project(project, Some(model)) => {
            count_targets(models, model, project.inside(), trail)
        }
        Named::Project(project, None) => {
            if trail.iter().any(|seen| std::ptr::eq(*seen, &*project.name)) {
                let message = format!("`{}` leads back to itself", project.name);
                return Err(Error::new(ErrorKind::ConfigError, message));
            }
            trail.push(&project.name);
            let names = models
                .default_model(Some(project), &[])
                .ok_or_else(|| no_default(&project.name))?;
            let mut sum = 0;
            for name in names {
                sum += count_targets(models, name, project.default_scope(), trail)?;
            }
            trail.pop();
            Ok(sum)
        }
        Named::Host(host, _) | Named::Bare(Owner::One { host, .. }) => {
            models.provider(host).transpose()?;
            Ok(1)
        }
        Named::Bare(Owner::Several(hosts)) => Err(several_hosts(name, &hosts)),
        Named::Unknown => Err(models.unknown(name, scope)),
    }
}

fn campaign(models: &Models, campaign: &CampaignConfig, at: &At<'_>) -> Result<()> {
    let applies_to = &campaign.applies_to;
    if applies_to.prompts.is_empty() == applies_to.project.is_none() {
        return Err(at.error("needs `applies_to` with either `prompts` or `project`"));
    }
    if !(0.0..=1.0).contains(&campaign.traffic_split) {
        return Err(at.key("traffic_split").error("must be from 0 to 1"));
    }
    if campaign
        .metric
        .as_ref()
        .is_some_and(|metric| metric.key.is_empty())
    {
        return Err(at.key("metric").error("needs `key`"));
    }
    let at = at.key("arms");
    if campaign.arms.is_empty() {
        return Err(at.error("must name at least one arm"));
    }
    weights(campaign.arms.iter().map(|arm| arm.weight), &at)?;
    let mut names = Vec::new();
    for (index, arm) in campaign.arms.iter().enumerate() {
        let at = at.index(index);
        if arm.name.is_empty() {
            return Err(at.error("needs `name`"));
        }
        if names.contains(&&arm.name) {
            return Err(at.error(format!("has the name of another arm, `{}`", arm.name)));
        }
        names.push(&arm.name);
        for model in &arm.model {
            arm_leads_somewhere(models, model, applies_to, &at.key("model"))?;
        }
    }
    Ok(())
}

/// An arm's model counts among the names of the project that an eligible call is in: the campaign's own,
/// or that of a prompt's slug, which is known only then.
fn arm_leads_somewhere(
    models: &Models,
    model: &str,
    applies_to: &AppliesTo,
    at: &At<'_>,
) -> Result<()> {
    let scope = |name: &str| {
        let project = models.project_entry(name);
        project.map_or(Scope::default(), |project| project.default_scope())
    };
    if let Some(project) = &applies_to.project {
        return leads_somewhere(models, model, scope(project), at);
    }
    let mut projects = models.config().projects.keys();
    if projects.any(|name| count_targets(models, model, scope(name), &mut Vec::new()).is_ok()) {
        return Ok(());
    }
    leads_somewhere(models, model, Scope::default(), at)
}
