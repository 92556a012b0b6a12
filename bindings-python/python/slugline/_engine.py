"""The engine for synchronous callers.

The verbs stand here with their signatures; what they do is in the native module.
"""

from __future__ import annotations

from . import _native
from ._asked import asked
from ._recordings import Recordings
from ._session import Session
from ._verbs import takes_messages, takes_slug

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from types import TracebackType
    from typing import Any, Literal

    from ._async_engine import AsyncEngine
    from ._errors import SluglineError
    from ._native import (
        CampaignReport,
        ChatCompletion,
        ChatStream,
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


class Engine:
    """An embedded prompt engine: open one and share it between threads.

    ``Engine()`` needs no file: the known hosts, with their keys from the usual environment
    variables. ``Engine("slugline.toml")`` reads a file, ``Engine({...})`` the same as plain data.
    A keyword argument overrides a table (``providers=``) or a key of ``[engine]`` (``prompts=``:
    a folder, or texts by the names their files would have).
    `api_key` of a provider may be a callable that returns the key; it is asked at each attempt.
    ``helpers={"shout": shout}`` gives templates functions to call: ``{{shout name mark="?"}}``
    is ``shout(name, mark="?")``. They must be pure and plain, not ``async``.

    Nothing is sent at opening. Calls wait on the caller's thread with the GIL released; Ctrl-C
    ends them. `close()`, or leaving a `with` block, closes the connections.
    """

    __slots__ = ("__weakref__", "_core")

    _core: _native.Core

    def __init__(self, config: Config | None = None, **overrides: Any) -> None:
        self._core = _native.Core(config, overrides)

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
    ) -> ChatStream:
        """Asks a model and reads the answer as it comes.

        The stream is there at once. The call starts at the first pull, and every error arrives there.
        """
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
    ) -> ChatStream:
        """Runs a stored prompt and reads the answer as it comes; see `chat_stream`."""
        raise NotImplementedError

    @takes_slug("render_prompt")
    def render_prompt(
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

    @takes_messages("build_request")
    def build_request(
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
    def prompts(self) -> Prompts:
        """The stored prompts."""
        return Prompts(self._core)

    def session(self, id: str) -> Session:
        """The session with this id: calls on it see its earlier turns and add theirs."""
        return Session(self._core, id)

    @property
    def recordings(self) -> Recordings:
        """What was kept of calls."""
        return Recordings(self._core)

    def feedback(
        self, completion_id: str, metric: str, value: bool | float,
        comment: str | None = None, user_id: str | None = None,
    ) -> str:
        """Keeps a judgement of an answer, by a choice's `completion_id`; gives the feedback's id.

        Raises `NotFoundError` where no recorded call has this completion.
        """
        return _native.State(self._core).feedback(asked(
            completion_id=completion_id, metric=metric, value=value, comment=comment, user_id=user_id,
        ))

    def campaign_report(
        self, key: str, *, metric: str | None = None,
        since: datetime | int | None = None, until: datetime | int | None = None,
    ) -> CampaignReport:
        """What a campaign found so far: the figures of each arm, and how its metric differs between them.

        `key` is one of `[campaigns]`, or the slug of a prompt with variants.
        """
        return _native.State(self._core).campaign_report(asked(
            key=key, metric=metric, since=since, until=until,
        ))

    def usage(
        self, group_by: str | Sequence[str] | None = None, *,
        prompt: str | None = None, session_id: str | None = None,
        campaign: str | None = None, project: str | None = None,
        labels: Mapping[str, Label] | None = None,
        since: datetime | int | None = None, until: datetime | int | None = None,
    ) -> list[UsageRow]:
        """Calls, tokens and cost, a row a group.

        Groups are `model`, `provider`, `prompt`, `campaign`, `arm`, `project`, `day` and `label:KEY`.
        """
        return _native.State(self._core).usage(asked(
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

    def as_async(self) -> AsyncEngine:
        """The same engine for asyncio: connections, prompts and state are shared."""
        from ._async_engine import AsyncEngine

        return AsyncEngine._over(self._core)

    @classmethod
    def _over(cls, core: _native.Core) -> Engine:
        engine = cls.__new__(cls)
        engine._core = core
        return engine

    def close(self) -> None:
        """Closes the connections and writes what was recorded. Calls under way go on; later ones raise.

        Waits five seconds at most: `StoreError` says that the store was too busy for that.

        Closing twice is no error.
        """
        self._core.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        # One that could not be opened has no core.
        is_open = hasattr(self, "_core") and not self._core.closed
        return "Engine(open)" if is_open else "Engine(closed)"


class Prompts:
    """The stored prompts of an engine."""

    __slots__ = ("_core",)

    def __init__(self, core: _native.Core) -> None:
        self._core = core

    def list(self) -> builtins.list[PromptInfo]:
        """Every prompt, by slug; a broken one is listed with its `problem`."""
        return self._core.prompts_list()

    def get(self, slug: str) -> PromptInfo:
        """One prompt: source, schema, variables used, versions and environments."""
        return self._core.prompts_get(slug)

    def check(self) -> builtins.list[SluglineError]:
        """Reads every version and variant of every prompt, and gives what is wrong."""
        return self._core.prompts_check()
