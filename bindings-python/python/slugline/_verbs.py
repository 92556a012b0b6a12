"""How the verbs reach the core.

A verb is written as a signature: for people, editors and type checkers. At a call its arguments go
to the core as they were given, as one dict, so that there is one place that knows the options and one
wording for what is wrong with them, in every language.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Verb = TypeVar("Verb", bound=Callable[..., Any])


def takes_messages(native: str, *, awaited: bool = False) -> Callable[[Verb], Verb]:
    """A verb whose first argument is `messages`, done by this method of the core."""

    def call(self: Any, messages: Any = None, **options: Any) -> Any:
        return getattr(self._core, native)(messages, options)

    async def call_awaited(self: Any, messages: Any = None, **options: Any) -> Any:
        return await getattr(self._core, native)(messages, options)

    return _shown_as(call_awaited if awaited else call)


def takes_slug(native: str, *, awaited: bool = False) -> Callable[[Verb], Verb]:
    """A verb whose first arguments are `slug` and `variables`, done by this method of the core."""

    def call(self: Any, slug: Any = None, variables: Any = None, **options: Any) -> Any:
        return getattr(self._core, native)(slug, variables, options)

    async def call_awaited(
        self: Any, slug: Any = None, variables: Any = None, **options: Any
    ) -> Any:
        return await getattr(self._core, native)(slug, variables, options)

    return _shown_as(call_awaited if awaited else call)


def _shown_as(call: Any) -> Callable[[Verb], Verb]:
    def dress(shown: Any) -> Any:
        for name in ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__"):
            setattr(call, name, getattr(shown, name))
        call.__wrapped__ = shown  # where `inspect.signature` and `help` look
        return call

    return dress
