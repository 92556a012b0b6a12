"""Slugline: an embedded prompt engine.

    from slugline import Engine

    engine = Engine(prompts="prompts")
    print(engine.run_prompt("greet", {"name": "Ada"}).text)

`Engine` waits, `AsyncEngine` is awaited; both stream. Errors are `SluglineError`s. Types for
annotations are in `slugline.types`.
"""

from __future__ import annotations

from ._async_engine import AsyncEngine
from ._async_recordings import AsyncRecordings
from ._async_session import AsyncSession
from ._engine import Engine
from ._errors import (
    AuthenticationError,
    CancelledError,
    ConfigError,
    ConflictError,
    ConnectionFailedError,
    ContentFilteredError,
    ContextLengthExceededError,
    InternalError,
    InvalidRequestError,
    InvalidResponseError,
    InvalidVariablesError,
    Location,
    MissingVariableError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitedError,
    RequestTimeoutError,
    RequestTooLargeError,
    ServerError,
    SluglineError,
    StoreError,
    StreamInterruptedError,
    TemplateError,
    TtftTimeoutError,
    UnknownModelError,
    UnsupportedError,
)
from ._native import (
    AsyncChatStream,
    ChatCompletion,
    ChatCompletionChunk,
    ChatStream,
    Message,
    Meta,
    ProviderRequest,
    RenderedPrompt,
    ToolCall,
    Usage,
    __version__,
)
from ._parts import file, image
from ._recordings import Recordings
from ._session import Session

__all__ = [
    "AsyncChatStream",
    "AsyncEngine",
    "AsyncRecordings",
    "AsyncSession",
    "AuthenticationError",
    "CancelledError",
    "ChatCompletion",
    "ChatCompletionChunk",
    "ChatStream",
    "ConfigError",
    "ConflictError",
    "ConnectionFailedError",
    "ContentFilteredError",
    "ContextLengthExceededError",
    "Engine",
    "InternalError",
    "InvalidRequestError",
    "InvalidResponseError",
    "InvalidVariablesError",
    "Location",
    "Message",
    "Meta",
    "MissingVariableError",
    "NotFoundError",
    "OverloadedError",
    "PermissionDeniedError",
    "ProviderRequest",
    "QuotaExceededError",
    "RateLimitedError",
    "Recordings",
    "RenderedPrompt",
    "RequestTimeoutError",
    "RequestTooLargeError",
    "ServerError",
    "Session",
    "SluglineError",
    "StoreError",
    "StreamInterruptedError",
    "TemplateError",
    "ToolCall",
    "TtftTimeoutError",
    "UnknownModelError",
    "UnsupportedError",
    "Usage",
    "__version__",
    "file",
    "image",
]
