"""Parts of a message from files, bytes and URLs."""

from __future__ import annotations

from ._errors import InvalidRequestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike
    from typing import Any, Literal

    from .types import FilePart, ImagePart

_IMAGES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


def image(
    source: str | PathLike[str] | bytes,
    *,
    detail: Literal["auto", "low", "high"] | None = None,
    media_type: str | None = None,
    cache_control: Mapping[str, Any] | None = None,
) -> ImagePart:
    """An image for a message: the path of a file, its bytes, or an `https:` or `data:` URL.

    A file is read now and travels in the request. Its type is told by its first bytes; give
    `media_type` for others than PNG, JPEG, GIF and WebP.
    """
    if isinstance(source, str) and _is_url(source):
        url = source
    else:
        data, name = _read(source)
        kind = media_type or _image_type(data)
        if kind is None:
            raise InvalidRequestError(
                f"`image`: {name or 'the bytes'} is no PNG, JPEG, GIF or WebP image: "
                "give its `media_type`",
                param="image",
            )
        url = _data_url(data, kind)
    part: ImagePart = {"type": "image_url", "image_url": {"url": url}}
    if detail is not None:
        part["image_url"] = {"url": url, "detail": detail}
    if cache_control is not None:
        part["cache_control"] = cache_control
    return part


def file(
    source: str | PathLike[str] | bytes | None = None,
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
    part: FilePart = {"type": "file", "file": {}}
    if file_id is not None:
        part["file"]["file_id"] = file_id
    elif source is None:
        raise InvalidRequestError("`file` needs a path, bytes, a URL or a `file_id`", param="file")
    elif isinstance(source, str) and source.startswith("data:"):
        part["file"]["file_data"] = source
    elif isinstance(source, str) and _is_url(source):
        part["file"]["file_url"] = source
    else:
        data, name = _read(source)
        filename = filename or name
        kind = media_type or _file_type(filename)
        if kind is None:
            raise InvalidRequestError(
                "`file`: the type of bytes is not known: give a `filename` or a `media_type`",
                param="file",
            )
        part["file"]["file_data"] = _data_url(data, kind)
    if filename is not None:
        part["file"]["filename"] = filename
    if cache_control is not None:
        part["cache_control"] = cache_control
    return part


def _is_url(source: str) -> bool:
    return source.startswith(("https://", "http://", "data:"))


def _read(source: str | PathLike[str] | bytes) -> tuple[bytes, str | None]:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source), None
    from os.path import basename

    with open(source, "rb") as opened:
        return opened.read(), basename(source)


def _image_type(data: bytes) -> str | None:
    for start, kind in _IMAGES:
        if data.startswith(start):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def _file_type(filename: str | None) -> str | None:
    if filename is None:
        return None
    from mimetypes import guess_type

    return guess_type(filename)[0] or "application/octet-stream"


def _data_url(data: bytes, kind: str) -> str:
    from base64 import b64encode

    return f"data:{kind};base64,{b64encode(data).decode('ascii')}"
