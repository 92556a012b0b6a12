//! The one attempt loop: targets in order, retries by policy, the first-delta deadline, hedging.
//!
//! Up to the first output everything here is invisible to the caller; after it nothing is
//! tried again. Cancelling is dropping: each attempt's socket, slot and log line go with it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::attempt::{self, Answer, Encoded};
use super::attempts::AttemptEntry;
use super::call::Call;
use crate::chat::Warning;
use crate::error::{Error, ErrorKind, Result};
use crate::route::{Candidate, Health, Limits, Slot, policy};

/// The attempt that answered, with what it holds until the answer is read.
pub(super) struct Won {
    pub(super) candidate: Candidate,
    pub(super) answer: Answer,
    pub(super) place: Place,
    pub(super) entry: AttemptEntry,
    /// When the first output, or the whole answer, was there.
    pub(super) answered: Instant,
}

/// A slot at a provider with limits, or nothing where it has none.
#[derive(Debug, Default)]
pub(super) struct Place(Option<(Arc<Limits>, Slot)>);

impl Place {
    /// Tells the limits what the call really used.
    pub(super) fn settle(&mut self, used_tokens: u64) {
        if let Some((limits, slot)) = &mut self.0 {
            limits.settle(slot, used_tokens);
        }
    }
}

/// Gives the call to its targets, in order, until one answers.
pub(super) async fn dispatch(call: &Call, candidates: &[Candidate]) -> Result<Won> {
    match call.hedge_after {
        Some(after) if candidates.len() > 1 => race(call, candidates, after).await,
        _ => in_order(call, candidates).await,
    }
}

async fn in_order(call: &Call, candidates: &[Candidate]) -> Result<Won> {
    let mut rest = candidates.iter().peekable();
    while let Some(candidate) = rest.next() {
        match on_target(call, candidate).await {
            Ok(won) => return Ok(won),
            Err(error) if rest.peek().is_some() && moves_on(call, candidate, &error) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::new(
        ErrorKind::UnknownModel,
        "no target is left for this call",
    ))
}

/// The next target starts beside the others when `after` has passed without a first output, or at
/// once when one fails and no other is running. The first output wins; the others are dropped.
async fn race(call: &Call, candidates: &[Candidate], after: Duration) -> Result<Won> {
    let mut waiting = candidates.iter();
    let mut running = FuturesUnordered::new();
    let mut start = |running: &mut FuturesUnordered<_>| match waiting.next() {
        Some(candidate) => {
            running.push(async move { (candidate, on_target(call, candidate).await) });
            true
        }
        None => false,
    };
    start(&mut running);
    let mut next_at = Instant::now() + after;
    let mut more = true;
    loop {
        tokio::select! {
            ended = running.next() => match ended {
                Some((_, Ok(won))) => return Ok(won),
                Some((candidate, Err(error))) => {
                    if !running.is_empty() {
                        continue;
                    }
                    if !moves_on(call, candidate, &error) || !start(&mut running) {
                        return Err(error);
                    }
                    next_at = Instant::now() + after;
                }
                None => return Err(Error::new(ErrorKind::UnknownModel, "no target is left for this call")),
            },
            () = sleep_until(next_at), if more => {
                more = start(&mut running);
                next_at = Instant::now() + after;
            }
        }
    }
}

/// Whether the next target gets the call after this error.
fn moves_on(call: &Call, candidate: &Candidate, error: &Error) -> bool {
    if Instant::now() >= call.deadline || !policy::falls_back(error, candidate.fallback_on()) {
        return false;
    }
    if error.kind() == ErrorKind::Authentication {
        // A wrong key would otherwise stay unnoticed for as long as the next target works.
        let message = format!("{}: {error}", candidate.target().name());
        call.log.warn(Warning {
            code: "fallback_authentication".to_owned(),
            param: None,
            message,
        });
    }
    true
}

/// All tries on one target.
async fn on_target(call: &Call, candidate: &Candidate) -> Result<Won> {
    let target = candidate.target();
    let begun = Instant::now();
    let ttft_limit = candidate.max_ttft.map(|limit| begun + limit);
    let limit = match target.provider.timeout_ms {
        Some(own) if call.own.timeout_ms.is_none() => {
            call.deadline.min(begun + Duration::from_millis(own))
        }
        _ => call.deadline,
    };
    let first_by = ttft_limit.map_or(limit, |ttft| ttft.min(limit));
    let encoded = match encode(call, candidate) {
        Ok(encoded) => encoded,
        Err(error) => {
            let error = error.with_target(&target.provider.name, &target.model);
            call.log.begin(target, Duration::ZERO).fail(&error);
            return Err(error);
        }
    };
    let mut waited = Duration::ZERO;
    let mut retry = 0;
    loop {
        let queued = Instant::now();
        let Ok(place) = timeout_at(first_by, enter(candidate, &encoded)).await else {
            let error = late(call, candidate, ttft_limit, limit);
            call.log
                .begin(target, waited + queued.elapsed())
                .fail(&error);
            return Err(error);
        };
        let queued = queued.elapsed();
        call.log.queued(queued);
        let entry = call.log.begin(target, waited + queued);
        let trial = Trial::begin(&candidate.health);
        let tried = attempt::attempt(call, target, &encoded, retry, limit, &entry);
        let error = match timeout_at(first_by, tried).await {
            Ok(Ok(answer)) => {
                let answered = Instant::now();
                trial.succeed(answered - begun);
                return Ok(Won {
                    candidate: candidate.clone(),
                    answer,
                    place,
                    entry,
                    answered,
                });
            }
            Ok(Err(error)) => error,
            Err(_) => late(call, candidate, ttft_limit, limit),
        };
        entry.fail(&error);
        trial.fail(&error);
        drop(place);
        let wait = match policy::backoff(&error, retry, Instant::now(), first_by) {
            Some(wait) if retry < call.max_retries && candidate.health.take_retry() => wait,
            _ => return Err(error),
        };
        sleep(wait).await;
        waited = wait;
        retry += 1;
    }
}

fn encode(call: &Call, candidate: &Candidate) -> Result<Encoded> {
    let options = call.options_for(candidate.target());
    let mut warnings = Vec::new();
    let stream = call.streams_upstream();
    let encoded = attempt::encode(
        &call.messages,
        &options,
        candidate.target(),
        stream,
        call.policy,
        &mut warnings,
    )?;
    warnings
        .into_iter()
        .for_each(|warning| call.log.warn(warning));
    Ok(encoded)
}

async fn enter(candidate: &Candidate, encoded: &Encoded) -> Place {
    match &candidate.limits {
        None => Place(None),
        Some(limits) => {
            // Four bytes a token: near enough, and put right when the provider has counted.
            let slot = limits.enter(encoded.body_bytes() as u64 / 4).await;
            Place(Some((limits.clone(), slot)))
        }
    }
}

/// The error for whichever deadline has passed.
fn late(call: &Call, candidate: &Candidate, ttft: Option<Instant>, limit: Instant) -> Error {
    let target = candidate.target();
    let error = match ttft {
        Some(ttft) if ttft < limit => {
            let ms = candidate.max_ttft.unwrap_or_default().as_millis();
            let message = format!(
                "{} gave no first delta within {ms} ms (`max_ttft_ms`)",
                target.name()
            );
            Error::new(ErrorKind::TtftTimeout, message)
        }
        _ => {
            let ms = limit.saturating_duration_since(call.started).as_millis();
            let message = format!(
                "{} gave no answer within {ms} ms (`timeout_ms`)",
                target.name()
            );
            Error::new(ErrorKind::Timeout, message).with_detail("deadline", "total")
        }
    };
    error.with_target(&target.provider.name, &target.model)
}

/// What an attempt says of its target's health; dropped without an outcome it says nothing.
struct Trial<'a>(Option<&'a Health>);

impl<'a> Trial<'a> {
    fn begin(health: &'a Health) -> Self {
        health.begin(Instant::now());
        Trial(Some(health))
    }

    fn succeed(mut self, latency: Duration) {
        if let Some(health) = self.0.take() {
            health.succeed(latency);
        }
    }

    fn fail(mut self, error: &Error) {
        if let Some(health) = self.0.take() {
            if policy::is_fault(error.kind()) {
                health.fail(Instant::now());
            } else {
                health.abandon();
            }
        }
    }
}

impl Drop for Trial<'_> {
    fn drop(&mut self) {
        if let Some(health) = self.0 {
            health.abandon();
        }
    }
}
