//! Where a call goes: which targets in which order ([`Router`]), when one is tried again
//! ([`policy`]), what is known of each ([`Health`], by what each [`Trial`] says) and how much a provider may get ([`Limits`]).

mod health;
mod limits;
pub mod policy;
mod router;
mod trial;

pub use health::{Budget, Health, Standing};
pub use limits::{Limits, Slot};
pub use router::{Candidate, Router};
pub use trial::Trial;
