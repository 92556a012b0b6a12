//! The store: one suite of behaviour that every implementation passes (`behaviour`), what a file must
//! do beyond it (`file`), and what holds between processes (`processes`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

mod campaigns;
mod counts;
mod erasure;
mod feedback;
mod file;
mod processes;
mod recordings;
mod sample;
mod sessions;
mod simulation;
mod sql;

use std::sync::Arc;

use slugline::store::{MemoryStore, Retention, SqliteStore, Store};

/// Runs a case on every store, each empty and kept by these rules.
async fn on_each(retention: Retention, case: impl AsyncFn(Arc<dyn Store>)) {
    println!("in memory");
    case(Arc::new(MemoryStore::new(retention))).await;
    println!("in SQLite");
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("slugline.db"), retention).unwrap();
    let store: Arc<dyn Store> = Arc::new(store);
    case(store.clone()).await;
    store.close().await.unwrap();
}

/// Runs a case on every store, each empty.
async fn on_each_store(case: impl AsyncFn(Arc<dyn Store>)) {
    on_each(Retention::default(), case).await;
}
