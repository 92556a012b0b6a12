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
use super::finish;
use crate::chat::{ChatCompletion, Warning};
use crate::error::{Error, ErrorKind, Result};
use crate::provider::Credentials;
use crate::route::{Candidate, Limits, Slot, Trial, policy};

/// The attempt that answered, with what it holds until the answer is read.
pub(super) struct Won {
    pub(super) candidate: Candidate,
    pub(super) answer: Answer,
    pub(super) place: Place,
    pub(super) entry: AttemptEntry,
    pub(super) trial: Trial,
    /// What must not show in an error that comes later.
    pub(super) credentials: Credentials,
    /// Which try on its target it was, from 0.
    pub(super) retry: u32,
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

/// Where the tries on a target stand.
#[derive(Debug, Clone, Copy, Default)]
struct Tries {
    /// So many were made.
    retry: u32,
    /// So long was waited before the next.
    waited: Duration,
}

/// Gives the call to its targets, in order, until one has answered to the end. A streamed answer
/// that breaks off is a failure like any other here: the caller has seen nothing of it.
pub(super) async fn whole(call: &Arc<Call>, candidates: &[Candidate]) -> Result<ChatCompletion> {
    let mut rest = candidates;
    let mut tries = Tries::default();
    loop {
        let won = dispatch(call, rest, tries).await?;
        let (winner, retry) = (won.candidate.clone(), won.retry);
        let error = match finish::whole(call.clone(), won).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let is_winner = |candidate: &Candidate| Arc::ptr_eq(&candidate.health, &winner.health);
        let place = rest.iter().position(is_winner).unwrap_or_default();
        if let Some(wait) = back_off(call, &winner, &error, retry, call.deadline) {
            sleep(wait).await;
            tries.retry = retry + 1;
            tries.waited = wait;
            rest = rest.get(place..).unwrap_or_default();
        } else {
            tries = Tries::default();
            rest = rest.get(place + 1..).unwrap_or_default();
            if rest.is_empty() || !moves_on(call, &winner, &error) {
                return Err(error);
            }
        }
    }
}

/// Gives the call to its targets, in order, until one answers.
pub(super) async fn first(call: &Call, candidates: &[Candidate]) -> Result<Won> {
    dispatch(call, candidates, Tries::default()).await
}

async fn dispatch(call: &Call, candidates: &[Candidate], tries: Tries) -> Result<Won> {
    let outcome = match call.hedge_after {
        Some(after) if candidates.len() > 1 => race(call, candidates, tries, after).await,
        _ => in_order(call, candidates, tries).await,
    };
    outcome.map_err(|mut error| {
        error.data_mut().attempts = call.log.attempts();
        error
    })
}

async fn in_order(call: &Call, candidates: &[Candidate], mut tries: Tries) -> Result<Won> {
    let mut rest = candidates.iter();
    while let Some(candidate) = rest.next() {
        let last = rest.as_slice().is_empty();
        match on_target(call, candidate, std::mem::take(&mut tries), last).await {
            Ok(won) => return Ok(won),
            Err(error) if !last && moves_on(call, candidate, &error) => {}
            Err(error) => return Err(error),
        }
    }
    Err(none_left())
}

/// The next target starts beside the others when `after` has passed without a first output, or at
/// once when one fails and no other is running. The first output wins; the others are dropped.
async fn race(
    call: &Call,
    candidates: &[Candidate],
    mut tries: Tries,
    after: Duration,
) -> Result<Won> {
    let mut waiting = candidates.iter();
    let mut running = FuturesUnordered::new();
    let mut start = |running: &mut FuturesUnordered<_>| match waiting.next() {
        Some(candidate) => {
            let tries = std::mem::take(&mut tries);
            let last = waiting.as_slice().is_empty();
            running.push(async move { (candidate, on_target(call, candidate, tries, last).await) });
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
                None => return Err(none_left()),
            },
            () = sleep_until(next_at), if more => {
                more = start(&mut running);
                next_at = Instant::now() + after;
            }
        }
    }
}

pub(super) fn none_left() -> Error {
    Error::new(ErrorKind::UnknownModel, "no target is left for this call")
}

/// Whether the next target gets the call after this error.
fn moves_on(call: &Call, candidate: &Candidate, error: &Error) -> bool {
    if Instant::now() >= call.deadline || !policy::falls_back(error, candidate.fallback_on()) {
        return false;
    }
    if error.kind() == ErrorKind::Authentication {
        // A wrong key would otherwise stay unnoticed for as long as the next target works.
        let name = candidate.target().name();
        let message = match error.data().status {
            // Without the provider's words, which may repeat what was sent: the warning is recorded.
            Some(status) => format!("{name} refused its key with status {status}"),
            None => format!("{name}: {error}"),
        };
        call.log.warn(Warning {
            code: "fallback_authentication".to_owned(),
            param: None,
            message,
        });
    }
    true
}

/// How long to wait before the next try on this target, where there is to be one.
fn back_off(
    call: &Call,
    candidate: &Candidate,
    error: &Error,
    retry: u32,
    deadline: Instant,
) -> Option<Duration> {
    let wait = policy::backoff(error, retry, Instant::now(), deadline)?;
    (retry < call.max_retries && candidate.health.take_retry()).then_some(wait)
}

/// All tries on one target. Where it is not the `last`, a target that cools down is left at once.
async fn on_target(call: &Call, candidate: &Candidate, tries: Tries, last: bool) -> Result<Won> {
    let target = candidate.target();
    let limits = Deadlines::of(call, candidate);
    let encoded = match encode(call, candidate) {
        Ok(encoded) => encoded,
        Err(error) => {
            let error = error.with_target(&target.provider.name, &target.model);
            call.log.begin(target, Duration::ZERO).fail(&error);
            return Err(error);
        }
    };
    let Tries {
        mut retry,
        mut waited,
    } = tries;
    let mut clock_is_set = false;
    loop {
        let Ok((place, queued)) = timeout_at(limits.first, enter(candidate, &encoded)).await else {
            let error = limits.passed(call, candidate);
            let queued = limits.begun.elapsed();
            call.log.begin(target, waited + queued).fail(&error);
            return Err(error);
        };
        call.log.queued(queued);
        let entry = call.log.begin(target, waited + queued);
        let mut trial = Trial::begin(candidate.health.clone());
        let tried = attempt::attempt(call, candidate, &encoded, retry, limits.total, &entry);
        let error = match timeout_at(limits.first, tried).await {
            Ok(Ok((answer, credentials))) => {
                let answered = Instant::now();
                trial.answer(answered - limits.begun);
                return Ok(Won {
                    candidate: candidate.clone(),
                    answer,
                    place,
                    entry,
                    trial,
                    credentials,
                    retry,
                    answered,
                });
            }
            Ok(Err(error)) => error,
            Err(_) => limits.passed(call, candidate),
        };
        entry.fail(&error);
        let cooled = trial.fail(error.kind());
        drop(place);
        if !clock_is_set && let Some(theirs) = target.provider.dialect.server_time(&error) {
            // Our clock was wrong, not the request: once more, by theirs.
            clock_is_set = true;
            waited = Duration::ZERO;
            candidate.health.set_clock(theirs);
            continue;
        }
        if cooled && !last {
            return Err(error);
        }
        let Some(wait) = back_off(call, candidate, &error, retry, limits.first) else {
            return Err(error);
        };
        sleep(wait).await;
        waited = wait;
        retry += 1;
    }
}

/// Until when a target may do what.
struct Deadlines {
    begun: Instant,
    /// The first delta, with every try before it; never after `total`.
    first: Instant,
    /// Everything.
    total: Instant,
}

impl Deadlines {
    fn of(call: &Call, candidate: &Candidate) -> Deadlines {
        let begun = Instant::now();
        let total = match candidate.target().provider.timeout_ms {
            Some(own) if call.own.timeout_ms.is_none() => {
                call.deadline.min(begun + Duration::from_millis(own))
            }
            _ => call.deadline,
        };
        let first = candidate.max_ttft.map(|limit| begun + limit);
        Deadlines {
            begun,
            first: first.map_or(total, |first| first.min(total)),
            total,
        }
    }

    /// The error for whichever of them has passed.
    fn passed(&self, call: &Call, candidate: &Candidate) -> Error {
        let target = candidate.target();
        let name = target.name();
        let error = if self.first < self.total {
            let ms = (self.first - self.begun).as_millis();
            let message = format!("{name} gave no first delta within {ms} ms (`max_ttft_ms`)");
            Error::new(ErrorKind::TtftTimeout, message)
        } else {
            let (from, whose) = match self.total < call.deadline {
                true => (self.begun, "`timeout_ms` of its provider"),
                false => (call.started, "`timeout_ms`"),
            };
            let ms = (self.total - from).as_millis();
            let message = format!("{name} gave no answer within {ms} ms ({whose})");
            Error::new(ErrorKind::Timeout, message).with_detail("deadline", "total")
        };
        error.with_target(&target.provider.name, &target.model)
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

/// A place at the provider, and how long was waited for it.
async fn enter(candidate: &Candidate, encoded: &Encoded) -> (Place, Duration) {
    match &candidate.limits {
        None => (Place(None), Duration::ZERO),
        Some(limits) => {
            let queued = Instant::now();
            // Four bytes a token: near enough, and put right when the provider has counted.
            let slot = limits.enter(encoded.body_bytes() as u64 / 4).await;
            (Place(Some((limits.clone(), slot))), queued.elapsed())
        }
    }
}
