"""The native module. Private, apart from the classes that `slugline` and `slugline.types` export."""

import builtins as _builtins
from collections.abc import Coroutine, Generator
from types import TracebackType
from typing import (
    Any,
    ClassVar,
    Final,
    Generic,
    Literal,
    TypeAlias,
    TypeVar,
    final,
    type_check_only,
)

from typing_extensions import Self

from ._errors import SluglineError
from .types import FilePart, ImagePart

_T = TypeVar("_T")
_Options: TypeAlias = dict[str, Any]

_FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter"]
_Role: TypeAlias = Literal["system", "developer", "user", "assistant", "tool", "function"]

__version__: str

@type_check_only
class _Result:
    """What all result classes have: they are frozen, compare by value, and pickle where that makes sense."""

    def to_dict(self) -> dict[str, Any]:
        """As a `dict`, in the form of its JSON."""

    def to_json(self) -> str:
        """As JSON text."""

    def model_dump(self, *, exclude_none: bool = False) -> dict[str, Any]:
        """As a `dict`, under the name that pydantic's users know."""

    def __eq__(self, other: _builtins.object, /) -> bool: ...
    # Equal by value and so not hashable, which `object` promises to be.
    __hash__: ClassVar[None]  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleMethodOverride]

@final
class ChatCompletion(_Result):
    """A whole answer: an OpenAI `chat.completion`, with the facts about the call in `meta`."""

    object: Final[Literal["chat.completion"]]
    """Always `chat.completion`."""
    id: Final[str]
    """The provider's id, or one made here."""
    created: Final[int]
    """Unix time in seconds."""
    model: Final[str]
    """The target that served, as `provider/model`."""
    choices: Final[tuple[Choice, ...]]
    """One for each choice asked for."""
    usage: Final[Usage | None]
    """Token counts; `None` where the provider gave none."""
    system_fingerprint: Final[str | None]
    """OpenAI's word for the backend's configuration."""
    service_tier: Final[str | None]
    """The tier that served."""
    session_id: Final[str]
    """The session the call belongs to."""
    meta: Final[Meta]
    """How the answer came about."""
    extra: Final[dict[str, Any]]
    """Fields of the provider that this library does not know."""
    text: Final[str]
    """The first choice's text, `""` where there is none."""
    tool_calls: Final[tuple[ToolCall, ...]]
    """The first choice's tool calls."""

    def _repr_markdown_(self) -> str: ...

@final
class Choice(_Result):
    """One choice of an answer."""

    index: Final[int]
    """Its place, from 0."""
    message: Final[Message]
    """What the model said."""
    finish_reason: Final[_FinishReason | None]
    """Why it stopped, in OpenAI's words."""
    native_finish_reason: Final[str | None]
    """Why it stopped, in the provider's word."""
    logprobs: Final[Logprobs | None]
    """Log probabilities, where asked for."""
    completion_id: Final[str]
    """Feedback refers to this (UUID v4)."""
    model: Final[str]
    """The target that served, as `provider/model`."""
    extra: Final[dict[str, Any]]
    """Fields of the provider that this library does not know."""

@final
class Message(_Result):
    """What a model said, or a message of a rendered prompt. It may go into a call's `messages` as it is."""

    role: Final[_Role]
    """Who speaks."""
    content: Final[str | list[dict[str, Any]] | None]
    """A text or parts; `None` where there are only tool calls."""
    text: Final[str]
    """The text of the content, parts joined; `""` where there is none."""
    id: Final[str | None]
    """The provider's id of the message, where it has one."""
    name: Final[str | None]
    """Name of the speaker."""
    tool_calls: Final[tuple[ToolCall, ...]]
    """Calls the model makes."""
    tool_call_id: Final[str | None]
    """Which call a `tool` message answers."""
    function_call: Final[FunctionCall | None]
    """Legacy form of a single call."""
    refusal: Final[str | None]
    """The model's refusal, where it refused in words."""
    reasoning_content: Final[str | None]
    """The model's reasoning in words, where the host shows it."""
    annotations: Final[list[Any]]
    """Citations and the like, as the provider gave them."""
    audio: Final[Any]
    """Spoken answer, as the provider gave it."""
    metadata: Final[dict[str, Any]]
    """Kept on the recording, never sent."""
    completion_id: Final[str | None]
    """The completion this turn came from."""
    provider_state: Final[Any]
    """Opaque replay data such as reasoning signatures; goes back only to the family that made it."""
    extra: Final[dict[str, Any]]
    """Keys this library does not know."""

@final
class ToolCall(_Result):
    """A call the model makes."""

    id: Final[str]
    """Its id, which the `tool` message repeats in `tool_call_id`."""
    type: Final[Literal["function"]]
    """Always `function`."""
    function: Final[FunctionCall]
    """Name and arguments."""
    extra: Final[dict[str, Any]]
    """Keys this library does not know."""

@final
class FunctionCall(_Result):
    """Name and arguments of a call."""

    name: Final[str]
    """The function's name."""
    arguments: Final[str]
    """The arguments as JSON text, exactly as the model wrote them."""

@final
class Usage(_Result):
    """Token counts. Prompt tokens include cached ones, completion tokens include reasoning."""

    prompt_tokens: Final[int]
    """Tokens of the request."""
    completion_tokens: Final[int]
    """Tokens of the answer."""
    total_tokens: Final[int]
    """Both together."""
    prompt_tokens_details: Final[PromptTokensDetails | None]
    """What the prompt tokens were."""
    completion_tokens_details: Final[CompletionTokensDetails | None]
    """What the completion tokens were."""
    cache_creation_input_tokens: Final[int | None]
    """Tokens written to the provider's prompt cache."""
    cache_read_input_tokens: Final[int | None]
    """Tokens read from the provider's prompt cache."""
    extra: Final[dict[str, Any]]
    """Counts this library does not know."""

@final
class PromptTokensDetails(_Result):
    """Parts of the prompt tokens."""

    cached_tokens: Final[int | None]
    """Read from the provider's cache."""
    audio_tokens: Final[int | None]
    """Of audio."""

@final
class CompletionTokensDetails(_Result):
    """Parts of the completion tokens."""

    reasoning_tokens: Final[int | None]
    """Spent on reasoning."""
    audio_tokens: Final[int | None]
    """Of audio."""
    accepted_prediction_tokens: Final[int | None]
    """Of a prediction that was right."""
    rejected_prediction_tokens: Final[int | None]
    """Of a prediction that was wrong."""

@final
class Logprobs(_Result):
    """Log probabilities of a choice."""

    content: Final[tuple[TokenLogprob, ...] | None]
    """One for each token of the text."""
    refusal: Final[tuple[TokenLogprob, ...] | None]
    """One for each token of the refusal."""

@final
class TokenLogprob(_Result):
    """Log probability of one token."""

    token: Final[str]
    """The token's text."""
    logprob: Final[float]
    """Its natural log probability."""
    bytes: Final[list[int] | None]
    """Its UTF-8 bytes."""
    top_logprobs: Final[tuple[TopLogprob, ...]]
    """The likeliest tokens at this place."""

@final
class TopLogprob(_Result):
    """A likely token."""

    token: Final[str]
    """The token's text."""
    logprob: Final[float]
    """Its natural log probability."""
    bytes: Final[list[int] | None]
    """Its UTF-8 bytes."""

@final
class Meta(_Result):
    """How an answer came about."""

    provider: Final[str]
    """The provider that served."""
    model: Final[str]
    """The model that was asked, as the provider names it."""
    provider_model: Final[str | None]
    """The provider's own word for the model that answered."""
    attempts: Final[tuple[Attempt, ...]]
    """Every attempt, in order of their starts."""
    prompt: Final[PromptRef | None]
    """The stored prompt, where one was run."""
    campaign: Final[CampaignRef | None]
    """The campaign the call took part in."""
    timing: Final[Timing]
    """Durations."""
    cost: Final[Cost | None]
    """Cost; `None` where unknown, never 0 for unknown."""
    warnings: Final[tuple[Warning, ...]]
    """Parameters that could not be carried, and other things to know."""
    recording_id: Final[str | None]
    """The recording, where one was kept."""

@final
class Attempt(_Result):
    """One attempt against one target."""

    provider: Final[str]
    """The provider."""
    model: Final[str]
    """The model, as the provider names it."""
    outcome: Final[str]
    """`ok`, `error` or `cancelled`."""
    status: Final[int | None]
    """HTTP status, where there was one."""
    code: Final[str | None]
    """Code of the error, where it failed."""
    wait_ms: Final[int]
    """Milliseconds waited before it."""
    duration_ms: Final[int]
    """Milliseconds from its start to its end."""
    request_id: Final[str | None]
    """The provider's id of the request."""

@final
class PromptRef(_Result):
    """Which stored prompt was run."""

    slug: Final[str]
    """The slug."""
    version: Final[int | None]
    """Version number, where the prompt is numbered."""
    environment: Final[str | None]
    """The environment it was resolved in."""
    variant: Final[str | None]
    """The variant that was used."""
    hash: Final[str]
    """SHA-256 over the file and every partial it reaches."""

@final
class CampaignRef(_Result):
    """Which arm of which campaign served."""

    key: Final[str]
    """The campaign's key."""
    arm: Final[str]
    """The arm's name."""

@final
class Timing(_Result):
    """Durations in milliseconds."""

    queue_ms: Final[int]
    """Waited for a free slot."""
    ttft_ms: Final[int | None]
    """From the call's start to the first delta; `None` without a stream."""
    total_ms: Final[int]
    """The whole call."""

@final
class Cost(_Result):
    """What a call cost."""

    amount: Final[float]
    """The amount."""
    currency: Final[str]
    """ISO 4217."""
    source: Final[str]
    """`provider` where the host said so, `catalogue` where computed from list prices."""

@final
class Warning(_Result):
    """Something to know about a call that went through."""

    code: Final[str]
    """A stable word, for example `unsupported_parameter`."""
    param: Final[str | None]
    """The parameter it is about."""
    message: Final[str]
    """One sentence."""

@final
class ChatCompletionChunk(_Result):
    """An OpenAI `chat.completion.chunk`."""

    object: Final[Literal["chat.completion.chunk"]]
    """Always `chat.completion.chunk`."""
    id: Final[str]
    """The same on all chunks of a stream."""
    created: Final[int]
    """The same on all chunks of a stream: Unix time in seconds."""
    model: Final[str]
    """The same on all chunks of a stream: the target that serves, as `provider/model`."""
    session_id: Final[str]
    """The same on all chunks of a stream."""
    choices: Final[tuple[ChunkChoice, ...]]
    """One choice; none on the chunk that only reports usage."""
    usage: Final[Usage | None]
    """Token counts, on the last chunk where `stream_options` asked for them."""
    extra: Final[dict[str, Any]]
    """Fields of the provider that this library does not know."""
    text: Final[str]
    """The new text, `""` where there is none."""

@final
class ChunkChoice(_Result):
    """A choice of a chunk."""

    index: Final[int]
    """Its place, from 0."""
    delta: Final[ChunkDelta]
    """What is new."""
    finish_reason: Final[_FinishReason | None]
    """Why it stopped, in OpenAI's words."""
    native_finish_reason: Final[str | None]
    """Why it stopped, in the provider's word."""
    logprobs: Final[Logprobs | None]
    """Log probabilities of the new text."""
    completion_id: Final[str]
    """Feedback refers to this (UUID v4)."""

@final
class ChunkDelta(_Result):
    """What is new in a choice."""

    role: Final[_Role | None]
    """Who speaks, on the first chunk."""
    content: Final[str | None]
    """New text."""
    refusal: Final[str | None]
    """New words of a refusal."""
    reasoning_content: Final[str | None]
    """New reasoning."""
    tool_calls: Final[tuple[ToolCallDelta, ...]]
    """New pieces of tool calls."""
    annotations: Final[list[Any]]
    """New citations and the like."""
    audio: Final[Any]
    """Piece of a spoken answer."""
    provider_state: Final[Any]
    """Replay data of the choice."""

@final
class ToolCallDelta(_Result):
    """A piece of a tool call."""

    index: Final[int]
    """Which call of the choice, from 0 without gaps."""
    id: Final[str | None]
    """Its id, on the first piece."""
    type: Final[Literal["function"] | None]
    """`function`, on the first piece."""
    function: Final[FunctionDelta]
    """The function's name on the first piece, and a piece of its arguments."""

@final
class FunctionDelta(_Result):
    """A piece of a call's function."""

    name: Final[str | None]
    """Its name, on the first piece."""
    arguments: Final[str]
    """The next piece of the arguments, `""` where there is none."""

@final
class RenderedPrompt(_Result):
    """A stored prompt with its variables filled in: what would be sent, without sending it."""

    messages: Final[tuple[Message, ...]]
    """The messages, texts verbatim."""
    params: Final[dict[str, Any]]
    """The parameters that apply: the prompt's under the caller's."""
    prompt: Final[PromptRef | None]
    """Which prompt it was."""
    warnings: Final[tuple[Warning, ...]]
    """Unused variables and the like."""

@final
class ProviderRequest(_Result):
    """A request as it would go to a provider, secrets replaced by `[redacted]`."""

    method: Final[str]
    """Always `POST`."""
    url: Final[str]
    """The URL."""
    headers: Final[dict[str, str]]
    """The headers, by name in lower case."""
    body: Final[Any]
    """The body."""
    model: Final[str]
    """The target, as `provider/model`."""
    warnings: Final[tuple[Warning, ...]]
    """What was left out or adapted."""

@final
class PromptInfo(_Result):
    """What is known of a stored prompt."""

    slug: Final[str]
    """The slug."""
    description: Final[str | None]
    """What it is for."""
    file: Final[str]
    """The file of the environment asked for."""
    versions: Final[list[int]]
    """Version numbers, ascending; empty where prompts are not numbered."""
    environments: Final[tuple[EnvironmentInfo, ...]]
    """Environments by name."""
    variants: Final[tuple[VariantInfo, ...]]
    """Variants by name."""
    version: Final[int | None]
    """The version asked for, where it has a number."""
    hash: Final[str]
    """Content hash."""
    schema: Final[Any]
    """JSON Schema of the variables."""
    variables: Final[list[str]]
    """Names of the variables that the template uses, in order of first use."""
    source: Final[str | None]
    """The file's text; not in lists."""
    problem: Final[str | None]
    """Why it does not load."""

@final
class EnvironmentInfo(_Result):
    """An environment of a prompt."""

    name: Final[str]
    """Its name."""
    version: Final[int | None]
    """The version it points at; `None` where it has a file of its own."""

@final
class VariantInfo(_Result):
    """A variant of a prompt."""

    name: Final[str]
    """Its name."""
    weight: Final[float]
    """Its weight in the draw."""
    description: Final[str | None]
    """What it tries."""

@final
class Recording(_Result):
    """What was kept of one call. `request`, `variables` and `answer` are there where the payload was kept."""

    id: Final[str]
    """`meta.recording_id` of the completion (UUID v4)."""
    created_ms: Final[int]
    """When the call began: Unix time in milliseconds."""
    session_id: Final[str]
    """The session the call belongs to."""
    completion_ids: Final[list[str]]
    """The ids feedback refers to, one a choice."""
    project: Final[str | None]
    """The call's project."""
    prompt: Final[PromptRef | None]
    """The stored prompt that was run."""
    campaign: Final[CampaignRef | None]
    """The campaign and the arm the call took part in."""
    requested_models: Final[list[str]]
    """What the call asked for; empty where a default was taken."""
    model: Final[str | None]
    """The target that served, or the last one tried, as `provider/model`."""
    provider: Final[str | None]
    """The provider of that target."""
    provider_model: Final[str | None]
    """The provider's own word for the model that answered."""
    stream: Final[bool]
    """Whether the caller read a stream."""
    finish_reason: Final[str | None]
    """Why the first choice stopped, in OpenAI's words."""
    error_code: Final[str | None]
    """The code of the error, where the call failed; `cancelled` where the caller broke it off."""
    attempts: Final[tuple[Attempt, ...]]
    """Every attempt, in order of their starts."""
    timing: Final[Timing]
    """Durations."""
    usage: Final[Usage | None]
    """Token counts; `None` where the provider gave none."""
    cost: Final[Cost | None]
    """Cost by the prices of that day; `None` where unknown."""
    labels: Final[dict[str, str]]
    """The call's labels and metadata."""
    tags: Final[list[str]]
    """The call's tags."""
    warnings: Final[tuple[Warning, ...]]
    """What the call warned of."""
    request: Final[dict[str, Any] | None]
    """Payload: the call as it was composed, in the form `chat` takes."""
    variables: Final[dict[str, Any] | None]
    """Payload: the variables of the prompt."""
    answer: Final[tuple[Choice, ...] | None]
    """Payload: the choices of the answer; what had arrived, where it broke off."""
    feedback: Final[tuple[Feedback, ...]]
    """What people said of the answer."""

@final
class RecordingPage(_Result):
    """A page of recordings, newest first."""

    recordings: Final[tuple[Recording, ...]]
    """The recordings."""
    next_cursor: Final[str | None]
    """Reads the next page; `None` at the end."""

@final
class Feedback(_Result):
    """What was said of an answer."""

    id: Final[str]
    """UUID v4."""
    created_ms: Final[int]
    """When it was given: Unix time in milliseconds."""
    completion_id: Final[str]
    """The completion it is about."""
    metric: Final[str]
    """What is judged."""
    value: Final[bool | float]
    """The judgement."""
    comment: Final[str | None]
    """Why, in words."""
    user_id: Final[str | None]
    """Who gave it."""

@final
class UsageRow(_Result):
    """Calls, tokens and cost of one group."""

    group: Final[dict[str, str | None]]
    """The words of `group_by` and the group's values; `None` where the calls have none."""
    calls: Final[int]
    """Calls, whether they succeeded or not."""
    errors: Final[int]
    """Calls that failed."""
    metered_calls: Final[int]
    """Calls whose provider gave token counts; the sums of tokens are over these."""
    prompt_tokens: Final[int]
    """Tokens of the requests."""
    completion_tokens: Final[int]
    """Tokens of the answers."""
    total_tokens: Final[int]
    """Both together."""
    cost: Final[tuple[CostTotal, ...]]
    """Known cost, a sum a currency."""

@final
class CostTotal(_Result):
    """The known cost of some calls in one currency."""

    currency: Final[str]
    """ISO 4217."""
    amount: Final[float]
    """The sum."""
    calls: Final[int]
    """How many calls it covers. The cost of the others is unknown, not 0."""

@final
class CampaignReport(_Result):
    """What a campaign found so far."""

    campaign: Final[str]
    """The campaign's key."""
    metric: Final[str | None]
    """The metric that is compared."""
    goal: Final[Literal["up", "down"] | None]
    """Which way is better."""
    arms: Final[tuple[ArmReport, ...]]
    """The arms, by name."""
    comparisons: Final[tuple[Comparison, ...]]
    """Every pair of arms, where there is a metric."""

@final
class ArmReport(_Result):
    """The figures of one arm."""

    arm: Final[str]
    """The arm's name."""
    calls: Final[int]
    """Calls, whether they succeeded or not."""
    errors: Final[int]
    """Calls that failed."""
    mean_latency_ms: Final[float | None]
    """Mean milliseconds of the calls that did not fail."""
    metered_calls: Final[int]
    """Calls whose provider gave token counts; the sums of tokens are over these."""
    prompt_tokens: Final[int]
    """Tokens of the requests."""
    completion_tokens: Final[int]
    """Tokens of the answers."""
    total_tokens: Final[int]
    """Both together."""
    cost: Final[tuple[CostTotal, ...]]
    """Known cost, a sum a currency."""
    metric_count: Final[int]
    """Completions that were judged."""
    metric_mean: Final[float | None]
    """Mean of the metric; of yes and no the share of yes."""
    metric_low: Final[float | None]
    """Lower end of the 95 % interval of the mean."""
    metric_high: Final[float | None]
    """Upper end of the 95 % interval of the mean."""

@final
class Comparison(_Result):
    """How the metric differs between two arms."""

    arm: Final[str]
    """The one arm."""
    other: Final[str]
    """The other."""
    difference: Final[float | None]
    """Mean of `other` less mean of `arm`."""
    low: Final[float | None]
    """Lower end of the 95 % interval of the difference."""
    high: Final[float | None]
    """Upper end of the 95 % interval of the difference."""
    p_value: Final[float | None]
    """How likely a difference at least as large is where there is none; `None`: too few values to say."""
    p_value_adjusted: Final[float | None]
    """The same, corrected for the number of pairs."""
    test: Final[str | None]
    """The name of the test."""

@final
class ChatStream:
    """A streamed answer: iterate it, or read `text_stream`; `completion()` gives the whole."""

    def __iter__(self) -> ChatStream: ...
    def __next__(self) -> ChatCompletionChunk: ...
    @property
    def text_stream(self) -> TextStream:
        """The new texts alone, chunks without one passed over."""

    def completion(self) -> ChatCompletion:
        """Pulls what is left and gives what `chat` would have given; after `close` or a failure, that error."""

    def close(self) -> None:
        """Ends the stream and closes the provider's connection. Closing twice is no error."""

    def __enter__(self) -> ChatStream: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

@final
class AsyncChatStream:
    """A streamed answer for asyncio: `async for` over it, or over `text_stream`; `await completion()` gives the whole."""

    def __aiter__(self) -> AsyncChatStream: ...
    def __anext__(self) -> Awaitable[ChatCompletionChunk]: ...
    @property
    def text_stream(self) -> AsyncTextStream:
        """The new texts alone, chunks without one passed over."""

    def completion(self) -> Awaitable[ChatCompletion]:
        """Pulls what is left and gives what `chat` would have given; after `close` or a failure, that error."""

    def close(self) -> Ready[None]:
        """Ends the stream and closes the provider's connection, at once; it may be awaited or not."""

    def aclose(self) -> Ready[None]:
        """The same as `close`."""

    def __aenter__(self) -> Ready[AsyncChatStream]: ...
    def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> Ready[None]: ...

@final
class TextStream:
    """The texts of a stream."""

    def __iter__(self) -> TextStream: ...
    def __next__(self) -> str: ...

@final
class AsyncTextStream:
    """The texts of a stream, for asyncio."""

    def __aiter__(self) -> AsyncTextStream: ...
    def __anext__(self) -> Awaitable[str]: ...

@final
class Awaitable(Coroutine[Any, Any, _T]):
    """A coroutine of this package."""

    def __await__(self) -> Generator[Any, Any, _T]: ...
    def __iter__(self) -> Generator[Any, Any, _T]: ...
    def __next__(self) -> Any: ...
    def send(self, value: Any, /) -> Any: ...
    def throw(self, kind: Any, value: Any = None, traceback: Any = None, /) -> Any: ...
    def close(self) -> None: ...

@final
class Ready(Generic[_T]):
    """What is there already: awaiting it does not suspend."""

    def __await__(self) -> Generator[Any, Any, _T]: ...
    def __iter__(self) -> Generator[Any, Any, _T]: ...
    def __next__(self) -> Any: ...

@final
class Core:
    """What `Engine` and `AsyncEngine` share."""

    def __new__(cls, config: Any, overrides: _Options) -> Self: ...
    def close(self) -> None: ...
    def close_async(self) -> Awaitable[None]: ...
    @property
    def closed(self) -> bool: ...
    @property
    def warnings(self) -> tuple[Warning, ...]: ...
    def chat(self, messages: Any, options: _Options) -> ChatCompletion: ...
    def chat_async(self, messages: Any, options: _Options) -> Awaitable[ChatCompletion]: ...
    def chat_stream(self, messages: Any, options: _Options) -> ChatStream: ...
    def chat_stream_async(self, messages: Any, options: _Options) -> AsyncChatStream: ...
    def run_prompt(self, slug: Any, variables: Any, options: _Options) -> ChatCompletion: ...
    def run_prompt_async(
        self, slug: Any, variables: Any, options: _Options
    ) -> Awaitable[ChatCompletion]: ...
    def run_prompt_stream(self, slug: Any, variables: Any, options: _Options) -> ChatStream: ...
    def run_prompt_stream_async(
        self, slug: Any, variables: Any, options: _Options
    ) -> AsyncChatStream: ...
    def render_prompt(self, slug: Any, variables: Any, options: _Options) -> RenderedPrompt: ...
    def render_prompt_async(
        self, slug: Any, variables: Any, options: _Options
    ) -> Awaitable[RenderedPrompt]: ...
    def build_request(self, messages: Any, options: _Options) -> ProviderRequest: ...
    def build_request_async(
        self, messages: Any, options: _Options
    ) -> Awaitable[ProviderRequest]: ...
    def prompts_list(self) -> list[PromptInfo]: ...
    def prompts_list_async(self) -> Awaitable[list[PromptInfo]]: ...
    def prompts_get(self, slug: str) -> PromptInfo: ...
    def prompts_get_async(self, slug: str) -> Awaitable[PromptInfo]: ...
    def prompts_check(self) -> list[SluglineError]: ...
    def prompts_check_async(self) -> Awaitable[list[SluglineError]]: ...

@final
class SessionCore:
    """What `Session` and `AsyncSession` stand on."""

    def __new__(cls, core: Core, id: str) -> Self: ...
    @property
    def id(self) -> str: ...
    def chat(self, messages: Any, options: _Options) -> ChatCompletion: ...
    def chat_async(self, messages: Any, options: _Options) -> Awaitable[ChatCompletion]: ...
    def chat_stream(self, messages: Any, options: _Options) -> ChatStream: ...
    def chat_stream_async(self, messages: Any, options: _Options) -> AsyncChatStream: ...
    def run_prompt(self, slug: Any, variables: Any, options: _Options) -> ChatCompletion: ...
    def run_prompt_async(
        self, slug: Any, variables: Any, options: _Options
    ) -> Awaitable[ChatCompletion]: ...
    def run_prompt_stream(self, slug: Any, variables: Any, options: _Options) -> ChatStream: ...
    def run_prompt_stream_async(
        self, slug: Any, variables: Any, options: _Options
    ) -> AsyncChatStream: ...
    def history(self) -> list[Message]: ...
    def history_async(self) -> Awaitable[list[Message]]: ...
    def clear(self) -> None: ...
    def clear_async(self) -> Awaitable[None]: ...

@final
class State:
    """Recordings, feedback and what is counted over them."""

    def __new__(cls, core: Core) -> Self: ...
    @property
    def lost(self) -> int: ...
    def recordings_list(self, asked: _Options) -> RecordingPage: ...
    def recordings_list_async(self, asked: _Options) -> Awaitable[RecordingPage]: ...
    def recordings_get(self, id: str) -> Recording: ...
    def recordings_get_async(self, id: str) -> Awaitable[Recording]: ...
    def recordings_export(self, asked: _Options) -> int: ...
    def recordings_export_async(self, asked: _Options) -> Awaitable[int]: ...
    def recordings_query(self, sql: str) -> list[dict[str, Any]]: ...
    def recordings_query_async(self, sql: str) -> Awaitable[list[dict[str, Any]]]: ...
    def recordings_delete(self, asked: _Options) -> int: ...
    def recordings_delete_async(self, asked: _Options) -> Awaitable[int]: ...
    def recordings_rerun(self, asked: _Options) -> ChatCompletion: ...
    def recordings_rerun_async(self, asked: _Options) -> Awaitable[ChatCompletion]: ...
    def feedback(self, asked: _Options) -> str: ...
    def feedback_async(self, asked: _Options) -> Awaitable[str]: ...
    def campaign_report(self, asked: _Options) -> CampaignReport: ...
    def campaign_report_async(self, asked: _Options) -> Awaitable[CampaignReport]: ...
    def usage(self, asked: _Options) -> list[UsageRow]: ...
    def usage_async(self, asked: _Options) -> Awaitable[list[UsageRow]]: ...

def _revive(kind: type[_T], json: str) -> _T: ...
def _codes() -> list[str]: ...
def _names(of: Literal["chat", "prompt", "options"]) -> list[str]: ...
def _image(source: Any, detail: str | None, media_type: str | None) -> ImagePart: ...
def _file(
    source: Any, file_id: str | None, filename: str | None, media_type: str | None
) -> FilePart: ...
def _panic(place: str) -> Any: ...  # builds for tests only
