#!/usr/bin/env python3
"""Calls and streams by this crate beside the thinnest code over reqwest and serde_json, in one run.

    python3 core/benches/compare.py            # CPU time, the least of 5 interleaved runs, 64 at once
    python3 core/benches/compare.py --count    # instructions in user space by callgrind, one at a time
    python3 core/benches/compare.py --flood    # memory of a stream among 1 GiB of pings

The upstream is `core/examples/upstream.rs`. Quote the ratios: absolute figures drift with the machine.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHUNKS = 100
WHAT = {"call": ("call", 1), "large": ("100 KB request", 1), "stream": ("chunk", CHUNKS)}
ROUTED = {"call": "call", "short": "stream of one chunk"}


def build():
    command = ["cargo", "build", "-q", "--release", "-p", "slugline", "--example", "upstream", "--example", "client", "--example", "flood"]
    subprocess.run(command, cwd=ROOT, check=True, env={**__import__("os").environ, "CARGO_PROFILE_RELEASE_STRIP": "none"})
    folder = ROOT / "target/release/examples"
    return folder / "upstream", folder / "client", folder / "flood"


def cpu(client, url, who, what, count, at_once):
    out = subprocess.run([client, url, who, what, str(count), str(at_once)], capture_output=True, text=True, check=True)
    return int(out.stdout)


def instructions(client, url, who, what, count):
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", client, url, who, what, str(count), "1"]
        out = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(re.search(r"Collected : (\d+)", out.stderr).group(1))


def main():
    upstream, client, flood = build()
    server = subprocess.Popen([upstream, "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        url = server.stdout.readline().strip()
        if "--count" in sys.argv:
            few, many = 20, 120
            print("instructions, user space          ours       floor   ratio")
            for what, (name, per) in WHAT.items():
                figure = {}
                for who in ("ours", "floor"):
                    spent = instructions(client, url, who, what, many) - instructions(client, url, who, what, few)
                    figure[who] = spent / (many - few) / per
                print(f"{name:<28}{figure['ours']:>12,.0f}{figure['floor']:>12,.0f}{figure['ours'] / figure['floor']:>8.2f}")
            print("what routing adds                routed      single    more")
            for what, name in ROUTED.items():
                figure = {}
                for who in ("routed", "ours"):
                    spent = instructions(client, url, who, what, many) - instructions(client, url, who, what, few)
                    figure[who] = spent / (many - few)
                print(f"{name:<28}{figure['routed']:>12,.0f}{figure['ours']:>12,.0f}{figure['routed'] - figure['ours']:>8,.0f}")
            return
        if "--flood" in sys.argv:
            subprocess.run([flood, url], check=True)
            return
        print("CPU, us, 64 at once               ours       floor   ratio")
        for what, (name, per) in WHAT.items():
            count = {"call": 40000, "large": 8000, "stream": 3000}[what]
            least = {"ours": float("inf"), "floor": float("inf")}
            for _ in range(5):
                for who in least:
                    least[who] = min(least[who], cpu(client, url, who, what, count, 64))
            figure = {who: ms * 1000 / count / per for who, ms in least.items()}
            print(f"{name:<28}{figure['ours']:>12.2f}{figure['floor']:>12.2f}{figure['ours'] / figure['floor']:>8.2f}")
    finally:
        server.terminate()


main()
