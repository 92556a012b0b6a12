"""Types for the arguments of a call, and the classes of what an answer is made of.

Only needed for annotations: a call takes plain dicts, lists and strings. Importing `slugline` does
not import this module.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Literal, TypedDict, Union

from ._errors import Location
from ._native import (
    ArmReport,
    Attempt,
    CampaignRef,
    CampaignReport,
    ChatCompletion,
    ChatCompletionChunk,
    Choice,
    ChunkChoice,
    ChunkDelta,
    Comparison,
    CompletionTokensDetails,
    Cost,
    CostTotal,
    EnvironmentInfo,
    Feedback,
    FunctionCall,
    FunctionDelta,
    Logprobs,
    Message,
    Meta,
    PromptInfo,
    PromptRef,
    PromptTokensDetails,
    ProviderRequest,
    Recording,
    RecordingPage,
    RenderedPrompt,
    Timing,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    TopLogprob,
    Usage,
    UsageRow,
    VariantInfo,
    Warning,
)

__all__ = [
    "ArmReport",
    "Attempt",
    "AudioPart",
    "CampaignRef",
    "CampaignReport",
    "ChatCompletion",
    "ChatCompletionChunk",
    "Choice",
    "ChunkChoice",
    "ChunkDelta",
    "Comparison",
    "CompletionTokensDetails",
    "Config",
    "Cost",
    "CostTotal",
    "EnvironmentInfo",
    "Feedback",
    "FilePart",
    "FunctionCall",
    "FunctionCallParam",
    "FunctionDelta",
    "FunctionParam",
    "FunctionToolParam",
    "ImagePart",
    "Label",
    "Location",
    "Logprobs",
    "Message",
    "MessageParam",
    "Messages",
    "Meta",
    "Model",
    "NamedToolChoice",
    "Part",
    "PromptInfo",
    "PromptRef",
    "PromptTokensDetails",
    "ProviderRequest",
    "ReasoningEffort",
    "Recording",
    "RecordingPage",
    "RefusalPart",
    "RenderedPrompt",
    "ResponseFormat",
    "StreamOptions",
    "TextPart",
    "Timing",
    "TokenLogprob",
    "Tool",
    "ToolCall",
    "ToolCallDelta",
    "ToolCallParam",
    "ToolChoice",
    "ToolSwitch",
    "TopLogprob",
    "Usage",
    "UsageRow",
    "VariantInfo",
    "Warning",
]

Config = Union[str, "PathLike[str]", Mapping[str, Any]]
"""What an engine is opened with: the path of a TOML or JSON file, or its content as plain data."""

Model = Union[str, Sequence[str]]
"""`provider/model`, an alias, a project or a bare model id; a list is tried in order."""

Label = Union[str, int, float, bool]

ReasoningEffort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]


class _TextPart(TypedDict):
    type: Literal["text"]
    text: str


class TextPart(_TextPart, total=False):
    """Text."""

    cache_control: Mapping[str, Any]


class _ImageUrl(TypedDict):
    url: str


class ImageUrl(_ImageUrl, total=False):
    """An `https:` or `data:` URL, and how closely to look at the image."""

    detail: Literal["auto", "low", "high"]


class _ImagePart(TypedDict):
    type: Literal["image_url"]
    image_url: str | ImageUrl


class ImagePart(_ImagePart, total=False):
    """An image; `slugline.image` makes one from a file."""

    cache_control: Mapping[str, Any]


class InputAudio(TypedDict):
    """Audio in base64."""

    data: str
    format: str


class _AudioPart(TypedDict):
    type: Literal["input_audio"]
    input_audio: InputAudio


class AudioPart(_AudioPart, total=False):
    """Audio."""

    cache_control: Mapping[str, Any]


class File(TypedDict, total=False):
    """A file: by the provider's id, as a `data:` URL, or by its own URL."""

    file_id: str
    filename: str
    file_data: str
    file_url: str


class _FilePart(TypedDict):
    type: Literal["file"]
    file: File


class FilePart(_FilePart, total=False):
    """A file; `slugline.file` makes one."""

    cache_control: Mapping[str, Any]


class RefusalPart(TypedDict):
    """A refusal in a replayed assistant turn."""

    type: Literal["refusal"]
    refusal: str


Part = Union[TextPart, ImagePart, AudioPart, FilePart, RefusalPart]
"""A part of a message."""


class FunctionCallParam(TypedDict):
    """Name and arguments of a call, the arguments as JSON text."""

    name: str
    arguments: str


class ToolCallParam(TypedDict):
    """A call that the model made, in a replayed assistant turn."""

    id: str
    type: Literal["function"]
    function: FunctionCallParam


class _MessageParam(TypedDict):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]


class MessageParam(_MessageParam, total=False):
    """A message as a plain dict, in OpenAI's shape."""

    content: str | Sequence[Part] | None
    name: str
    tool_calls: Sequence[ToolCallParam | ToolCall]
    tool_call_id: str
    function_call: FunctionCallParam
    refusal: str | None
    reasoning_content: str | None
    metadata: Mapping[str, Any]
    completion_id: str
    provider_state: Any


Messages = Union[str, Sequence[Union[MessageParam, Message]]]
"""A string is one user message."""


class _FunctionParam(TypedDict):
    name: str


class FunctionParam(_FunctionParam, total=False):
    """A function that the model may call; `parameters` is a JSON Schema."""

    description: str
    parameters: Mapping[str, Any]
    strict: bool


class _FunctionToolParam(TypedDict):
    type: Literal["function"]
    function: FunctionParam


class FunctionToolParam(_FunctionToolParam, total=False):
    """The definition of a tool."""

    cache_control: Mapping[str, Any]


class _ToolSwitch(TypedDict):
    id: str


class ToolSwitch(_ToolSwitch, total=False):
    """Switches a tool of the configuration on (the default) or off."""

    enabled: bool


Tool = Union[FunctionToolParam, ToolSwitch, Mapping[str, Any]]
"""An element of `tools`; other mappings go to OpenAI-format hosts as they are."""


class _FunctionName(TypedDict):
    name: str


class NamedToolChoice(TypedDict):
    """The function that the model must call."""

    type: Literal["function"]
    function: _FunctionName


ToolChoice = Union[Literal["none", "auto", "required"], NamedToolChoice, Mapping[str, Any]]
"""Which tool the model must call."""


class _TextFormat(TypedDict):
    type: Literal["text", "json_object"]


class _JsonSchema(TypedDict):
    name: str
    schema: Mapping[str, Any]


class JsonSchema(_JsonSchema, total=False):
    """A named JSON Schema for an answer."""

    description: str
    strict: bool


class _JsonSchemaFormat(TypedDict):
    type: Literal["json_schema"]
    json_schema: JsonSchema


ResponseFormat = Union[_TextFormat, _JsonSchemaFormat]
"""The format of the answer."""


class StreamOptions(TypedDict, total=False):
    """What a stream reports."""

    include_usage: bool
