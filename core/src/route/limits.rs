//! Per-provider limits of an engine: calls at once, requests and tokens per minute.
//!
//! A call waits for its turn in order of arrival; the wait counts against its deadlines. The
//! slot is held until the answer is read, and given back when the call is dropped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::provider::Provider;

/// The limits of one provider.
#[derive(Debug)]
pub struct Limits {
    slots: Option<Arc<Semaphore>>,
    rates: Option<Rates>,
}

/// What may be sent in a minute.
#[derive(Debug)]
struct Rates {
    /// Held by the call that waits at the head of the queue; the lock is given on in order of arrival.
    turn: tokio::sync::Mutex<()>,
    buckets: Mutex<Buckets>,
}

#[derive(Debug)]
struct Buckets {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
}

/// A bucket that fills evenly over a minute. It may be overdrawn: tokens are known only afterwards.
#[derive(Debug)]
struct Bucket {
    capacity: f64,
    available: f64,
    updated: Instant,
}

/// A call's place at a provider; dropping it makes room for the next.
#[derive(Debug, Default)]
pub struct Slot {
    _permit: Option<OwnedSemaphorePermit>,
    reserved_tokens: f64,
}

impl Bucket {
    fn new(per_minute: f64, now: Instant) -> Self {
        Bucket {
            capacity: per_minute,
            available: per_minute,
            updated: now,
        }
    }

    /// How long until there is so much, nothing where there is. An amount over the capacity needs a full bucket.
    fn wait_for(&mut self, amount: f64, now: Instant) -> Duration {
        let per_second = self.capacity / 60.0;
        let elapsed = now.saturating_duration_since(self.updated).as_secs_f64();
        self.available = (self.available + elapsed * per_second).min(self.capacity);
        self.updated = now;
        let missing = amount.min(self.capacity) - self.available;
        match missing > 1e-6 {
            true => Duration::from_secs_f64(missing / per_second),
            false => Duration::ZERO,
        }
    }
}

impl Buckets {
    /// Takes one request of so many tokens, or says how long until both are there.
    fn take(&mut self, tokens: f64, now: Instant) -> Option<Duration> {
        let wait = |bucket: &mut Option<Bucket>, amount| match bucket {
            Some(bucket) => bucket.wait_for(amount, now),
            None => Duration::ZERO,
        };
        let wait = wait(&mut self.requests, 1.0).max(wait(&mut self.tokens, tokens));
        if !wait.is_zero() {
            return Some(wait);
        }
        for (bucket, amount) in [(&mut self.requests, 1.0), (&mut self.tokens, tokens)] {
            if let Some(bucket) = bucket {
                bucket.available -= amount;
            }
        }
        None
    }
}

impl Rates {
    fn buckets(&self) -> MutexGuard<'_, Buckets> {
        // Plain numbers: a panic elsewhere cannot have left them half written.
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn enter(&self, tokens: f64) {
        let _turn = self.turn.lock().await;
        loop {
            let Some(wait) = self.buckets().take(tokens, Instant::now()) else {
                return;
            };
            tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
        }
    }
}

impl Limits {
    /// The limits of this provider, divided among `share` engines; `None` where it has none.
    pub fn of(provider: &Provider) -> Option<Limits> {
        if provider.max_concurrency.is_none() && provider.rpm.is_none() && provider.tpm.is_none() {
            return None;
        }
        let now = Instant::now();
        let share = provider.share.max(1);
        let bucket = |limit: Option<u32>| {
            limit.map(|limit| Bucket::new((f64::from(limit) / f64::from(share)).max(1.0), now))
        };
        let buckets = Buckets {
            requests: bucket(provider.rpm),
            tokens: bucket(provider.tpm),
        };
        let limited = buckets.requests.is_some() || buckets.tokens.is_some();
        Some(Limits {
            slots: provider
                .max_concurrency
                .map(|limit| Arc::new(Semaphore::new((limit / share).max(1) as usize))),
            rates: limited.then(|| Rates {
                turn: tokio::sync::Mutex::new(()),
                buckets: Mutex::new(buckets),
            }),
        })
    }

    /// Waits for a place for a request that is estimated to need `tokens`.
    pub async fn enter(&self, tokens: u64) -> Slot {
        let permit = match &self.slots {
            Some(slots) => slots.clone().acquire_owned().await.ok(),
            None => None,
        };
        let tokens = tokens as f64;
        if let Some(rates) = &self.rates {
            rates.enter(tokens).await;
        }
        Slot {
            _permit: permit,
            reserved_tokens: tokens,
        }
    }

    /// Corrects the estimate by what the call really used.
    pub fn settle(&self, slot: &mut Slot, used_tokens: u64) {
        let Some(rates) = &self.rates else { return };
        if let Some(bucket) = &mut rates.buckets().tokens {
            let used = used_tokens as f64;
            bucket.available =
                (bucket.available + slot.reserved_tokens - used).min(bucket.capacity);
            slot.reserved_tokens = used;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn buckets(requests: Option<f64>, tokens: Option<f64>, now: Instant) -> Buckets {
        let bucket = |limit: Option<f64>| limit.map(|limit| Bucket::new(limit, now));
        Buckets {
            requests: bucket(requests),
            tokens: bucket(tokens),
        }
    }

    #[test]
    fn a_bucket_fills_over_a_minute() {
        let start = Instant::now();
        let mut limits = buckets(None, Some(60.0), start);
        assert_eq!(limits.take(60.0, start), None);
        assert_eq!(limits.take(2.0, start), Some(Duration::from_secs(2)));
        assert_eq!(limits.take(2.0, start + Duration::from_secs(2)), None);
    }

    #[test]
    fn more_than_the_capacity_needs_a_full_bucket_and_overdraws_it() {
        let start = Instant::now();
        let mut limits = buckets(None, Some(60.0), start);
        assert_eq!(limits.take(90.0, start), None);
        assert_eq!(limits.take(1.0, start), Some(Duration::from_secs(31)));
    }

    #[test]
    fn a_request_that_waits_for_tokens_is_not_counted_yet() {
        let start = Instant::now();
        let mut limits = buckets(Some(1.0), Some(60.0), start);
        limits.tokens.as_mut().unwrap().available = 0.0;
        assert_eq!(limits.take(3.0, start), Some(Duration::from_secs(3)));
        assert_eq!(limits.take(3.0, start + Duration::from_secs(3)), None);
        let next = limits.take(0.0, start + Duration::from_secs(3));
        assert_eq!(next, Some(Duration::from_secs(60)));
    }

    #[tokio::test(start_paused = true)]
    async fn calls_wait_in_order_of_arrival() {
        let rates = Arc::new(Rates {
            turn: tokio::sync::Mutex::new(()),
            buckets: Mutex::new(buckets(None, Some(60.0), Instant::now())),
        });
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut calls = tokio::task::JoinSet::new();
        // The last would find what it needs while the large one before it still waits.
        for (name, tokens) in [("first", 60.0), ("large", 30.0), ("small", 1.0)] {
            let (rates, order) = (rates.clone(), order.clone());
            calls.spawn(async move {
                rates.enter(tokens).await;
                order.lock().unwrap().push(name);
            });
            tokio::task::yield_now().await;
        }
        while calls.join_next().await.is_some() {}
        assert_eq!(*order.lock().unwrap(), ["first", "large", "small"]);
    }
}
