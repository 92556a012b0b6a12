//! What the tests of this dialect share.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use serde_json::Value;

use super::OpenAi;
use crate::provider::{Carrier, KeySource, Network, Provider, Quirks, Target};

/// A target with these quirks.
pub(in crate::provider) fn target(name: &str, quirks: &str) -> Target {
    Target {
        provider: Arc::new(Provider {
            name: name.to_owned(),
            preset: String::new(),
            dialect: Arc::new(OpenAi),
            base_url: "https://host.example/v1".to_owned(),
            key: KeySource::None,
            key_required: false,
            headers: Vec::new(),
            quirks: serde_json::from_str(quirks).unwrap(),
            region: None,
            project: None,
            location: None,
            api_version: None,
            organization: None,
            max_concurrency: None,
            rpm: None,
            tpm: None,
            share: 1,
            timeout_ms: None,
            network: Network::default(),
            carrier: Carrier::Network,
        }),
        model: "m".to_owned(),
        params: None,
    }
}

/// A target of a built-in host.
pub(super) fn preset(name: &str, model: &str) -> Target {
    let quirks = Value::Object(crate::config::preset(name).unwrap().quirks.clone());
    let mut target = target(name, &quirks.to_string());
    target.model = model.to_owned();
    target
}

pub(super) fn edit(target: &mut Target) -> &mut Provider {
    Arc::get_mut(&mut target.provider).unwrap()
}

#[test]
fn the_quirks_of_every_host_can_be_read() {
    for preset in crate::config::presets() {
        let quirks = Value::Object(preset.quirks.clone());
        serde_json::from_value::<Quirks>(quirks).unwrap();
    }
}
