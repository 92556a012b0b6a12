"""One figure of one peer, in a process of its own: `measure.py PEER FIGURE URL` prints it as JSON.

CPU is user and system time of this process, threads of every kind included.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from peers import BIG, PEERS, SMALL

AT_ONCE = 64


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident() -> float:
    """KiB."""
    with open("/proc/self/statm", encoding="ascii") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024


async def consume(peer: Any, model: str) -> int:
    chunks, text = 0, peer.text
    async for chunk in peer.stream(model):
        text(chunk)
        chunks += 1
    return chunks


def consume_here(peer: Any, model: str) -> int:
    chunks, text = 0, peer.text
    for chunk in peer.stream(model):
        text(chunk)
        chunks += 1
    return chunks


class Awaited:
    """Runs the work of a peer for asyncio."""

    def __init__(self, kind: Any, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)

        async def make() -> Any:
            return kind(url)

        self.peer = self.loop.run_until_complete(make())

    def calls(self, count: int, messages: Any, at_once: int = 1) -> None:
        async def some() -> None:
            for _ in range(count // at_once):
                await self.peer.call(messages)

        async def all_of_them() -> None:
            await asyncio.gather(*(some() for _ in range(at_once)))

        self.loop.run_until_complete(all_of_them())

    def streams(self, count: int, model: str, at_once: int = 1) -> int:
        async def some() -> int:
            return sum([await consume(self.peer, model) for _ in range(count // at_once)])

        async def all_of_them() -> int:
            return sum(await asyncio.gather(*(some() for _ in range(at_once))))

        return self.loop.run_until_complete(all_of_them())

    def first_chunk(self) -> float:
        async def first() -> float:
            begun = time.perf_counter()
            stream = self.peer.stream("whole")
            await anext(stream)
            took = time.perf_counter() - begun
            async for _ in stream:
                pass
            return took

        return self.loop.run_until_complete(first())

    def open(self, count: int) -> Any:
        async def begin() -> Any:
            stream = self.peer.stream("paced-1000ms-1000")
            await anext(stream)
            return stream

        async def all_of_them() -> list[Any]:
            opened: list[Any] = []
            for _ in range(count // 50):
                opened += await asyncio.gather(*(begin() for _ in range(50)))
            return opened

        return self.loop.run_until_complete(all_of_them())

    def close(self) -> None:
        self.loop.run_until_complete(self.peer.close())


class Waited:
    """Runs the work of a peer that waits, on threads where there is more than one thing to do."""

    def __init__(self, kind: Any, url: str) -> None:
        self.peer = kind(url)

    def calls(self, count: int, messages: Any, at_once: int = 1) -> None:
        def some() -> None:
            for _ in range(count // at_once):
                self.peer.call(messages)

        threaded(some, at_once)

    def streams(self, count: int, model: str, at_once: int = 1) -> int:
        totals: list[int] = []

        def some() -> None:
            totals.extend(consume_here(self.peer, model) for _ in range(count // at_once))

        threaded(some, at_once)
        return sum(totals)

    def first_chunk(self) -> float:
        begun = time.perf_counter()
        stream = self.peer.stream("whole")
        next(stream)
        took = time.perf_counter() - begun
        for _ in stream:
            pass
        return took

    def open(self, count: int) -> Any:
        opened = [self.peer.stream("paced-1000ms-1000") for _ in range(count)]
        for stream in opened:
            next(stream)
        return opened

    def close(self) -> None:
        self.peer.close()


def threaded(work: Callable[[], None], at_once: int) -> None:
    if at_once == 1:
        work()
        return
    threads = [threading.Thread(target=work) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def per(count: int, work: Callable[[], Any]) -> float:
    """Microseconds of CPU for each of `count`."""
    gc.collect()
    before = cpu()
    work()
    return (cpu() - before) / count * 1e6


def figure(runner: Any, name: str) -> float:
    if name == "call":
        runner.calls(200, SMALL)
        return per(1000, lambda: runner.calls(1000, SMALL))
    if name == "big":
        runner.calls(20, BIG)
        return per(200, lambda: runner.calls(200, BIG))
    if name == "c64":
        runner.calls(640, SMALL, AT_ONCE)
        return per(3200, lambda: runner.calls(3200, SMALL, AT_ONCE))
    if name == "stream":
        runner.streams(10, "chunks-100")
        before = cpu()
        chunks = runner.streams(100, "chunks-100")
        return (cpu() - before) / chunks * 1e6
    if name == "chunk64":
        runner.streams(64, "chunks-100", AT_ONCE)
        before = cpu()
        chunks = runner.streams(320, "chunks-100", AT_ONCE)
        return (cpu() - before) / chunks * 1e6
    if name == "paced":
        runner.streams(64, "chunks-10", AT_ONCE)
        before = cpu()
        chunks = runner.streams(64, "paced-10ms-200", AT_ONCE)
        return (cpu() - before) / chunks * 1e6
    if name == "first":
        for _ in range(50):
            runner.first_chunk()
        return statistics.median(runner.first_chunk() for _ in range(300)) * 1e6
    if name == "memory":
        runner.streams(64, "chunks-10", AT_ONCE)
        gc.collect()
        before = resident()
        opened = runner.open(1000)
        gc.collect()
        after = resident()
        del opened
        return (after - before) / 1000
    raise SystemExit(f"unknown figure {name}")


def start(code: str) -> tuple[float, float]:
    """CPU in ms and resident MiB of an interpreter that runs this, least of five."""
    tail = "\nimport resource\nu = resource.getrusage(resource.RUSAGE_SELF)\nprint((u.ru_utime + u.ru_stime) * 1000, int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize() / 1e6)"
    runs = []
    for _ in range(5):
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code + tail],
            capture_output=True,
            text=True,
            check=True,
        )
        runs.append([float(number) for number in done.stdout.split()])
    return min(run[0] for run in runs), min(run[1] for run in runs)


def main() -> None:
    peer, name, url = sys.argv[1:]
    kind = PEERS[peer]
    if name == "start":
        bare, used = start("pass"), start(kind.start)
        print(json.dumps([used[0] - bare[0], used[1] - bare[1]]))
        return
    runner = Awaited(kind, url) if kind.awaited else Waited(kind, url)
    print(json.dumps([figure(runner, name)]), flush=True)
    # Streams that are still open need not end in order.
    os._exit(0)


if __name__ == "__main__":
    main()
