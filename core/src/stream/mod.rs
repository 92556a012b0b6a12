//! From frames to chunks: a [`ChatStream`] reads the wire as fast as its reader pulls, and an
//! [`Accumulator`] adds the deltas up to the answer that a call without streaming would have given.

mod accumulate;
mod cancel;
mod chat_stream;
mod live;
mod whole;

pub use accumulate::Accumulator;
pub use cancel::CancelHandle;
#[cfg(feature = "runtime")]
pub(crate) use chat_stream::cancelled;
pub use chat_stream::{BATCH, ChatStream};
pub(crate) use chat_stream::{Finished, Finisher, Opened};
pub(crate) use live::Live;
