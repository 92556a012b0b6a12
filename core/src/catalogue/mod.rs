//! What is known of models: a dated snapshot.

/// The host of a bare model id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// One.
    One {
        /// The host, as a built-in row names it.
        host: &'static str,
        /// The model, as that host names it.
        model: &'static str,
    },
    /// Several, and none is the maker's own.
    Several(Vec<&'static str>),
}

/// The host's own id of a model that is known by another name.
pub fn alternative(_host: &str, _name: &str) -> Option<&'static str> {
    None
}

/// The host of a bare model id.
pub fn bare(_model: &str) -> Option<Owner> {
    None
}

/// Every bare model id.
pub fn bare_names() -> impl Iterator<Item = &'static str> {
    std::iter::empty()
}
