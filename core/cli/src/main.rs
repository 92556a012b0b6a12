//! The command line of Slugline.
fn main() {}
