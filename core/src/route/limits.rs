//! Per-provider limits of an engine: calls at once, requests and tokens per minute.
//!
//! A call waits for its turn in order of arrival; the wait counts against its deadlines. The
//! slot is held until the answer is read, and given back when the call is dropped.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::provider::Provider;

/// The limits of one provider.
#[derive(Debug)]
pub struct Limits {
    slots: Option<Arc<Semaphore>>,
    requests: Option<Mutex<Bucket>>,
    tokens: Option<Mutex<Bucket>>,
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

    /// Takes `amount`, or says how long until there is enough. An amount over the capacity needs a full bucket.
    fn take(&mut self, amount: f64, now: Instant) -> Option<Duration> {
        let per_second = self.capacity / 60.0;
        let elapsed = now.saturating_duration_since(self.updated).as_secs_f64();
        self.available = (self.available + elapsed * per_second).min(self.capacity);
        self.updated = now;
        let needed = amount.min(self.capacity);
        if self.available + 1e-6 >= needed {
            self.available -= amount;
            return None;
        }
        Some(Duration::from_secs_f64(
            (needed - self.available) / per_second,
        ))
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
            limit.map(|limit| {
                Mutex::new(Bucket::new(
                    (f64::from(limit) / f64::from(share)).max(1.0),
                    now,
                ))
            })
        };
        Some(Limits {
            slots: provider
                .max_concurrency
                .map(|limit| Arc::new(Semaphore::new((limit / share).max(1) as usize))),
            requests: bucket(provider.rpm),
            tokens: bucket(provider.tpm),
        })
    }

    /// Waits for a place for a request that is estimated to need `tokens`.
    pub async fn enter(&self, tokens: u64) -> Slot {
        let permit = match &self.slots {
            Some(slots) => slots.clone().acquire_owned().await.ok(),
            None => None,
        };
        let tokens = tokens as f64;
        wait_for(self.requests.as_ref(), 1.0).await;
        wait_for(self.tokens.as_ref(), tokens).await;
        Slot {
            _permit: permit,
            reserved_tokens: tokens,
        }
    }

    /// Corrects the estimate by what the call really used.
    pub fn settle(&self, slot: &mut Slot, used_tokens: u64) {
        let Some(tokens) = &self.tokens else { return };
        let mut bucket = tokens
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        bucket.available =
            (bucket.available + slot.reserved_tokens - used_tokens as f64).min(bucket.capacity);
        slot.reserved_tokens = used_tokens as f64;
    }
}

async fn wait_for(bucket: Option<&Mutex<Bucket>>, amount: f64) {
    let Some(bucket) = bucket else { return };
    loop {
        let wait = bucket
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take(amount, Instant::now());
        match wait {
            None => return,
            Some(wait) => tokio::time::sleep(wait.max(Duration::from_millis(1))).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_fills_over_a_minute() {
        let start = Instant::now();
        let mut bucket = Bucket::new(60.0, start);
        assert_eq!(bucket.take(60.0, start), None);
        assert_eq!(bucket.take(2.0, start), Some(Duration::from_secs(2)));
        assert_eq!(bucket.take(2.0, start + Duration::from_secs(2)), None);
    }

    #[test]
    fn more_than_the_capacity_needs_a_full_bucket_and_overdraws_it() {
        let start = Instant::now();
        let mut bucket = Bucket::new(60.0, start);
        assert_eq!(bucket.take(90.0, start), None);
        assert_eq!(bucket.take(1.0, start), Some(Duration::from_secs(31)));
    }
}
