"""A provider on loopback that does what the model's name says, and counts its connections.

`ok` answers whole; `chunks-N-MS` streams N chunks, MS milliseconds apart; `stall-N` streams N chunks
and falls silent; `cut-N` breaks off after N chunks; `hang` never answers; `status-N` fails with that
status. `GET /stats` tells how many connections are open and when the last one was closed by its client,
by the system's monotonic clock. Run as a program it prints its port and serves until its input ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import threading
import time
from typing import Any

open_connections = 0
closed_at: list[float] = []
requests: list[Any] = []


def main() -> None:
    async def run() -> None:
        server = await asyncio.start_server(connection, "127.0.0.1", 0, backlog=4096)
        print(server.sockets[0].getsockname()[1], flush=True)
        parent = threading.Thread(target=sys.stdin.read)
        parent.start()
        while parent.is_alive():
            await asyncio.sleep(0.05)

    asyncio.run(run())


async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    global open_connections
    counted = False
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET /stats"):
                stats = {
                    "open": open_connections,
                    "closed_at": closed_at[-1:],
                    "requests": requests[-5:],
                }
                writer.write(whole(200, stats))
                continue
            if not counted:
                open_connections += 1
                counted = True
            length = next(
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            )
            body = json.loads(await reader.readexactly(length))
            requests[:] = [*requests[-4:], {"head": head.decode("latin-1"), "body": body}]
            await answer(body["model"], reader, writer)
    except (asyncio.IncompleteReadError, ConnectionError):
        if counted:
            closed_at.append(time.monotonic())
    finally:
        open_connections -= counted
        with contextlib.suppress(Exception):
            writer.close()


async def answer(model: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    kind, *numbers = model.split("-")
    count, pause = ([int(number) for number in numbers] + [0, 0])[:2]
    if kind == "hang":
        await silence(reader)
    elif kind == "status":
        writer.write(whole(count, {"error": {"message": "as asked", "type": "test"}}))
    elif kind == "ok":
        message = {"role": "assistant", "content": "Hello"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        writer.write(whole(200, {"id": "c", "choices": [choice], "usage": usage, "model": model}))
    else:
        await stream(kind, count, pause, reader, writer)
    await writer.drain()


async def stream(
    kind: str, count: int, pause: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    )
    for index in range(count):
        piece(writer, event({"content": f"{index} "}, None))
        await writer.drain()
        if pause:
            await asyncio.sleep(pause / 1000)
    if kind == "stall":
        await silence(reader)
    if kind == "cut":
        raise ConnectionError
    piece(writer, event({}, "stop") + b"data: [DONE]\n\n")
    writer.write(b"0\r\n\r\n")


async def silence(reader: asyncio.StreamReader) -> None:
    """Until the client hangs up."""
    raise asyncio.IncompleteReadError(await reader.read(1), 1)


def event(delta: Any, finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    chunk = {"id": "c", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def piece(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))


def whole(status: int, body: Any) -> bytes:
    data = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(data)}\r\n\r\n"
    return head.encode() + data


if __name__ == "__main__":
    main()
