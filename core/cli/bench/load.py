#!/usr/bin/env python3
"""What `slugline serve` adds to a provider: throughput and latency beside calling it directly, and open streams.

    cargo build --release -p slugline-cli -p slugline --bin slugline --example upstream
    core/cli/bench/load.py target/release

Needs wrk (Debian's package). The provider is `core/examples/upstream.rs` on loopback, one thread; wrk has another.
"""

import asyncio
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
KEY = "key-of-the-bench"
SECONDS = os.environ.get("SECONDS_EACH", "10")


def start(words):
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    return process, process.stdout.readline().strip()


def unit(text):
    number, name = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000}[name]


def wrk(url, model, connections):
    words = ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-s", str(HERE / "chat.lua")]
    env = {**os.environ, "KEY": KEY, "MODEL": model}
    out = subprocess.run([*words, f"{url}/v1/chat/completions"], env=env, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in out and "Socket errors" not in out, out
    at = dict(re.findall(r"^\s+(50|99)%\s+(\S+)$", out, re.M))
    calls = int(re.search(r"(\d+) requests in", out)[1])
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), unit(at["50"]), unit(at["99"]), calls


def burnt(process):
    """Microseconds of CPU so far, user and system."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1_000_000 / os.sysconf("SC_CLK_TCK")


def resident(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1])


async def streams(url, count):
    """Opens so many streams of an event a second, and holds them."""
    host, port = url.removeprefix("http://").split(":")
    body = b'{"model":"up/paced-1000ms-60","stream":true,"messages":[{"role":"user","content":"x"}]}'
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {KEY}\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    began = []

    async def one():
        started = time.perf_counter()
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(head.encode() + body)
        await reader.readuntil(b"data: ")
        began.append(time.perf_counter() - started)
        return reader, writer

    opened = await asyncio.gather(*[one() for _ in range(count)])
    await asyncio.sleep(5)
    return opened, sorted(began)


async def hold(server, url, count):
    before = resident(server)
    opened, began = await streams(url, count)
    held = resident(server)
    for _, writer in opened:
        writer.close()
    await asyncio.sleep(2)
    after = resident(server)
    print(f"\n{count} open streams, an event a second each: resident {before / 1024:.1f} MiB before,", end=" ")
    print(f"{held / 1024:.1f} MiB while open ({(held - before) / count:.1f} KiB a stream), {after / 1024:.1f} MiB after;", end=" ")
    print(f"first byte of an event p50 {began[count // 2] * 1000:.0f} ms, last {began[-1] * 1000:.0f} ms (all opened at once)")


def main(build):
    upstream, direct = start([f"{build}/examples/upstream", "--port", "0"])
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder) / "slugline.toml"
        config.write_text(
            f'[providers.up]\ndialect = "openai"\nbase_url = "{direct}/v1"\n[server]\nkeys = ["{KEY}"]\n'
        )
        words = [f"{build}/slugline", "--config", str(config), "serve", "--listen", "127.0.0.1:0", "--quiet"]
        server, url = start(words)
        try:
            wrk(url, "up/whole", 8)
            print("| at once | direct req/s | through req/s | direct p50 / p99 ms | through p50 / p99 ms | added p50 / p99 ms | server CPU a call, us |")
            print("|--:|--:|--:|--:|--:|--:|--:|")
            for connections in (1, 64, 512):
                first, before = wrk(direct, "whole", connections), burnt(server)
                second = wrk(url, "up/whole", connections)
                each = (burnt(server) - before) / second[3]
                added = f"{second[1] - first[1]:.2f} / {second[2] - first[2]:.2f}"
                print(
                    f"| {connections} | {first[0]:,.0f} | {second[0]:,.0f} | {first[1]:.2f} / {first[2]:.2f} "
                    f"| {second[1]:.2f} / {second[2]:.2f} | {added} | {each:.0f} |"
                )
            asyncio.run(hold(server, url, 1000))
        finally:
            server.terminate()
            upstream.terminate()
            server.wait()
            upstream.wait()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "target/release")
