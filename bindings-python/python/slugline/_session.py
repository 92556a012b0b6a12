"""A session for synchronous callers: calls that see its earlier turns and add theirs."""

from __future__ import annotations

from . import _native
from ._verbs import takes_messages, takes_slug

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping, Sequence
    from typing import Any, Literal

    from ._native import ChatCompletion, ChatStream, Message
    from .types import (
        Label,
        MessageParam,
        Messages,
        Model,
        ReasoningEffort,
        ResponseFormat,
        StreamOptions,
        Tool,
        ToolChoice,
    )

# Signatures are kept in groups of related options.
# fmt: off


class Session:
    """A session of an engine, from `Engine.session`: the conversation so far goes into each call."""

    __slots__ = ("_core",)

    _core: _native.SessionCore

    def __init__(self, core: _native.Core, id: str) -> None:
        self._core = _native.SessionCore(core, id)

    @property
    def id(self) -> str:
        """Its id."""
        return self._core.id

    @takes_messages("chat")
    def chat(
        self, messages: Messages, *,
        model: Model | None = None, project: str | None = None,
        temperature: float | None = None, top_p: float | None = None, top_k: int | None = None,
        frequency_penalty: float | None = None, presence_penalty: float | None = None,
        seed: int | None = None, logprobs: bool | None = None, top_logprobs: int | None = None,
        logit_bias: Mapping[str, float] | None = None,
        reasoning_effort: ReasoningEffort | None = None, thinking_budget: int | None = None,
        verbosity: Literal["low", "medium", "high"] | None = None,
        n: int | None = None, max_tokens: int | None = None, max_completion_tokens: int | None = None,
        stop: str | Sequence[str] | None = None, response_format: ResponseFormat | None = None,
        tools: Sequence[Tool] | None = None, use_tools: bool | None = None,
        tool_choice: ToolChoice | None = None, parallel_tool_calls: bool | None = None,
        modalities: Sequence[str] | None = None, audio: Mapping[str, Any] | None = None,
        prediction: Mapping[str, Any] | None = None,
        web_search_options: Mapping[str, Any] | None = None,
        service_tier: str | None = None, safety_identifier: str | None = None,
        prompt_cache_key: str | None = None, cache: Literal["auto", "off"] | None = None,
        stream_options: StreamOptions | None = None,
        user: str | None = None,
        ab_campaign: str | None = None, assignment_key: str | None = None,
        labels: Mapping[str, Label] | None = None, metadata: Mapping[str, Label] | None = None,
        tags: Sequence[str] | None = None, system_prompt_args: Mapping[str, Any] | None = None,
        store: bool | None = None, do_not_record: bool | None = None,
        timeout_ms: int | None = None, max_ttft_ms: int | None = None,
        idle_timeout_ms: int | None = None, hedge_after_ms: int | None = None,
        max_retries: int | None = None, fallback_on: Sequence[str] | None = None,
        unsupported: Literal["warn", "error"] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ChatCompletion:
        """Asks a model, the session's earlier turns before the new messages.

        Instructions that the messages start with go before the turns and are not kept: each call
        brings its own. Raises `ConflictError` where another call has appended meanwhile; its `partial`
        is the answer. With `store=False` or `do_not_record=True` no turn is added, and a warning says so.
        """
        raise NotImplementedError

    @takes_messages("chat_stream")
    def chat_stream(
        self, messages: Messages, *,
        model: Model | None = None, project: str | None = None,
        temperature: float | None = None, top_p: float | None = None, top_k: int | None = None,
        frequency_penalty: float | None = None, presence_penalty: float | None = None,
        seed: int | None = None, logprobs: bool | None = None, top_logprobs: int | None = None,
        logit_bias: Mapping[str, float] | None = None,
        reasoning_effort: ReasoningEffort | None = None, thinking_budget: int | None = None,
        verbosity: Literal["low", "medium", "high"] | None = None,
        n: int | None = None, max_tokens: int | None = None, max_completion_tokens: int | None = None,
        stop: str | Sequence[str] | None = None, response_format: ResponseFormat | None = None,
        tools: Sequence[Tool] | None = None, use_tools: bool | None = None,
        tool_choice: ToolChoice | None = None, parallel_tool_calls: bool | None = None,
        modalities: Sequence[str] | None = None, audio: Mapping[str, Any] | None = None,
        prediction: Mapping[str, Any] | None = None,
        web_search_options: Mapping[str, Any] | None = None,
        service_tier: str | None = None, safety_identifier: str | None = None,
        prompt_cache_key: str | None = None, cache: Literal["auto", "off"] | None = None,
        stream_options: StreamOptions | None = None,
        user: str | None = None,
        ab_campaign: str | None = None, assignment_key: str | None = None,
        labels: Mapping[str, Label] | None = None, metadata: Mapping[str, Label] | None = None,
        tags: Sequence[str] | None = None, system_prompt_args: Mapping[str, Any] | None = None,
        store: bool | None = None, do_not_record: bool | None = None,
        timeout_ms: int | None = None, max_ttft_ms: int | None = None,
        idle_timeout_ms: int | None = None, hedge_after_ms: int | None = None,
        max_retries: int | None = None, fallback_on: Sequence[str] | None = None,
        unsupported: Literal["warn", "error"] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ChatStream:
        """Asks a model and reads the answer as it comes; the turn is added when the stream has ended well."""
        raise NotImplementedError

    @takes_slug("run_prompt")
    def run_prompt(
        self, slug: str, variables: Mapping[str, Any] | None = None, *,
        environment: str | None = None, version: int | None = None, variant: str | None = None,
        messages: Messages | None = None, template: Sequence[MessageParam | Message] | None = None,
        model: Model | None = None, project: str | None = None,
        temperature: float | None = None, top_p: float | None = None, top_k: int | None = None,
        frequency_penalty: float | None = None, presence_penalty: float | None = None,
        seed: int | None = None, logprobs: bool | None = None, top_logprobs: int | None = None,
        logit_bias: Mapping[str, float] | None = None,
        reasoning_effort: ReasoningEffort | None = None, thinking_budget: int | None = None,
        verbosity: Literal["low", "medium", "high"] | None = None,
        n: int | None = None, max_tokens: int | None = None, max_completion_tokens: int | None = None,
        stop: str | Sequence[str] | None = None, response_format: ResponseFormat | None = None,
        tools: Sequence[Tool] | None = None, use_tools: bool | None = None,
        tool_choice: ToolChoice | None = None, parallel_tool_calls: bool | None = None,
        modalities: Sequence[str] | None = None, audio: Mapping[str, Any] | None = None,
        prediction: Mapping[str, Any] | None = None,
        web_search_options: Mapping[str, Any] | None = None,
        service_tier: str | None = None, safety_identifier: str | None = None,
        prompt_cache_key: str | None = None, cache: Literal["auto", "off"] | None = None,
        stream_options: StreamOptions | None = None,
        user: str | None = None,
        ab_campaign: str | None = None, assignment_key: str | None = None,
        labels: Mapping[str, Label] | None = None, metadata: Mapping[str, Label] | None = None,
        tags: Sequence[str] | None = None, system_prompt_args: Mapping[str, Any] | None = None,
        store: bool | None = None, do_not_record: bool | None = None,
        timeout_ms: int | None = None, max_ttft_ms: int | None = None,
        idle_timeout_ms: int | None = None, hedge_after_ms: int | None = None,
        max_retries: int | None = None, fallback_on: Sequence[str] | None = None,
        unsupported: Literal["warn", "error"] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ChatCompletion:
        """Runs a stored prompt: earlier turns between its template and the new messages.

        Without `messages` they go before the user's message that the template ends with.
        """
        raise NotImplementedError

    @takes_slug("run_prompt_stream")
    def run_prompt_stream(
        self, slug: str, variables: Mapping[str, Any] | None = None, *,
        environment: str | None = None, version: int | None = None, variant: str | None = None,
        messages: Messages | None = None, template: Sequence[MessageParam | Message] | None = None,
        model: Model | None = None, project: str | None = None,
        temperature: float | None = None, top_p: float | None = None, top_k: int | None = None,
        frequency_penalty: float | None = None, presence_penalty: float | None = None,
        seed: int | None = None, logprobs: bool | None = None, top_logprobs: int | None = None,
        logit_bias: Mapping[str, float] | None = None,
        reasoning_effort: ReasoningEffort | None = None, thinking_budget: int | None = None,
        verbosity: Literal["low", "medium", "high"] | None = None,
        n: int | None = None, max_tokens: int | None = None, max_completion_tokens: int | None = None,
        stop: str | Sequence[str] | None = None, response_format: ResponseFormat | None = None,
        tools: Sequence[Tool] | None = None, use_tools: bool | None = None,
        tool_choice: ToolChoice | None = None, parallel_tool_calls: bool | None = None,
        modalities: Sequence[str] | None = None, audio: Mapping[str, Any] | None = None,
        prediction: Mapping[str, Any] | None = None,
        web_search_options: Mapping[str, Any] | None = None,
        service_tier: str | None = None, safety_identifier: str | None = None,
        prompt_cache_key: str | None = None, cache: Literal["auto", "off"] | None = None,
        stream_options: StreamOptions | None = None,
        user: str | None = None,
        ab_campaign: str | None = None, assignment_key: str | None = None,
        labels: Mapping[str, Label] | None = None, metadata: Mapping[str, Label] | None = None,
        tags: Sequence[str] | None = None, system_prompt_args: Mapping[str, Any] | None = None,
        store: bool | None = None, do_not_record: bool | None = None,
        timeout_ms: int | None = None, max_ttft_ms: int | None = None,
        idle_timeout_ms: int | None = None, hedge_after_ms: int | None = None,
        max_retries: int | None = None, fallback_on: Sequence[str] | None = None,
        unsupported: Literal["warn", "error"] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        extra_headers: Mapping[str, str] | None = None,
    ) -> ChatStream:
        """Runs a stored prompt and reads the answer as it comes; the turn is added at its end."""
        raise NotImplementedError

    def history(self) -> builtins.list[Message]:
        """The messages of all turns, oldest first; none where the session is new, cleared or too old."""
        return self._core.history()

    def clear(self) -> None:
        """Forgets all turns. A call under way raises `ConflictError`."""
        self._core.clear()

    def __repr__(self) -> str:
        return f"Session({self.id!r})"
