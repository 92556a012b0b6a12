//! The store in one SQLite file, safe to share with other processes.
//!
//! `worker` owns the threads: one that writes, one that reads, each with its connection and nothing
//! else. `open` looks at the place before anything is touched, `schema` brings the file up to date,
//! `row`, `filter`, `write`, `turns` and `sums` are the statements, `guest` runs the user's own, `stop` ends them.
//! `docs/recordings.md` is the schema as other tools may read it.

mod error;
mod filter;
mod guest;
mod in_use;
mod open;
mod place;
mod query;
mod row;
mod schema;
mod sqlite_store;
mod stop;
mod sums;
mod turns;
mod worker;
mod write;

pub use sqlite_store::SqliteStore;
