//! The embedded snapshot: unpacked when first asked, and then read host by host, so that a program pays
//! for the hosts it uses. The form of the file is described in `build.py`.

use std::collections::HashMap;
use std::io::Read as _;
use std::sync::{LazyLock, OnceLock};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::price::Price;

/// A model at a host.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Entry {
    /// The host's own id.
    #[serde(rename = "m")]
    pub model: String,
    /// Other names that mean it there, in lower case.
    #[serde(rename = "a", default)]
    pub names: Vec<String>,
    /// Most tokens of request and answer together, or of the request where the host counts so.
    #[serde(rename = "c")]
    pub context: Option<u64>,
    /// Most tokens of an answer.
    #[serde(rename = "o")]
    pub max_output: Option<u64>,
    /// Whether the host's company made it.
    #[serde(rename = "w", default, deserialize_with = "flag")]
    pub is_makers: bool,
    /// Its list prices; the last that applies counts.
    #[serde(rename = "p", default)]
    pub prices: Vec<Price>,
    #[serde(rename = "f", default)]
    abilities: String,
}

fn flag<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    u8::deserialize(deserializer).map(|flag| flag != 0)
}

/// What a model may be able to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ability {
    /// Calls tools.
    Tools,
    /// Reads images.
    Vision,
    /// Reasons before it answers.
    Reasoning,
    /// Answers in a given JSON Schema.
    JsonSchema,
    /// Listens to audio.
    Audio,
    /// Reads PDF files.
    Pdf,
    /// Takes `temperature` and its kin.
    Sampling,
    /// Decides itself how long to think (Anthropic's `thinking: {"type": "adaptive"}`).
    AdaptiveThinking,
    /// Takes the reasoning effort `none`.
    EffortNone,
    /// Takes the reasoning effort `minimal`.
    EffortMinimal,
    /// Takes the reasoning effort `xhigh`.
    EffortXhigh,
    /// Takes the reasoning effort `max`.
    EffortMax,
}

impl Ability {
    /// Its letter in the snapshot: lower case where the model has it, upper case where it has not.
    const fn letter(self) -> char {
        match self {
            Ability::Tools => 't',
            Ability::Vision => 'v',
            Ability::Reasoning => 'r',
            Ability::JsonSchema => 'j',
            Ability::Audio => 'a',
            Ability::Pdf => 'p',
            Ability::Sampling => 's',
            Ability::AdaptiveThinking => 'd',
            Ability::EffortNone => 'n',
            Ability::EffortMinimal => 'i',
            Ability::EffortXhigh => 'x',
            Ability::EffortMax => 'm',
        }
    }
}

impl Entry {
    /// Whether the model can do this; `None` where that is not known.
    pub fn has(&self, ability: Ability) -> Option<bool> {
        let letter = ability.letter();
        self.abilities
            .chars()
            .find(|found| found.eq_ignore_ascii_case(&letter))
            .map(|found| found == letter)
    }
}

/// Whom a bare model id belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// One host: its maker's own, or the only one.
    One {
        /// The host, as a built-in row names it.
        host: &'static str,
        /// The model, as that host names it.
        model: &'static str,
    },
    /// Several hosts, and none is its maker's own.
    Several(Vec<&'static str>),
}

/// A package that facts were taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its name on PyPI.
    pub package: &'static str,
    /// The version that was read.
    pub version: &'static str,
}

/// The model that this name means at this host, by its own id or another name for it.
pub fn find(host: &str, model: &str) -> Option<&'static Entry> {
    let hosts = &SNAPSHOT.hosts;
    hosts.iter().find(|known| known.name == host)?.find(model)
}

/// The host's own id of the model that this name means there; `None` where the name is not listed.
pub fn alternative(host: &str, model: &str) -> Option<&'static str> {
    find(host, model).map(|entry| entry.model.as_str())
}

/// The host of a model that is named without one.
pub fn bare(model: &str) -> Option<Owner> {
    let mut found = Vec::new();
    for host in &SNAPSHOT.hosts {
        if let Some(entry) = host.find(model) {
            if entry.is_makers {
                return Some(Owner::One {
                    host: host.name,
                    model: &entry.model,
                });
            }
            found.push((host.name, entry));
        }
    }
    match found.as_slice() {
        [] => None,
        [(host, entry)] => Some(Owner::One {
            host,
            model: &entry.model,
        }),
        several => Some(Owner::Several(
            several.iter().map(|(host, _)| *host).collect(),
        )),
    }
}

/// The ids and other names of the models that are served by their makers: what a bare id is likely to be.
pub fn bare_names() -> impl Iterator<Item = &'static str> {
    let hosts = SNAPSHOT.hosts.iter();
    hosts
        .flat_map(|host| host.listing().entries.iter())
        .filter(|entry| entry.is_makers)
        .flat_map(|entry| std::iter::once(&entry.model).chain(&entry.names))
        .map(String::as_str)
}

/// The day the snapshot was made, as `YYYY-MM-DD`.
pub fn date() -> &'static str {
    SNAPSHOT.date
}

/// What the snapshot was made from.
pub fn sources() -> &'static [Source] {
    &SNAPSHOT.sources
}

static SNAPSHOT: LazyLock<Snapshot> = LazyLock::new(Snapshot::open);

/// The file, and as much of it as was asked for.
#[derive(Default)]
struct Snapshot {
    date: &'static str,
    sources: Vec<Source>,
    /// In the order of the file: makers first, so that a bare id mostly reads few of them.
    hosts: Vec<Host>,
}

struct Host {
    name: &'static str,
    text: &'static str,
    listing: OnceLock<Listing>,
}

struct Listing {
    /// In the order of their ids.
    entries: Vec<Entry>,
    /// Places in that list by other name.
    names: HashMap<String, usize>,
}

impl Snapshot {
    fn open() -> Snapshot {
        #[derive(Deserialize)]
        struct File {
            date: &'static str,
            sources: HashMap<&'static str, &'static str>,
            #[serde(borrow)]
            hosts: Vec<(&'static str, &'static RawValue)>,
        }
        static TEXT: LazyLock<String> = LazyLock::new(|| {
            let mut text = String::new();
            let packed: &[u8] = include_bytes!("snapshot.json.gz");
            match flate2::read::GzDecoder::new(packed).read_to_string(&mut text) {
                Ok(_) => text,
                Err(_) => String::new(),
            }
        });
        // The file is part of the build, and the tests read all of it: no error is lost here.
        let Ok(file) = serde_json::from_str::<File>(&TEXT) else {
            return Snapshot::default();
        };
        let sources = file.sources.into_iter();
        let hosts = file.hosts.into_iter().map(|(name, text)| Host {
            name,
            text: text.get(),
            listing: OnceLock::new(),
        });
        let mut snapshot = Snapshot {
            date: file.date,
            sources: sources
                .map(|(package, version)| Source { package, version })
                .collect(),
            hosts: hosts.collect(),
        };
        snapshot.sources.sort_by_key(|source| source.package);
        snapshot
    }
}

impl Host {
    fn listing(&self) -> &Listing {
        self.listing.get_or_init(|| {
            let entries: Vec<Entry> = serde_json::from_str(self.text).unwrap_or_default();
            let mut names = HashMap::new();
            for (place, entry) in entries.iter().enumerate() {
                names.extend(entry.names.iter().map(|name| (name.clone(), place)));
            }
            Listing { entries, names }
        })
    }

    fn find(&self, model: &str) -> Option<&Entry> {
        let Listing { entries, names } = self.listing();
        let place = entries
            .binary_search_by(|entry| entry.model.as_str().cmp(model))
            .ok()
            .or_else(|| names.get(model).copied())
            .or_else(|| {
                // Other names are kept in lower case alone.
                let has_upper = model.bytes().any(|byte| byte.is_ascii_uppercase());
                has_upper.then(|| names.get(&model.to_ascii_lowercase()).copied())?
            })?;
        entries.get(place)
    }
}

#[cfg(test)]
#[path = "snapshot_tests.rs"]
mod tests;
