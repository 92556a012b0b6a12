//! Where a call goes: which targets in which order ([`Router`]), when one is tried again
//! ([`policy`]), what is known of each ([`Health`]) and how much a provider may get ([`Limits`]).

mod health;
mod limits;
pub mod policy;
mod router;

pub use health::{Budget, Health, Standing};
pub use limits::{Limits, Slot};
pub use router::{Candidate, Router};
