//! What is known of models: a dated snapshot of ids, other names, limits, abilities and list prices,
//! by host as the built-in rows name them.
//!
//! [`find`] and [`alternative`] look a model up at one host, [`bare`] finds the host of an id without
//! one, [`cost`] prices an answer. The snapshot is embedded and read when it is first asked; nothing
//! here touches the network. `build.py` makes a new one.

mod price;
mod snapshot;

pub use price::{Price, Rates, cost};
pub use snapshot::{
    Ability, Entry, Owner, Source, alternative, bare, bare_names, date, find, sources,
};
