"""The exceptions: one base, one class for each code of the contract.

Rust raises them through `make`. What to act on is the class or `code`;
messages are for people and never hold a key, a prompt or an answer.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, ClassVar

    from ._native import Attempt, ChatCompletion


_PLACE = ("file", "line", "column", "message")


class Location:
    """A place in a prompt or configuration file; lines and columns count from 1."""

    __slots__ = _PLACE

    def __init__(
        self,
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        message: int | None = None,
    ) -> None:
        self.file = file
        self.line = line
        self.column = column
        self.message = message

    def _fields(self) -> tuple[str | None, int | None, int | None, int | None]:
        return (self.file, self.line, self.column, self.message)

    def to_dict(self) -> dict[str, Any]:
        """What is known of the place."""
        fields = zip(_PLACE, self._fields(), strict=True)
        return {name: value for name, value in fields if value is not None}

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.to_dict().items())
        return f"Location({fields})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Location) and self._fields() == other._fields()

    def __hash__(self) -> int:
        return hash(self._fields())


class SluglineError(Exception):
    """What every failing call raises.

    `code` names the kind, the same word in every language. `provider`, `model`, `status`,
    `request_id` and `retry_after_ms` say who answered what; `retryable` whether the same call may
    work later; `attempts` every attempt that was made; `param` the option that is wrong;
    `location` the place in a file; `details` more facts by kind; `partial` the answer so far,
    where a stream broke off.
    """

    code: ClassVar[str] = "internal"

    message: str
    provider: str | None
    model: str | None
    status: int | None
    request_id: str | None
    retry_after_ms: int | None
    retryable: bool
    attempts: tuple[Attempt, ...]
    param: str | None
    location: Location | None
    details: dict[str, Any]
    partial: ChatCompletion | None

    def __init__(
        self,
        message: str = "",
        *,
        provider: str | None = None,
        model: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        retry_after_ms: int | None = None,
        retryable: bool = False,
        attempts: tuple[Attempt, ...] = (),
        param: str | None = None,
        location: Location | None = None,
        details: Mapping[str, Any] | None = None,
        partial: ChatCompletion | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.provider = provider
        self.model = model
        self.status = status
        self.request_id = request_id
        self.retry_after_ms = retry_after_ms
        self.retryable = retryable
        self.attempts = tuple(attempts)
        self.param = param
        self.location = location
        self.details = dict(details or {})
        self.partial = partial

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        fields = {name: getattr(self, name) for name in _FIELDS}
        notes = getattr(self, "__notes__", None)
        state = None if notes is None else {"__notes__": notes}
        return (_rebuild, (type(self), self.message, fields), state)

    def to_dict(self) -> dict[str, Any]:
        """The fields that are set, in the form of the JSON that every language gives."""
        fields: dict[str, Any] = {"code": self.code, "message": self.message}
        for name in _FIELDS:
            value = getattr(self, name)
            if name == "attempts":
                value = [attempt.to_dict() for attempt in self.attempts]
            elif name in ("location", "partial") and value is not None:
                value = value.to_dict()
            if name == "retryable" or (value is not None and value != [] and value != {}):
                fields[name] = value
        return fields


_FIELDS = (
    "provider",
    "model",
    "status",
    "request_id",
    "retry_after_ms",
    "retryable",
    "attempts",
    "param",
    "location",
    "details",
    "partial",
)


class ConfigError(SluglineError):
    """The configuration is wrong, or names a feature that is not built in."""

    code = "config_error"


class InvalidRequestError(SluglineError):
    """The call is wrong: refused here (`param` is set) or by the provider."""

    code = "invalid_request"


class NotFoundError(SluglineError):
    """A named thing does not exist here: `details["resource"]` says what, `details["near"]` what does."""

    code = "not_found"


class UnknownModelError(SluglineError):
    """No target has this model name, or the provider does not know it."""

    code = "unknown_model"


class TemplateError(SluglineError):
    """A template does not parse, or passed a limit while rendering; see `location`."""

    code = "template_error"


class MissingVariableError(SluglineError):
    """The template uses variables that were not given: `details["variables"]` lists them all."""

    code = "missing_variable"


class InvalidVariablesError(SluglineError):
    """The variables do not fit the prompt's schema: `details["problems"]` lists all problems."""

    code = "invalid_variables"


class AuthenticationError(SluglineError):
    """No key is configured (`details["env"]` names the variable), or the provider refused it."""

    code = "authentication"


class PermissionDeniedError(SluglineError):
    """The key may not do this, or the network is blocked by configuration."""

    code = "permission_denied"


class QuotaExceededError(SluglineError):
    """The account has no credit or quota left."""

    code = "quota_exceeded"


class RateLimitedError(SluglineError):
    """Too many requests or tokens for now."""

    code = "rate_limited"


class ContextLengthExceededError(SluglineError):
    """The messages do not fit the model's context window."""

    code = "context_length_exceeded"


class ContentFilteredError(SluglineError):
    """The provider refused the content."""

    code = "content_filtered"


class RequestTooLargeError(SluglineError):
    """The request is larger than the provider, or a limit here, allows."""

    code = "request_too_large"


class UnsupportedError(SluglineError):
    """The target lacks a feature without which the call would mean something else."""

    code = "unsupported"


class RequestTimeoutError(SluglineError, TimeoutError):
    """A deadline passed: the call's, a connection's, or the idle limit between events."""

    code = "timeout"


class TtftTimeoutError(SluglineError, TimeoutError):
    """No first delta came within `max_ttft_ms`."""

    code = "ttft_timeout"


class ConnectionFailedError(SluglineError, ConnectionError):
    """No answer from the network: `details["stage"]` is `dns`, `tcp`, `tls` or `http`."""

    code = "connection"


class OverloadedError(SluglineError):
    """The provider has no capacity for now."""

    code = "overloaded"


class ServerError(SluglineError):
    """The provider failed."""

    code = "server_error"


class ConflictError(SluglineError):
    """Two writers changed one thing."""

    code = "conflict"


class InvalidResponseError(SluglineError):
    """The answer cannot be read."""

    code = "invalid_response"


class StreamInterruptedError(SluglineError):
    """The answer broke off after output had come: `partial` holds what came, `details["cause"]` why."""

    code = "stream_interrupted"


class StoreError(SluglineError):
    """Storage failed, where the call itself was about storage."""

    code = "store_error"


class CancelledError(SluglineError):
    """The stream was closed before its end. (A cancelled task raises `asyncio.CancelledError`.)"""

    code = "cancelled"


class InternalError(SluglineError):
    """A bug in this library; other calls are not affected."""

    code = "internal"


_CLASSES = {kind.code: kind for kind in SluglineError.__subclasses__()}


def make(code: str, message: str, fields: dict[str, Any]) -> SluglineError:
    """The exception for what the core reports; called from Rust."""
    place = fields.get("location")
    if place is not None:
        fields["location"] = Location(*place)
    return _CLASSES[code](message, **fields)


def _rebuild(kind: type[SluglineError], message: str, fields: dict[str, Any]) -> SluglineError:
    return kind(message, **fields)
