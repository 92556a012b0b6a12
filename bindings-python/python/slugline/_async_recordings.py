"""What was kept of calls, for asyncio."""

from __future__ import annotations

from . import _native
from ._asked import asked

TYPE_CHECKING = False
if TYPE_CHECKING:
    import builtins
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from os import PathLike
    from typing import Any

    from ._native import ChatCompletion, Recording, RecordingPage
    from .types import Label, Model

# Signatures are kept in groups of related options.
# fmt: off


class AsyncRecordings:
    """The recordings of an engine: `engine.recordings`.

    Filters hold all at once. Times are `datetime`s or Unix times in milliseconds.
    """

    __slots__ = ("_state",)

    def __init__(self, core: _native.Core) -> None:
        self._state = _native.State(core)

    async def list(
        self, *,
        prompt: str | None = None, session_id: str | None = None,
        campaign: str | None = None, project: str | None = None,
        labels: Mapping[str, Label] | None = None,
        since: datetime | int | None = None, until: datetime | int | None = None,
        limit: int | None = None, cursor: str | None = None, payload: bool | None = None,
    ) -> RecordingPage:
        """A page of recordings, newest first: 50 unless `limit` says otherwise, 1,000 at most.

        `cursor` is the `next_cursor` of the page before. `payload=True` gives messages, variables
        and answers too, where they were kept.
        """
        return await self._state.recordings_list_async(asked(
            prompt=prompt, session_id=session_id, campaign=campaign, project=project,
            labels=labels, since=since, until=until,
            limit=limit, cursor=cursor, payload=payload,
        ))

    async def get(self, id: str) -> Recording:
        """One recording, with its payload where that was kept, and its feedback."""
        return await self._state.recordings_get_async(id)

    async def export(
        self, path: str | PathLike[str], *,
        prompt: str | None = None, session_id: str | None = None,
        campaign: str | None = None, project: str | None = None,
        labels: Mapping[str, Label] | None = None,
        since: datetime | int | None = None, until: datetime | int | None = None,
    ) -> int:
        """Writes recordings to a file, newest first, one JSON object a line; gives how many."""
        return await self._state.recordings_export_async(asked(
            path=str(path),
            prompt=prompt, session_id=session_id, campaign=campaign, project=project,
            labels=labels, since=since, until=until,
        ))

    async def query(self, sql: str) -> builtins.list[dict[str, Any]]:
        """Runs one SQL statement that only reads, on the store's own connection. SQLite only."""
        return await self._state.recordings_query_async(sql)

    async def delete(
        self, *, ids: Sequence[str] | None = None,
        prompt: str | None = None, session_id: str | None = None,
        campaign: str | None = None, project: str | None = None,
        labels: Mapping[str, Label] | None = None,
        since: datetime | int | None = None, until: datetime | int | None = None,
    ) -> int:
        """Deletes recordings with their feedback; gives how many. Some filter must be given."""
        return await self._state.recordings_delete_async(asked(
            ids=ids,
            prompt=prompt, session_id=session_id, campaign=campaign, project=project,
            labels=labels, since=since, until=until,
        ))

    async def rerun(self, id: str, *, model: Model | None = None) -> ChatCompletion:
        """Makes a recorded call again, with another model or the one that served. Needs its payload.

        The new call is recorded with the label `rerun_of`; it joins no session and no campaign.
        """
        return await self._state.recordings_rerun_async(asked(id=id, model=model))

    @property
    def lost(self) -> int:
        """How many calls of this engine should have been recorded and were not."""
        return self._state.lost
