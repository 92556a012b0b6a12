"""The public names of the package, as `core/conformance/api.json` lists them for every language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import slugline
from slugline import SluglineError, types

API = Path(__file__).parents[2] / "core" / "conformance" / "api.json"


def members(public: Any) -> list[str]:
    """The public members of a class; of an exception class only what it adds; of the rest none."""
    if not isinstance(public, type):
        return []
    if issubclass(public, dict):  # a TypedDict, at run time
        return sorted(public.__annotations__)
    if issubclass(public, SluglineError):
        names = set(vars(public)) | set(vars(public).get("__annotations__", ()))
        inherited = set() if public is SluglineError else {"code"}
        return sorted(name for name in names - inherited if not name.startswith("_"))
    return sorted(name for name in dir(public) if not name.startswith("_"))


def names(module: Any) -> dict[str, list[str]]:
    public = [name for name in module.__all__ if name != "__version__"]
    return {name: members(getattr(module, name)) for name in sorted(public)}


def test_the_listed_names_are_the_public_ones() -> None:
    listed = json.loads(API.read_text(encoding="utf-8"))["python"]
    assert listed["slugline"] == names(slugline)
    own = {name: inside for name, inside in names(types).items() if name not in slugline.__all__}
    assert listed["slugline.types"] == own


def test_classes_and_methods_are_documented() -> None:
    """Fields are documented in the stub, where editors look."""
    for module in (slugline, types):
        for name in module.__all__:
            public = getattr(module, name)
            if not isinstance(public, type) or issubclass(public, dict):
                continue
            assert public.__doc__, name
            for member in members(public):
                if callable(found := getattr(public, member, None)):
                    assert found.__doc__, f"{name}.{member}"
