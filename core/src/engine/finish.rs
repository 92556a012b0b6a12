//! The end of a call: from the provider's reply to the completion the caller gets.

use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::attempt::{Answer, cut_before_output, redact};
use super::attempts::{AttemptEntry, millis};
use super::call::{Call, Keep};
use super::dispatch::{Place, Won};
use super::record::{self, Unkept};
use super::recorder::block_on;
use crate::catalogue;
use crate::chat::{ChatCompletion, Cost, Meta, StreamHead, Timing};
use crate::clock;
use crate::error::{Error, ErrorKind, Result};
use crate::provider::{Credentials, Reply, ReplyHead, Target};
use crate::route::{Candidate, Trial};
use crate::stream::{Accumulator, Finished, Finisher, Live, Opened};
use crate::transport::BoxFuture;

/// What stays of the winning attempt while its answer is read.
pub(super) struct Ending {
    call: Arc<Call>,
    candidate: Candidate,
    place: Place,
    entry: Option<AttemptEntry>,
    trial: Option<Trial>,
    credentials: Credentials,
    answered: Instant,
    id: String,
    created: i64,
    /// Set where the caller has seen, or will see, output as it comes.
    streamed: bool,
}

impl Ending {
    /// Splits a won attempt into its answer and what is needed at its end.
    pub(super) fn of(call: Arc<Call>, won: Won, head: &ReplyHead, streamed: bool) -> Self {
        if call.keep == Keep::Everything
            && let Some(params) = &won.candidate.target().params
        {
            // Set once: one attempt wins.
            let _ = call.params.set(params.clone());
        }
        Ending {
            call,
            candidate: won.candidate,
            place: won.place,
            entry: Some(won.entry),
            trial: Some(won.trial),
            credentials: won.credentials,
            answered: won.answered,
            id: head
                .id
                .clone()
                .filter(|id| !id.is_empty())
                .unwrap_or_else(made_up_id),
            created: head.created.unwrap_or_else(clock::unix_seconds),
            streamed,
        }
    }

    /// What all chunks of the stream share.
    pub(super) fn head(&self) -> StreamHead {
        StreamHead {
            id: self.id.clone(),
            created: self.created,
            model: self.candidate.target().name(),
            session_id: self.call.session_id.clone(),
            completion_ids: self.call.completion_ids.clone(),
        }
    }

    /// The completion for a complete reply.
    pub(super) fn complete(mut self, reply: Reply) -> Result<ChatCompletion> {
        if reply.choices.is_empty() {
            let message = "the provider's answer held no choices";
            return Err(self.failed(Error::new(ErrorKind::InvalidResponse, message), None));
        }
        if let Some(usage) = &reply.usage {
            self.place.settle(usage.total_tokens);
        }
        if let Some(entry) = self.entry.take() {
            entry.succeed();
        }
        Ok(self.build(reply))
    }

    fn build(self, mut reply: Reply) -> ChatCompletion {
        let Ending {
            call,
            candidate,
            answered,
            id,
            created,
            streamed,
            ..
        } = self;
        let target = candidate.target();
        let name = target.name();
        for choice in &mut reply.choices {
            choice.completion_id = call
                .completion_ids
                .get(choice.index as usize)
                .cloned()
                .unwrap_or_default();
            choice.model.clone_from(&name);
        }
        let (attempts, warnings, queued) = call.log.summary();
        let told = reply.head.cost.take();
        let cost = told.or_else(|| list_price(target, &reply, created));
        ChatCompletion {
            id,
            created,
            model: name,
            choices: reply.choices,
            usage: reply.usage,
            system_fingerprint: reply.head.system_fingerprint,
            service_tier: reply.head.service_tier,
            session_id: call.session_id.clone(),
            meta: Meta {
                provider: target.provider.name.clone(),
                model: target.model.clone(),
                provider_model: reply.head.model,
                attempts,
                prompt: call.prompt.clone(),
                campaign: call.campaign.clone(),
                timing: Timing {
                    queue_ms: millis(queued),
                    ttft_ms: (streamed || call.streams_upstream())
                        .then(|| millis(answered - call.started)),
                    total_ms: millis(call.started.elapsed()),
                },
                cost,
                warnings,
                recording_id: None,
            },
            extra: reply.head.extra,
        }
    }

    /// The error for an answer that broke off.
    pub(super) fn failed(mut self, error: Error, partial: Option<Reply>) -> Error {
        let target = self.candidate.target();
        let mut error = error.with_target(&target.provider.name, &target.model);
        error = redact(error, &self.credentials);
        let entry = self.entry.take();
        if error.kind() == ErrorKind::Cancelled {
            // A dropped attempt is logged as cancelled.
            drop(entry);
        } else {
            if self.streamed {
                error = interrupted(error);
            }
            if let Some(trial) = self.trial.take() {
                trial.fail(error.kind());
            }
            if let Some(entry) = entry {
                entry.fail(&error);
            }
        }
        error.data_mut().attempts = self.call.log.attempts();
        let partial = partial.filter(|partial| !partial.choices.is_empty());
        error.data_mut().partial = partial.map(|partial| Box::new(self.build(partial)));
        error
    }
}

impl Finisher for Ending {
    fn complete(self: Box<Self>, reply: Reply) -> Finished {
        let call = self.call.clone();
        match (*self).complete(reply) {
            Err(mut error) => {
                record::failed(&call, &mut error);
                Finished::Now(Err(error))
            }
            Ok(answer) if call.turn.is_some() => {
                let kept = kept(call, answer);
                Finished::Later(Box::pin(async move { kept.await.map_err(interrupted) }))
            }
            Ok(mut answer) => {
                record::answered(&call, &mut answer, None);
                Finished::Now(Ok(Box::new(answer)))
            }
        }
    }

    fn fail(self: Box<Self>, error: Error, partial: Reply) -> Error {
        let call = self.call.clone();
        let mut error = self.failed(error, Some(partial));
        record::failed(&call, &mut error);
        error
    }
}

/// The end of a call with a whole answer: in a session its turn is appended, and then it is recorded.
pub(super) async fn ended(call: Arc<Call>, mut answer: ChatCompletion) -> Result<ChatCompletion> {
    if call.turn.is_some() {
        return kept(call, answer).await;
    }
    record::answered(&call, &mut answer, None);
    Ok(answer)
}

/// The end of a call in a session, begun at once by a task of its own: the turn is kept and the call recorded
/// whether or not somebody waits. Who does waits as long as the call may take.
fn kept(call: Arc<Call>, answer: ChatCompletion) -> BoxFuture<'static, Result<ChatCompletion>> {
    let deadline = call.deadline;
    let partial = answer.clone();
    let (told, outcome) = oneshot::channel();
    let turn = call.turn.as_ref();
    let appending = turn.and_then(|turn| {
        // A store that cannot be opened has no turn under way: appending says so.
        let opened = call.core.state.opened().ok()?;
        Some(opened.pending.begin(turn.session()))
    });
    apart(async move {
        let ended = append(&call, answer).await;
        drop(appending);
        // The engine may end with this call, before anybody hears of it.
        drop(call);
        let _ = told.send(ended);
    });
    Box::pin(async move {
        match tokio::time::timeout_at(deadline, outcome).await {
            Ok(Ok(ended)) => ended,
            Ok(Err(_)) => Err(Error::new(
                ErrorKind::Internal,
                "the end of the call was given up: its runtime was shut down",
            )),
            Err(_) => {
                let message = "the store took no turn of the session in time (`timeout_ms`): \
                               the answer is in `partial`, and the turn may yet be kept";
                let mut error = Error::new(ErrorKind::Timeout, message)
                    .with_detail("deadline", "total")
                    .with_retryable(false);
                let data = error.data_mut();
                data.attempts.clone_from(&partial.meta.attempts);
                data.partial = Some(Box::new(partial));
                Err(error)
            }
        }
    })
}

/// Runs to its end by itself, on the runtime or, where there is none, on a thread.
fn apart(work: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn(work);
        return;
    }
    let thread = std::thread::Builder::new().name("slugline-end".to_owned());
    if let Err(error) = thread.spawn(move || block_on(work)) {
        tracing::warn!("the end of a call was given up: no thread for it: {error}");
    }
}

/// Appends the turn and records the call. Where the turn is lost the answer is in the error's `partial`, and the
/// recording has the error's code.
async fn append(call: &Call, mut answer: ChatCompletion) -> Result<ChatCompletion> {
    let mut lost = None;
    if let Some(turn) = &call.turn {
        let with_answer = turn.with_answer(&answer);
        let unended = Unkept::watch(call, &mut answer);
        lost = turn.append(&call.core, with_answer).await.err();
        unended.ended();
    }
    record::answered(call, &mut answer, lost.as_ref().map(Error::code));
    match lost {
        None => Ok(answer),
        Some(mut error) => {
            let data = error.data_mut();
            data.attempts.clone_from(&answer.meta.attempts);
            data.partial = Some(Box::new(answer));
            Err(error)
        }
    }
}

/// An answer ready to be read as a stream.
pub(super) fn opened(call: Arc<Call>, mut won: Won) -> Opened {
    let answer = std::mem::replace(&mut won.answer, Answer::Whole(Box::default()));
    let live = match answer {
        Answer::Live(live) => *live,
        Answer::Whole(reply) => Live::whole(*reply),
    };
    let ending = Ending::of(call, won, live.head(), true);
    Opened {
        head: ending.head(),
        live,
        finisher: Box::new(ending),
    }
}

/// The whole answer, read to its end where the provider streams it.
pub(super) async fn whole(call: Arc<Call>, mut won: Won) -> Result<ChatCompletion> {
    let max_bytes = call.core.config.engine.max_answer_bytes;
    match std::mem::replace(&mut won.answer, Answer::Whole(Box::default())) {
        Answer::Whole(reply) => Ending::of(call, won, &reply.head, false).complete(*reply),
        Answer::Live(mut live) => {
            let mut all = Accumulator::new(max_bytes);
            let read = read_to_end(&mut live, &mut all).await;
            let reply = all.take(live.head().clone());
            let ending = Ending::of(call, won, live.head(), false);
            match read {
                Ok(()) => ending.complete(reply),
                Err(error) => Err(ending.failed(cut_before_output(error), Some(reply))),
            }
        }
    }
}

async fn read_to_end(live: &mut Live, all: &mut Accumulator) -> Result<()> {
    loop {
        while let Some(delta) = live.pop() {
            all.push(&delta)?;
        }
        if !std::future::poll_fn(|cx| live.poll_fill(cx)).await? {
            return Ok(());
        }
    }
}

/// After the first delta every failure has one code; what it would have been is in `details.cause`.
fn interrupted(mut error: Error) -> Error {
    let data = error.data_mut();
    if data.kind != ErrorKind::StreamInterrupted {
        data.details
            .insert("cause".to_owned(), data.kind.code().into());
        data.kind = ErrorKind::StreamInterrupted;
    }
    data.retryable = false;
    error
}

/// The cost by list prices, where the catalogue knows the model; never 0 for unknown.
fn list_price(target: &Target, reply: &Reply, at: i64) -> Option<Cost> {
    let entry = catalogue::find(&target.provider.preset, &target.model)?;
    let tier = reply.head.service_tier.as_deref();
    catalogue::cost(&entry.prices, reply.usage.as_ref()?, tier, at)
}

fn made_up_id() -> String {
    format!("chatcmpl-{}", uuid::Uuid::new_v4().simple())
}
