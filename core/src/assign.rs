//! Assignment of a unit (a user, a session) to a share of traffic and to an arm.
//!
//! Pure: the same key gives the same arm in every process, language and release, with no
//! store and no coordination. Campaigns and the variants of a prompt both draw here; what
//! the key is, and who is eligible, is decided by the caller.

use sha2::{Digest, Sha256};

/// Which of the two separate draws of a campaign is made. They are separate so that raising
/// the share of traffic moves nobody between arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Draw {
    /// Whether the unit takes part.
    Traffic,
    /// Which arm it gets.
    Arm,
}

impl Draw {
    /// The word that is hashed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Draw::Traffic => "traffic",
            Draw::Arm => "arm",
        }
    }
}

/// The unit's number in `[0, 1)`: SHA-256 over the draw's word, `id`, `salt` and `key`, each
/// but the last followed by a zero byte; of it the first 8 bytes, big-endian, shifted right by
/// 11 and divided by 2^53.
///
/// `id` is the campaign's key, for a prompt with variants its slug.
pub fn draw(kind: Draw, id: &str, salt: &str, key: &str) -> f64 {
    let mut hash = Sha256::new();
    for part in [kind.as_str(), id, salt] {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update(key.as_bytes());
    let mut first = [0u8; 8];
    for (to, from) in first.iter_mut().zip(hash.finalize()) {
        *to = from;
    }
    // 53 bits, so the conversion is exact.
    (u64::from_be_bytes(first) >> 11) as f64 / (1u64 << 53) as f64
}

/// Whether the unit takes part in a campaign that wants this share of traffic (0 to 1).
pub fn takes_part(id: &str, salt: &str, key: &str, share: f64) -> bool {
    draw(Draw::Traffic, id, salt, key) < share
}

/// The arm a unit gets among `(name, weight)` pairs, in any order.
///
/// Arms stand in byte order of their names on a line as long as the sum of the weights. An arm
/// whose weight is 0, negative or not finite gets nobody; `None` where no arm is left.
pub fn arm<'a>(id: &str, salt: &str, key: &str, arms: &[(&'a str, f64)]) -> Option<&'a str> {
    let mut arms: Vec<(&str, f64)> = arms
        .iter()
        .copied()
        .filter(|(_, weight)| weight.is_finite() && *weight > 0.0)
        .collect();
    arms.sort_unstable_by(|a, b| a.0.as_bytes().cmp(b.0.as_bytes()));
    let sum: f64 = arms.iter().map(|(_, weight)| weight).sum();
    let point = draw(Draw::Arm, id, salt, key) * sum;
    let mut reached = 0.0;
    for (name, weight) in &arms {
        reached += weight;
        if point < reached {
            return Some(name);
        }
    }
    // Rounding may leave the last sum a hair under the point.
    arms.last().map(|(name, _)| *name)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn shares_follow_the_weights() {
        let arms = [("plain", 90.0), ("warm", 10.0), ("off", 0.0)];
        let mut warm = 0;
        for n in 0..10_000 {
            match arm("greet", "s", &n.to_string(), &arms) {
                Some("warm") => warm += 1,
                Some("plain") => {}
                other => panic!("{other:?}"),
            }
        }
        assert!((900..1100).contains(&warm), "{warm}");
    }

    #[test]
    fn order_does_not_matter_and_scale_does_not_either() {
        for n in 0..200 {
            let key = n.to_string();
            let a = arm("c", "", &key, &[("a", 1.0), ("b", 3.0)]);
            assert_eq!(a, arm("c", "", &key, &[("b", 3.0), ("a", 1.0)]));
            assert_eq!(a, arm("c", "", &key, &[("b", 0.75), ("a", 0.25)]));
        }
    }

    #[test]
    fn raising_the_split_only_adds() {
        for n in 0..500 {
            let key = n.to_string();
            if takes_part("c", "", &key, 0.2) {
                assert!(takes_part("c", "", &key, 0.6));
            }
            assert!(!takes_part("c", "", &key, 0.0));
            assert!(takes_part("c", "", &key, 1.0));
        }
    }

    #[test]
    fn nobody_without_weight() {
        assert_eq!(arm("c", "", "k", &[]), None);
        assert_eq!(arm("c", "", "k", &[("a", 0.0), ("b", f64::NAN)]), None);
        assert_eq!(
            arm(
                "c",
                "",
                "k",
                &[("a", 0.0), ("b", f64::INFINITY), ("d", 1.0)]
            ),
            Some("d")
        );
    }
}
