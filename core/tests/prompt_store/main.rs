//! Prompts in folders: layouts, environments, versions, variants, reload, safety, publishing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod layout;
mod memory;
mod publish;
mod reload;

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use slugline::prompt::{
    Address, FileStore, PromptInfo, PromptStore, PromptWriter, RenderPrompt, StoreOptions,
};
use slugline::{Error, ErrorKind};

struct Root(tempfile::TempDir);

impl Root {
    fn new(files: &[(&str, &str)]) -> Root {
        let root = Root(tempfile::tempdir().unwrap());
        for (path, text) in files {
            root.write(path, text);
        }
        root
    }

    fn workspaces(files: &[(&str, &str)]) -> Root {
        let root = Root::new(files);
        root.write("promptroot.yaml", "layout: workspaces\n");
        root
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path().join(path)).unwrap()
    }

    fn store(&self) -> FileStore {
        self.store_with(StoreOptions::default())
    }

    fn store_with(&self, options: StoreOptions) -> FileStore {
        FileStore::open(self.path(), options).unwrap()
    }
}

fn at(text: &str) -> Address {
    Address::parse(text).unwrap()
}

fn source(store: &FileStore, address: &str) -> String {
    store.load(&at(address)).unwrap().source.to_string()
}

/// The first message of a rendered prompt.
fn text(store: &FileStore, address: &str, variables: serde_json::Value) -> String {
    let variables = variables.as_object().cloned().unwrap();
    let prompt = store.load(&at(address)).unwrap();
    let rendered = prompt.render(&RenderPrompt::new(&variables)).unwrap();
    rendered.messages[0].text()
}

fn fails(store: &FileStore, address: &str) -> Error {
    store.load(&at(address)).unwrap_err()
}

fn detail<'a>(error: &'a Error, key: &str) -> &'a serde_json::Value {
    &error.data().details[key]
}

fn info<'a>(list: &'a [PromptInfo], slug: &str) -> &'a PromptInfo {
    list.iter().find(|info| info.slug == slug).unwrap()
}
