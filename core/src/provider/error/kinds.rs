//! From what a provider says to a kind: the dialect's own rules, then the words and phrases that all hosts share,
//! then the status.

use super::{ErrorRules, Facts};
use crate::error::ErrorKind;
use crate::error::ErrorKind::*;

/// Words that decide whatever the status.
const WORDS: &[(&str, ErrorKind)] = &[
    ("context_length_exceeded", ContextLengthExceeded),
    ("context_window_exceeded", ContextLengthExceeded),
    ("model_context_window_exceeded", ContextLengthExceeded),
    ("exceed_context_size_error", ContextLengthExceeded),
    ("insufficient_quota", QuotaExceeded),
    ("insufficient_balance", QuotaExceeded),
    ("insufficient_credits", QuotaExceeded),
    ("exceeded_current_quota_error", QuotaExceeded),
    ("billing_error", QuotaExceeded),
    ("billing_not_active", QuotaExceeded),
    ("billing_hard_limit_reached", QuotaExceeded),
    ("content_filter", ContentFiltered),
    ("content_policy_violation", ContentFiltered),
    ("responsibleaipolicyviolation", ContentFiltered),
    ("data_inspection_failed", ContentFiltered),
    ("flagged_input", ContentFiltered),
    ("invalid_api_key", Authentication),
    ("api_key_invalid", Authentication),
    ("incorrect_api_key", Authentication),
    ("model_not_found", UnknownModel),
    ("deploymentnotfound", UnknownModel),
    ("overloaded_error", Overloaded),
    ("engine_overloaded_error", Overloaded),
];

/// Words that say no more than a status does; for errors that have none.
const WORDS_FOR_STATUS: &[(&str, ErrorKind)] = &[
    ("invalid_request_error", InvalidRequest),
    ("invalid_argument", InvalidRequest),
    ("failed_precondition", InvalidRequest),
    ("tool_use_failed", InvalidRequest),
    ("badrequesterror", InvalidRequest),
    ("authentication_error", Authentication),
    ("unauthenticated", Authentication),
    ("permission_error", PermissionDenied),
    ("permission_denied", PermissionDenied),
    ("not_found_error", UnknownModel),
    ("not_found", UnknownModel),
    ("request_too_large", RequestTooLarge),
    ("rate_limit_error", RateLimited),
    ("rate_limit_exceeded", RateLimited),
    ("resource_exhausted", RateLimited),
    ("requests", RateLimited),
    ("tokens", RateLimited),
    ("timeout_error", Timeout),
    ("deadline_exceeded", Timeout),
    ("unavailable", Overloaded),
    ("service_unavailable", Overloaded),
    ("aborted", Conflict),
    ("unimplemented", Unsupported),
    ("server_error", ServerError),
    ("api_error", ServerError),
    ("internal", ServerError),
    ("internal_error", ServerError),
    ("internal_server_error", ServerError),
];

/// Phrases of messages with status 400, 403, 413, 422 or none, for hosts whose words do not tell.
const PHRASES: &[(&str, ErrorKind)] = &[
    ("maximum context length", ContextLengthExceeded),
    ("context length", ContextLengthExceeded),
    ("context window", ContextLengthExceeded),
    ("available context size", ContextLengthExceeded),
    ("prompt is too long", ContextLengthExceeded),
    ("input is too long", ContextLengthExceeded),
    ("prompt too long", ContextLengthExceeded),
    ("maximum prompt length", ContextLengthExceeded),
    ("reduce the length of the messages", ContextLengthExceeded),
    ("input token count", ContextLengthExceeded),
    ("too many input tokens", ContextLengthExceeded),
    ("token limit", ContextLengthExceeded),
    ("`inputs` tokens + ", ContextLengthExceeded),
    ("credit balance is too low", QuotaExceeded),
    ("insufficient balance", QuotaExceeded),
    ("insufficient credits", QuotaExceeded),
    ("api key not valid", Authentication),
    ("incorrect api key", Authentication),
    ("invalid api key", Authentication),
    ("content management policy", ContentFiltered),
    ("input was flagged", ContentFiltered),
];

pub(super) fn kind(status: Option<u16>, facts: &Facts, rules: &ErrorRules) -> ErrorKind {
    let by_word = |table: &[(&str, ErrorKind)]| {
        facts.words.iter().find_map(|word| {
            let same = |(known, _): &&(&str, _)| known.eq_ignore_ascii_case(word);
            table.iter().find(same).map(|(_, kind)| *kind)
        })
    };
    let message = facts.message.to_lowercase();
    let by_phrase = |table: &[(&str, ErrorKind)]| {
        let said = |(phrase, _): &&(&str, _)| message.contains(phrase);
        table.iter().find(said).map(|(_, kind)| *kind)
    };
    let may_tell_more = matches!(status.or(facts.status), None | Some(400 | 403 | 413 | 422));
    let by_status = |status: u16| {
        let own = rules.statuses.iter().find(|(known, _)| *known == status);
        own.map_or_else(|| of_status(status), |(_, kind)| *kind)
    };
    by_word(rules.words)
        .or_else(|| by_phrase(rules.phrases))
        .or_else(|| by_word(WORDS))
        .or_else(|| by_phrase(PHRASES).filter(|_| may_tell_more))
        .or_else(|| status.map(by_status))
        .or_else(|| by_word(WORDS_FOR_STATUS))
        .or_else(|| facts.status.map(by_status))
        .unwrap_or(ServerError)
}

fn of_status(status: u16) -> ErrorKind {
    match status {
        401 => Authentication,
        402 => QuotaExceeded,
        403 => PermissionDenied,
        404 => UnknownModel,
        408 | 504 => Timeout,
        409 => Conflict,
        413 => RequestTooLarge,
        429 => RateLimited,
        424 | 499 => ServerError,
        // Groq's word for flex capacity; Cohere's meaning is in its own rules.
        498 | 503 | 529 => Overloaded,
        501 => Unsupported,
        300..=499 => InvalidRequest,
        _ => ServerError,
    }
}
