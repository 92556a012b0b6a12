//! From frames to chunks: a [`ChatStream`] reads the wire as fast as its reader pulls, and an
//! [`Accumulator`] adds the deltas up to the answer that a call without streaming would have given.

mod accumulate;

pub use accumulate::Accumulator;
