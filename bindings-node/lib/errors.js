// The errors: one base, one class for each code of the contract. What to act on is the class or
// `code`; messages are for people and never hold a key, a prompt or an answer.

import { ChatCompletion } from './types.js';

/** What every failing call rejects with. */
export class SluglineError extends Error {
  static code = 'internal';

  constructor(message = '', fields = {}) {
    const { cause, ...rest } = fields;
    super(message, cause === undefined ? undefined : { cause });
    this.code = new.target.code;
    this.retryable = false;
    this.attempts = [];
    this.details = {};
    Object.assign(this, rest);
  }

  /** The canonical JSON, the same in every language: names in snake_case, absent fields left out. */
  toJSON() {
    const json = { code: this.code, message: this.message };
    for (const [field, name] of FIELDS) {
      const value = this[field];
      const empty =
        value === undefined ||
        (field === 'attempts' && value.length === 0) ||
        (field === 'details' && Object.keys(value).length === 0);
      if (!empty) json[name] = value;
    }
    return json;
  }
}

/** Fields here and in JSON. */
const FIELDS = [
  ['provider', 'provider'],
  ['model', 'model'],
  ['requestId', 'request_id'],
  ['param', 'param'],
  ['status', 'status'],
  ['retryAfterMs', 'retry_after_ms'],
  ['retryable', 'retryable'],
  ['attempts', 'attempts'],
  ['location', 'location'],
  ['details', 'details'],
  ['partial', 'partial'],
];

/** The configuration is wrong, or names a feature that is not built in. */
export class ConfigError extends SluglineError {
  static code = 'config_error';
}

/** The call is wrong: refused here (`param` is set) or by the provider. */
export class InvalidRequestError extends SluglineError {
  static code = 'invalid_request';
}

/** A named thing does not exist here: `details.resource` says what, `details.near` what does. */
export class NotFoundError extends SluglineError {
  static code = 'not_found';
}

/** No target has this model name, or the provider does not know it. */
export class UnknownModelError extends SluglineError {
  static code = 'unknown_model';
}

/** A template does not parse, or passed a limit while rendering; see `location`. */
export class TemplateError extends SluglineError {
  static code = 'template_error';
}

/** The template uses variables that were not given: `details.variables` lists them all. */
export class MissingVariableError extends SluglineError {
  static code = 'missing_variable';
}

/** The variables do not fit: `details.problems` lists everything that is against the schema. */
export class InvalidVariablesError extends SluglineError {
  static code = 'invalid_variables';
}

/** No key is configured (`details.env` names the variable), or the provider refused it. */
export class AuthenticationError extends SluglineError {
  static code = 'authentication';
}

/** The key may not do this, or the network is blocked by configuration. */
export class PermissionDeniedError extends SluglineError {
  static code = 'permission_denied';
}

/** The account has no credit or quota left. */
export class QuotaExceededError extends SluglineError {
  static code = 'quota_exceeded';
}

/** Too many requests or tokens for now. */
export class RateLimitedError extends SluglineError {
  static code = 'rate_limited';
}

/** The messages do not fit the model's context window. */
export class ContextLengthExceededError extends SluglineError {
  static code = 'context_length_exceeded';
}

/** The provider refused the content. */
export class ContentFilteredError extends SluglineError {
  static code = 'content_filtered';
}

/** The request is larger than the provider, or a limit here, allows. */
export class RequestTooLargeError extends SluglineError {
  static code = 'request_too_large';
}

/** The target lacks a feature without which the call would mean something else. */
export class UnsupportedError extends SluglineError {
  static code = 'unsupported';
}

/** A deadline passed: the call's, a connection's, or the idle limit between events. */
export class RequestTimeoutError extends SluglineError {
  static code = 'timeout';
}

/** No first delta came within `max_ttft_ms`. */
export class TtftTimeoutError extends SluglineError {
  static code = 'ttft_timeout';
}

/** No answer from the network: `details.stage` is `dns`, `tcp`, `tls` or `http`. */
export class ConnectionFailedError extends SluglineError {
  static code = 'connection';
}

/** The provider has no capacity for now. */
export class OverloadedError extends SluglineError {
  static code = 'overloaded';
}

/** The provider failed. */
export class ServerError extends SluglineError {
  static code = 'server_error';
}

/** Two writers changed one thing. */
export class ConflictError extends SluglineError {
  static code = 'conflict';
}

/** The answer cannot be read. */
export class InvalidResponseError extends SluglineError {
  static code = 'invalid_response';
}

/** The answer broke off after output had come: `partial` holds what came, `details.cause` why. */
export class StreamInterruptedError extends SluglineError {
  static code = 'stream_interrupted';
}

/** Storage failed, where the call itself was about storage. */
export class StoreError extends SluglineError {
  static code = 'store_error';
}

/** The stream was closed before its end. (An aborted signal rejects with its own reason.) */
export class CancelledError extends SluglineError {
  static code = 'cancelled';
}

/** A bug in this library; other calls are not affected. */
export class InternalError extends SluglineError {
  static code = 'internal';
}

// As the names of JavaScript's own errors: not enumerable, and free to be set on one.
function named(kind) {
  Object.defineProperty(kind.prototype, 'name', { value: kind.name, writable: true, configurable: true });
  return kind;
}

const CLASSES = new Map(
  [
    ConfigError, InvalidRequestError, NotFoundError, UnknownModelError, TemplateError,
    MissingVariableError, InvalidVariablesError, AuthenticationError, PermissionDeniedError,
    QuotaExceededError, RateLimitedError, ContextLengthExceededError, ContentFilteredError,
    RequestTooLargeError, UnsupportedError, RequestTimeoutError, TtftTimeoutError,
    ConnectionFailedError, OverloadedError, ServerError, ConflictError, InvalidResponseError,
    StreamInterruptedError, StoreError, CancelledError, InternalError,
  ].map((kind) => [kind.code, named(kind)]),
);
named(SluglineError);

/** What our own code threw is kept here while a native error refers to it. */
export const raised = new Map();

/** The error for what the native module threw. */
export function fromNative(thrown) {
  let read;
  try {
    read = JSON.parse(thrown.message);
  } catch {
    return new InternalError(thrown.message, { cause: thrown });
  }
  return fromJSON(read.error, raised.get(read.raised) ?? (read.cause && new Error(read.cause)));
}

/** The error for its canonical JSON. */
export function fromJSON(json, cause) {
  const fields = { cause };
  for (const [field, name] of FIELDS) {
    if (json[name] !== undefined) fields[field] = json[name];
  }
  if (fields.partial) fields.partial = new ChatCompletion(fields.partial);
  return new (CLASSES.get(json.code) ?? InternalError)(json.message, fields);
}
