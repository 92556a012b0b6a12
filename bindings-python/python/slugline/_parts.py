"""Parts of a message from files, bytes and URLs."""

from __future__ import annotations

from . import _native

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike
    from typing import Any, Literal

    from .types import FilePart, ImagePart


def image(
    source: str | PathLike[str] | bytes | bytearray | memoryview,
    *,
    detail: Literal["auto", "low", "high"] | None = None,
    media_type: str | None = None,
    cache_control: Mapping[str, Any] | None = None,
) -> ImagePart:
    """An image for a message: the path of a file, its bytes, or an `https:` or `data:` URL.

    A file is read now and travels in the request. Its type is told by its first bytes; give
    `media_type` for others than PNG, JPEG, GIF and WebP.
    """
    part = _native._image(source, detail, media_type)
    if cache_control is not None:
        part["cache_control"] = cache_control
    return part


def file(
    source: str | PathLike[str] | bytes | bytearray | memoryview | None = None,
    *,
    file_id: str | None = None,
    filename: str | None = None,
    media_type: str | None = None,
    cache_control: Mapping[str, Any] | None = None,
) -> FilePart:
    """A file for a message: the path of a file, its bytes, its URL, or the id a provider gave it.

    A file is read now and travels in the request, with its name. Bytes need a `filename` or a
    `media_type`.
    """
    part = _native._file(source, file_id, filename, media_type)
    if cache_control is not None:
        part["cache_control"] = cache_control
    return part
