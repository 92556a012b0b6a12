//! State: sessions, recordings, feedback, and what is counted over them.
//!
//! The last step of the flow. A [`Recording`] is the row of one call, a [`Session`] the turns that
//! `engine.session` puts before new messages, a [`Feedback`] what people said of an answer.
//! One trait, [`Store`], and one suite of behaviour for all that implement it: [`MemoryStore`] here,
//! and `SqliteStore`, behind the feature `sqlite`. What is recorded, and when, is decided by `engine`; nothing here knows a provider.

mod cursor;
mod feedback;
mod filter;
mod memory;
mod recording;
mod report;
mod session;
#[cfg(feature = "sqlite")]
mod sqlite;
mod statistics;
mod totals;
mod traits;
mod upkeep;
mod usage;

pub use feedback::{Feedback, FeedbackValue};
pub use filter::{Filter, Page, RecordingQuery};
pub use memory::MemoryStore;
pub use recording::Recording;
pub use report::{ArmReport, ArmTotals, CampaignQuery, CampaignReport, Comparison, MetricTotals};
pub use session::{Session, SessionTurn};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;
pub use traits::{Retention, Store};
pub use usage::{CostTotal, UsageGroup, UsageQuery, UsageRow};
