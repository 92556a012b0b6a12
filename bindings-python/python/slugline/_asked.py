"""How questions about the state reach the core: what is given, times as milliseconds."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def asked(**given: Any) -> dict[str, Any]:
    """What was given, for the core; a `datetime` as its Unix time in milliseconds."""
    for name in ("since", "until"):
        timestamp = getattr(given.get(name), "timestamp", None)
        if timestamp is not None:
            given[name] = int(timestamp() * 1000)
    return {name: value for name, value in given.items() if value is not None}
