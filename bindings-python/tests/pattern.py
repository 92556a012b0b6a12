"""The patterns of the shared cases: what `core/conformance/README.md` says, in Python."""

from __future__ import annotations

import uuid
from typing import Any


def mismatch(place: str, pattern: Any, got: Any) -> str | None:
    """The first place where `got` does not match `pattern`, in words; `None` where it does."""
    if isinstance(pattern, str) and pattern.startswith("<") and pattern.endswith(">"):
        return None if _matches(pattern, got) else f"{place}: expected {pattern}, got {got!r}"
    if isinstance(pattern, dict) and isinstance(got, dict):
        found = (mismatch(f"{place}.{key}", value, got.get(key)) for key, value in pattern.items())
    elif isinstance(pattern, list) and isinstance(got, list) and len(pattern) == len(got):
        pairs = enumerate(zip(pattern, got, strict=True))
        found = (mismatch(f"{place}[{index}]", *pair) for index, pair in pairs)
    else:
        same = pattern == got and isinstance(pattern, bool) == isinstance(got, bool)
        found = iter(() if same else (f"{place}: expected {pattern!r}, got {got!r}",))
    return next((difference for difference in found if difference), None)


def _matches(word: str, got: Any) -> bool:
    if word.startswith("<contains:"):
        return isinstance(got, str) and word[len("<contains:") : -1] in got
    if word == "<number>":
        return isinstance(got, (int, float)) and not isinstance(got, bool)
    if word == "<uuid>":
        return isinstance(got, str) and uuid.UUID(got).version == 4
    kinds = {"<any>": object, "<absent>": type(None), "<string>": str, "<bool>": bool}
    return isinstance(got, kinds[word])
