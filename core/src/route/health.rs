//! What is known of each target: failures in a row, its retry budget, how fast it answers, its clock.
//!
//! After five failures in a row a target is skipped for `cooldown_ms`; then one call probes it
//! while the others still go past. The budget keeps retries from multiplying an outage. What one
//! attempt has to say of it comes through a [`Trial`](super::Trial).

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// So many failures in a row cool a target down.
const FAILURES: u32 = 5;
/// Weight of the newest answer in the running latency.
const NEWEST: f64 = 0.3;

/// The shared retry budget of a target: `retry` is taken for each retry, `success` given back for each success.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// The most there can be, and what there is at first.
    pub capacity: f64,
    /// Cost of a retry.
    pub retry: f64,
    /// Gain of a success.
    pub success: f64,
}

impl Default for Budget {
    fn default() -> Self {
        Budget {
            capacity: 100.0,
            retry: 10.0,
            success: 1.0,
        }
    }
}

/// The state of one target, shared by all calls of an engine.
#[derive(Debug)]
pub struct Health {
    budget: Budget,
    cooldown: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    failures: u32,
    cooled_until: Option<Instant>,
    probing: bool,
    available: f64,
    latency_ms: Option<f64>,
    clock: Option<Clock>,
}

/// How far a provider's clock is from ours.
#[derive(Debug, Clone, Copy)]
enum Clock {
    Ahead(Duration),
    Behind(Duration),
}

/// Whether a target may be called now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Yes.
    Ready,
    /// It is cooling down until then.
    Cooled(Instant),
}

impl Health {
    /// A target of which nothing is known.
    pub fn new(budget: Budget, cooldown: Duration) -> Self {
        let state = State {
            failures: 0,
            cooled_until: None,
            probing: false,
            available: budget.capacity,
            latency_ms: None,
            clock: None,
        };
        Health {
            budget,
            cooldown,
            state: Mutex::new(state),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Plain numbers: a panic elsewhere cannot have left them half written.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whether a call may go there now.
    pub fn standing(&self, now: Instant) -> Standing {
        let state = self.state();
        match state.cooled_until {
            Some(until) if now < until || state.probing => Standing::Cooled(until),
            _ => Standing::Ready,
        }
    }

    /// A call goes there: after a cooldown it is the probe, and the others still go past.
    pub fn begin(&self, now: Instant) {
        let mut state = self.state();
        if state.cooled_until.is_some_and(|until| now >= until) {
            state.probing = true;
        }
    }

    /// It gives output: others may go there again. Whether it can end an answer is not known yet.
    pub fn answer(&self, latency: Duration) {
        let mut state = self.state();
        state.cooled_until = None;
        state.probing = false;
        let new = latency.as_secs_f64() * 1000.0;
        state.latency_ms = Some(
            state
                .latency_ms
                .map_or(new, |old| old + NEWEST * (new - old)),
        );
    }

    /// It answered to the end.
    pub fn succeed(&self) {
        let mut state = self.state();
        state.failures = 0;
        state.available = (state.available + self.budget.success).min(self.budget.capacity);
    }

    /// It failed in a way that speaks of its health. True where this cools it down.
    pub fn fail(&self, now: Instant) -> bool {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        state.probing = false;
        let cools = state.failures >= FAILURES && !self.cooldown.is_zero();
        if cools {
            state.cooled_until = Some(now + self.cooldown);
        }
        cools
    }

    /// The call ended without saying anything of its health (cancelled, or the call's own fault).
    pub fn abandon(&self) {
        self.state().probing = false;
    }

    /// Takes the cost of a retry from the budget, where there is enough.
    pub fn take_retry(&self) -> bool {
        let mut state = self.state();
        let enough = state.available >= self.budget.retry;
        if enough {
            state.available -= self.budget.retry;
        }
        enough
    }

    /// Learns the provider's clock from the time it stated.
    pub fn set_clock(&self, theirs: SystemTime) {
        self.state().clock = Some(match theirs.duration_since(SystemTime::now()) {
            Ok(ahead) => Clock::Ahead(ahead),
            Err(behind) => Clock::Behind(behind.duration()),
        });
    }

    /// The time by the provider's clock, where it is known to differ from ours.
    pub fn clock(&self) -> Option<SystemTime> {
        let now = SystemTime::now();
        match self.state().clock? {
            Clock::Ahead(by) => now.checked_add(by),
            Clock::Behind(by) => now.checked_sub(by),
        }
    }

    /// The running latency to the first delta or whole answer, in milliseconds.
    pub fn latency_ms(&self) -> Option<f64> {
        self.state().latency_ms
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_cool_down_then_one_probe_goes() {
        let health = Health::new(Budget::default(), Duration::from_secs(5));
        let start = Instant::now();
        for failure in 1..=5 {
            assert_eq!(health.fail(start), failure == 5);
        }
        let until = start + Duration::from_secs(5);
        assert_eq!(health.standing(start), Standing::Cooled(until));
        assert_eq!(health.standing(until), Standing::Ready);
        health.begin(until);
        assert_eq!(
            health.standing(until),
            Standing::Cooled(until),
            "only one probe at a time"
        );
        health.answer(Duration::from_millis(10));
        assert_eq!(health.standing(until), Standing::Ready);
        assert!(health.fail(until), "an answer that breaks off is the sixth");
        health.answer(Duration::from_millis(10));
        health.succeed();
        assert!(!health.fail(until), "a whole one starts anew");
    }

    #[test]
    fn a_failed_probe_cools_again_and_an_abandoned_one_lets_the_next_go() {
        let health = Health::new(Budget::default(), Duration::from_secs(5));
        let start = Instant::now();
        (0..5).for_each(|_| {
            health.fail(start);
        });
        let later = start + Duration::from_secs(6);
        health.begin(later);
        health.abandon();
        assert_eq!(health.standing(later), Standing::Ready);
        health.begin(later);
        assert!(health.fail(later));
        assert_eq!(
            health.standing(later),
            Standing::Cooled(later + Duration::from_secs(5))
        );
    }

    #[test]
    fn a_clock_is_kept_as_a_difference() {
        let health = Health::new(Budget::default(), Duration::ZERO);
        assert!(health.clock().is_none());
        let hour = Duration::from_secs(3600);
        for theirs in [SystemTime::now() + hour, SystemTime::now() - hour] {
            health.set_clock(theirs);
            let told = health.clock().unwrap();
            assert!(told.duration_since(theirs).unwrap() < Duration::from_secs(60));
        }
    }

    #[test]
    fn the_budget_ends_and_comes_back() {
        let health = Health::new(
            Budget {
                capacity: 20.0,
                retry: 10.0,
                success: 5.0,
            },
            Duration::ZERO,
        );
        assert!(health.take_retry() && health.take_retry() && !health.take_retry());
        health.succeed();
        health.succeed();
        assert!(health.take_retry());
    }
}
