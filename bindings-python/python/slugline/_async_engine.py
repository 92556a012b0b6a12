"""The engine for asyncio.

The verbs stand here with their signatures; what they do is in the native module.
"""

from __future__ import annotations

from . import _native
from ._asked import asked
from ._async_recordings import AsyncRecordings
from ._async_session import AsyncSession
from ._verbs import takes_messages, takes_slug

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from types import TracebackType
    from typing import Any, Literal

    from ._engine import Engine
    from ._errors import SluglineError
    from ._native import (
        AsyncChatStream,
        CampaignReport,
        ChatCompletion,
        Message,
        PromptInfo,
        ProviderRequest,
        RenderedPrompt,
        UsageRow,
        Warning,
    )
    from .types import (
        Config,
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


class AsyncEngine:
    """An embedded prompt engine for asyncio: open one and share it, between event loops too.

    Opened like `Engine`, with the same verbs: those that answer once are awaited, streams are
    read with `async for`. Cancelling a task gives its call up and closes the provider's connection.
    """

    __slots__ = ("__weakref__", "_core")

    _core: _native.Core

    def __init__(self, config: Config | None = None, **overrides: Any) -> None:
        self._core = _native.Core(config, overrides)

    @takes_messages("chat_async", awaited=True)
    async def chat(
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
        session_id: str | None = None, user: str | None = None,
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
        """Asks a model.

        `messages` is a string (one user message) or a list of messages in OpenAI's shape; messages
        of earlier answers may be among them as they are. Every option is OpenAI's, or described in
        the documentation; `None` leaves it out. Raises a `SluglineError`, with every attempt in it.
        """
        raise NotImplementedError

    @takes_messages("chat_stream_async")
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
        session_id: str | None = None, user: str | None = None,
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
    ) -> AsyncChatStream:
        """Asks a model and reads the answer as it comes.

        The stream is there at once. The call starts at the first pull, and every error arrives there.
        """
        raise NotImplementedError

    @takes_slug("run_prompt_async", awaited=True)
    async def run_prompt(
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
        session_id: str | None = None, user: str | None = None,
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
        """Runs a stored prompt with these variables.

        `environment` (production by default), `version` and `variant` say which of its texts;
        `messages` are appended after the template, not rendered; `template` replaces it. Every
        option of `chat` overrides the prompt's own.
        """
        raise NotImplementedError

    @takes_slug("run_prompt_stream_async")
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
        session_id: str | None = None, user: str | None = None,
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
    ) -> AsyncChatStream:
        """Runs a stored prompt and reads the answer as it comes; see `chat_stream`."""
        raise NotImplementedError

    @takes_slug("render_prompt_async", awaited=True)
    async def render_prompt(
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
        session_id: str | None = None, user: str | None = None,
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
    ) -> RenderedPrompt:
        """What `run_prompt` would send: messages and parameters. Nothing is sent."""
        raise NotImplementedError

    @takes_messages("build_request_async", awaited=True)
    async def build_request(
        self, messages: Messages | None = None, *,
        slug: str | None = None, variables: Mapping[str, Any] | None = None,
        environment: str | None = None, version: int | None = None, variant: str | None = None,
        template: Sequence[MessageParam | Message] | None = None,
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
        session_id: str | None = None, user: str | None = None,
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
    ) -> ProviderRequest:
        """The exact request that a call would send to its first target, keys left out. Nothing is sent.

        Takes the arguments of `chat`, or with `slug` those of `run_prompt`.
        """
        raise NotImplementedError

    @property
    def prompts(self) -> AsyncPrompts:
        """The stored prompts."""
        return AsyncPrompts(self._core)

    def session(self, id: str) -> AsyncSession:
        """The session with this id: calls on it see its earlier turns and add theirs."""
        return AsyncSession(self._core, id)

    @property
    def recordings(self) -> AsyncRecordings:
        """What was kept of calls."""
        return AsyncRecordings(self._core)

    async def feedback(
        self, completion_id: str, metric: str, value: bool | float,
        comment: str | None = None, user_id: str | None = None,
    ) -> str:
        """Keeps a judgement of an answer, by a choice's `completion_id`; gives the feedback's id.

        Raises `NotFoundError` where no recorded call has this completion.
        """
        return await _native.State(self._core).feedback_async(asked(
            completion_id=completion_id, metric=metric, value=value, comment=comment, user_id=user_id,
        ))

    async def campaign_report(
        self, key: str, *, metric: str | None = None,
        since: datetime | int | None = None, until: datetime | int | None = None,
    ) -> CampaignReport:
        """What a campaign found so far: the figures of each arm, and how its metric differs between them.

        `key` is one of `[campaigns]`, or the slug of a prompt with variants.
        """
        return await _native.State(self._core).campaign_report_async(asked(
            key=key, metric=metric, since=since, until=until,
        ))

    async def usage(
        self, group_by: str | Sequence[str] | None = None, *,
        prompt: str | None = None, session_id: str | None = None,
        campaign: str | None = None, project: str | None = None,
        labels: Mapping[str, Label] | None = None,
        since: datetime | int | None = None, until: datetime | int | None = None,
    ) -> list[UsageRow]:
        """Calls, tokens and cost, a row a group.

        Groups are `model`, `provider`, `prompt`, `campaign`, `arm`, `project`, `day` and `label:KEY`.
        """
        return await _native.State(self._core).usage_async(asked(
            group_by=group_by,
            prompt=prompt, session_id=session_id, campaign=campaign, project=project,
            labels=labels, since=since, until=until,
        ))

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._core.closed

    @property
    def warnings(self) -> tuple[Warning, ...]:
        """What was odd about the configuration, though not wrong."""
        return self._core.warnings

    def as_sync(self) -> Engine:
        """The same engine for synchronous callers: connections, prompts and state are shared."""
        from ._engine import Engine

        return Engine._over(self._core)

    @classmethod
    def _over(cls, core: _native.Core) -> AsyncEngine:
        engine = cls.__new__(cls)
        engine._core = core
        return engine

    async def close(self) -> None:
        """Closes the connections and writes what was recorded. Calls under way go on; later ones raise.

        Waits five seconds at most: `StoreError` says that the store was too busy for that.

        Closing twice is no error.
        """
        await self._core.close_async()

    async def aclose(self) -> None:
        """The same as `close`."""
        await self._core.close_async()

    async def __aenter__(self) -> AsyncEngine:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._core.close_async()

    def __repr__(self) -> str:
        # One that could not be opened has no core.
        is_open = hasattr(self, "_core") and not self._core.closed
        return "AsyncEngine(open)" if is_open else "AsyncEngine(closed)"


class AsyncPrompts:
    """The stored prompts of an engine, for asyncio."""

    __slots__ = ("_core",)

    def __init__(self, core: _native.Core) -> None:
        self._core = core

    async def list(self) -> builtins.list[PromptInfo]:
        """Every prompt, by slug; a broken one is listed with its `problem`."""
        return await self._core.prompts_list_async()

    async def get(self, slug: str) -> PromptInfo:
        """One prompt: source, schema, variables used, versions and environments."""
        return await self._core.prompts_get_async(slug)

    async def check(self) -> builtins.list[SluglineError]:
        """Reads every version and variant of every prompt, and gives what is wrong."""
        return await self._core.prompts_check_async()
