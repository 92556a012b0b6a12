//! When a store next looks for what is too old: with the first write, then once a minute at most. So what
//! is past its time goes also where nothing is recorded.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Between two looks, in milliseconds.
const EVERY_MS: u64 = 60_000;

/// The time of the next look.
#[derive(Debug)]
pub(super) struct Upkeep {
    opened: Instant,
    /// Milliseconds after opening.
    next: AtomicU64,
}

impl Default for Upkeep {
    fn default() -> Self {
        Upkeep {
            opened: Instant::now(),
            next: AtomicU64::new(0),
        }
    }
}

impl Upkeep {
    /// Whether it is time; `true` for one of those who ask at once.
    pub(super) fn is_due(&self) -> bool {
        self.is_due_at(self.now())
    }

    /// It is being done.
    pub(super) fn done(&self) {
        self.next.store(self.now() + EVERY_MS, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX - EVERY_MS)
    }

    fn is_due_at(&self, now: u64) -> bool {
        let next = self.next.load(Ordering::Relaxed);
        let order = Ordering::Relaxed;
        now >= next
            && self
                .next
                .compare_exchange(next, now + EVERY_MS, order, order)
                .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_at_first_and_once_a_minute() {
        let upkeep = Upkeep::default();
        let due: Vec<u64> = (0..200_000)
            .step_by(10_000)
            .filter(|now| upkeep.is_due_at(*now))
            .collect();
        assert_eq!(due, [0, 60_000, 120_000, 180_000]);
        upkeep.done();
        assert!(!upkeep.is_due());
    }
}
