//! What one attempt says of its target's health, said once whatever becomes of the attempt.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Health, policy};
use crate::error::ErrorKind;

/// One attempt on a target. Dropped before any output it says nothing; dropped after some, such as a
/// stream that its reader has left, that the target is well.
#[derive(Debug)]
pub struct Trial {
    health: Arc<Health>,
    stage: Stage,
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Answering,
    Told,
}

impl Trial {
    /// A call goes there.
    pub fn begin(health: Arc<Health>) -> Trial {
        health.begin(Instant::now());
        let stage = Stage::Waiting;
        Trial { health, stage }
    }

    /// The first output, or the whole answer, was there after so long.
    pub fn answer(&mut self, latency: Duration) {
        self.health.answer(latency);
        self.stage = Stage::Answering;
    }

    /// It failed. True where this cools the target down.
    pub fn fail(mut self, kind: ErrorKind) -> bool {
        // What the caller itself asked too much of says nothing.
        if policy::is_fault(kind) || kind == ErrorKind::StreamInterrupted {
            self.stage = Stage::Told;
            return self.health.fail(Instant::now());
        }
        false
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        match self.stage {
            Stage::Waiting => self.health.abandon(),
            Stage::Answering => self.health.succeed(),
            Stage::Told => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Budget, Standing};
    use super::*;

    fn health() -> Arc<Health> {
        Arc::new(Health::new(Budget::default(), Duration::from_secs(5)))
    }

    fn cut(health: &Arc<Health>) -> bool {
        let mut trial = Trial::begin(health.clone());
        trial.answer(Duration::ZERO);
        trial.fail(ErrorKind::StreamInterrupted)
    }

    #[test]
    fn a_target_that_only_begins_answers_is_not_well() {
        let health = health();
        let cooled: Vec<bool> = (0..5).map(|_| cut(&health)).collect();
        assert_eq!(cooled, [false, false, false, false, true]);
        assert_ne!(health.standing(Instant::now()), Standing::Ready);
    }

    #[test]
    fn a_reader_who_leaves_has_seen_it_well() {
        let health = health();
        for _ in 0..4 {
            cut(&health);
        }
        Trial::begin(health.clone()).answer(Duration::ZERO);
        assert!(!cut(&health), "the count starts anew");
    }

    #[test]
    fn the_call_s_own_fault_says_nothing() {
        let health = health();
        for _ in 0..9 {
            assert!(!Trial::begin(health.clone()).fail(ErrorKind::InvalidRequest));
        }
        assert_eq!(health.standing(Instant::now()), Standing::Ready);
    }
}
