//! An address: which prompt a call means, before a store has looked.

use super::slug::{self, Slug};
use crate::{Error, Result};

/// The environment a call means that names none.
pub const DEFAULT_ENVIRONMENT: &str = "production";

/// Slug, environment, version and variant of the prompt a call means.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// The slug as the caller wrote it; a store may complete missing leading parts.
    pub slug: Slug,
    /// The environment; `production` when absent. Says nothing where `version` is given.
    pub environment: Option<String>,
    /// A version by number, which wins over the environment.
    pub version: Option<u64>,
    /// A variant by name; when absent the caller assigns one of [`Prompt::variants`](super::Prompt::variants).
    pub variant: Option<String>,
}

impl Address {
    /// The prompt with this slug in `production`.
    pub fn new(slug: &str) -> Result<Address> {
        Ok(Address {
            slug: Slug::parse(slug)?,
            environment: None,
            version: None,
            variant: None,
        })
    }

    /// Reads `SLUG`, `SLUG@ENVIRONMENT` or `SLUG@VERSION`.
    pub fn parse(text: &str) -> Result<Address> {
        let Some((slug, at)) = text.split_once('@') else {
            return Address::new(text);
        };
        let address = Address::new(slug)?;
        if !at.is_empty() && at.bytes().all(|b| b.is_ascii_digit()) {
            let version = at
                .parse()
                .map_err(|_| Error::invalid("version", "the version number is too large"))?;
            return Ok(address.version(version));
        }
        address.environment(at)
    }

    /// Names the environment: a segment without dots.
    pub fn environment(mut self, environment: &str) -> Result<Address> {
        if !slug::is_label(environment) {
            return Err(Error::invalid(
                "environment",
                format!(
                    "the environment {} is not allowed: letters, digits, `_` and `-` only",
                    slug::shown(environment)
                ),
            ));
        }
        self.environment = Some(environment.to_owned());
        Ok(self)
    }

    /// Names the version.
    #[must_use]
    pub fn version(mut self, version: u64) -> Address {
        self.version = Some(version);
        self
    }

    /// Names the variant.
    #[must_use]
    pub fn variant(mut self, variant: impl Into<String>) -> Address {
        self.variant = Some(variant.into());
        self
    }

    /// The environment this address means where it names no version.
    pub fn environment_or_default(&self) -> &str {
        self.environment.as_deref().unwrap_or(DEFAULT_ENVIRONMENT)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_short_form() {
        assert_eq!(Address::parse("a/b").unwrap(), Address::new("a/b").unwrap());
        assert_eq!(
            Address::parse("a@staging").unwrap().environment.as_deref(),
            Some("staging")
        );
        assert_eq!(Address::parse("a@12").unwrap().version, Some(12));
        for wrong in [
            "a@",
            "a@x/y",
            "a@../x",
            "a@x.y",
            "a@99999999999999999999999",
        ] {
            assert!(Address::parse(wrong).is_err(), "{wrong}");
        }
    }
}
