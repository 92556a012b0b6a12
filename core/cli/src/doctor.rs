//! `slugline doctor`: what works here and what does not, without asking any provider.

use std::path::Path;
use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use slugline::Engine;
use slugline::config::{Ask, Config, Models, Proxy, Storage, presets};
use time::OffsetDateTime;

use crate::open::OpenArgs;
use crate::output::{Failure, colours, paint, print_json, visible};
use crate::serve::{self, Outlook};

/// Arguments of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

/// How well something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warning,
    Error,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    level: Level,
    message: String,
}

/// Everything that was looked at so far.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, check: &'static str, level: Level, message: impl Into<String>) {
        self.0.push(Finding {
            check,
            level,
            message: message.into(),
        });
    }

    fn errors(&self) -> usize {
        let errors = |finding: &&Finding| finding.level == Level::Error;
        self.0.iter().filter(errors).count()
    }
}

pub(crate) async fn doctor(open: &OpenArgs, args: &DoctorArgs) -> Result<(), Failure> {
    let mut findings = Findings::default();
    match Config::open(open.source(), open.overrides()?) {
        Ok(config) => {
            findings.add("configuration", Level::Ok, open.taken());
            look(config, &mut findings).await;
        }
        Err(error) => findings.add("configuration", Level::Error, error.to_string()),
    }
    clock(&mut findings);
    if args.json {
        print_json(&findings.0)?;
    } else {
        let colours = colours();
        for finding in &findings.0 {
            paint(&line(finding, colours))?;
        }
    }
    match findings.errors() {
        0 => Ok(()),
        1 => Err(Failure::printed("1 problem")),
        count => Err(Failure::printed(format!("{count} problems"))),
    }
}

async fn look(config: Config, findings: &mut Findings) {
    network(&config, findings);
    storage(&config, findings);
    match serve::outlook(&config).await {
        Ok(Outlook::Ready(message)) => findings.add("server", Level::Ok, message),
        Ok(Outlook::Taken(message)) => findings.add("server", Level::Warning, message),
        Err(failure) => findings.add("server", Level::Error, failure.to_string()),
    }
    let config = Arc::new(config);
    match Models::open(config.clone()) {
        Ok((models, _)) => providers(&models, findings),
        Err(error) => return findings.add("models", Level::Error, error.to_string()),
    }
    match Engine::new((*config).clone()) {
        Ok(engine) => {
            for warning in engine.warnings() {
                findings.add("engine", Level::Warning, warning.message.clone());
            }
            prompts(&config, &engine, findings);
        }
        Err(error) => findings.add("engine", Level::Error, error.to_string()),
    }
}

/// Which providers have a key, and whether the default model can be asked.
fn providers(models: &Models, findings: &mut Findings) {
    let own = models.config().providers.keys();
    let built_in = presets().iter().map(|preset| &preset.name);
    let mut names: Vec<&String> = own.chain(built_in).collect();
    names.sort_unstable();
    names.dedup();
    let mut ready = Vec::new();
    for name in names {
        let configured = models.config().providers.contains_key(name);
        match models.provider(name) {
            Some(Ok(provider)) if provider.key.is_configured() => ready.push(name.as_str()),
            Some(Ok(provider)) if configured && provider.key_required => {
                let message = format!("`{name}` is configured and has no key");
                findings.add("providers", Level::Warning, message);
            }
            Some(Err(error)) if configured => {
                findings.add("providers", Level::Error, error.to_string());
            }
            _ => {}
        }
    }
    let message = match ready.is_empty() {
        true => "no provider's key was found: only `test/echo` and hosts without keys can be asked"
            .to_owned(),
        false => format!("keys found for {}", ready.join(", ")),
    };
    findings.add("providers", Level::Ok, message);
    match models.resolve(&Ask::default()) {
        Err(error) if models.config().engine.default_model.is_empty() => {
            findings.add("models", Level::Warning, error.to_string());
        }
        Err(error) => findings.add("models", Level::Error, error.to_string()),
        Ok(plan) => {
            let targets = plan.groups.iter().flat_map(|group| &group.targets);
            let mut usable = targets.map(|planned| &planned.target).filter(|target| {
                !target.provider.key_required || target.provider.key.is_configured()
            });
            match usable.next() {
                Some(target) => findings.add(
                    "models",
                    Level::Ok,
                    format!("the default model is answered by {}", target.name()),
                ),
                None => findings.add(
                    "models",
                    Level::Error,
                    "no target of the default model has a key",
                ),
            }
        }
    }
}

fn prompts(config: &Config, engine: &Engine, findings: &mut Findings) {
    if config.engine.prompts.is_none() {
        return findings.add("prompts", Level::Ok, "no prompts are configured");
    }
    for problem in engine.prompts().check() {
        findings.add("prompts", Level::Error, problem.to_string());
    }
    match engine.prompts().list() {
        Ok(prompts) => findings.add("prompts", Level::Ok, format!("{} prompt(s)", prompts.len())),
        Err(error) => findings.add("prompts", Level::Error, error.to_string()),
    }
}

fn network(config: &Config, findings: &mut Findings) {
    let engine = &config.engine;
    if engine.block_network {
        findings.add(
            "network",
            Level::Warning,
            "`block_network` is set: only `test` and `replay:` answer",
        );
    }
    let proxy = match &engine.proxy {
        Proxy::System => ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
            .into_iter()
            .find(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
            .map_or("none".to_owned(), |name| {
                format!("that of the environment ({name})")
            }),
        // A proxy's URL may hold a password.
        _ => "as configured".to_owned(),
    };
    findings.add("network", Level::Ok, format!("proxy: {proxy}"));
    let certificate = engine
        .client_cert
        .iter()
        .flat_map(|own| [&own.cert, &own.key]);
    for path in engine.ca_bundle.iter().chain(certificate) {
        if let Err(error) = std::fs::File::open(path) {
            findings.add(
                "network",
                Level::Error,
                format!("{} cannot be read: {error}", path.display()),
            );
        }
    }
}

fn storage(config: &Config, findings: &mut Findings) {
    let Storage::Sqlite(path) = &config.engine.storage else {
        let message = "storage is in memory: recordings and sessions end with the process";
        return findings.add("storage", Level::Ok, message);
    };
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    // Tried, not looked up: rights depend on who asks and on how the disk is mounted.
    let writable = |path: &Path| match path.exists() {
        true => std::fs::OpenOptions::new().append(true).open(path).is_ok(),
        false => true,
    };
    let probe = folder.join(format!(".slugline-doctor-{}", std::process::id()));
    let made = std::fs::File::create_new(&probe).is_ok();
    let _ = std::fs::remove_file(&probe);
    if !folder.is_dir() {
        findings.add(
            "storage",
            Level::Error,
            format!("the folder {} does not exist", folder.display()),
        );
    } else if !made || !writable(path) {
        findings.add(
            "storage",
            Level::Error,
            format!("{} cannot be written", path.display()),
        );
    } else {
        findings.add(
            "storage",
            Level::Ok,
            format!("SQLite in {}", path.display()),
        );
    }
}

/// Signed requests and certificates need the right time; earlier than the catalogue it cannot be.
fn clock(findings: &mut Findings) {
    let today = OffsetDateTime::now_utc().date().to_string();
    let known = slugline::catalogue::date();
    match today.as_str() < known {
        true => findings.add(
            "clock",
            Level::Error,
            format!("the clock says {today}, before this program was built"),
        ),
        false => findings.add(
            "clock",
            Level::Ok,
            format!("{today} UTC; models and prices of {known}"),
        ),
    }
}

fn line(finding: &Finding, colours: bool) -> String {
    let (word, colour) = match finding.level {
        Level::Ok => ("ok", "32"),
        Level::Warning => ("warning", "33"),
        Level::Error => ("error", "31"),
    };
    let padded = format!("{word:8}");
    let word = match colours {
        true => format!("\u{1b}[{colour}m{padded}\u{1b}[0m"),
        false => padded,
    };
    format!("{word}{:14}{}\n", finding.check, visible(&finding.message))
}
