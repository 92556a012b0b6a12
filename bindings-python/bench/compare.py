"""One run of every peer beside the floor, by the same upstream: prints the tables of BENCHMARKS.md.

bench/run            everything, least and median of 5 interleaved repetitions
bench/run --quick    one repetition
bench/run --only slugline --figures chunk64,paced
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from peers import PEERS

HERE = Path(__file__).parent
FIGURES = {
    "call": "call µs",
    "big": "100 KB call µs",
    "c64": "call µs, 64 at once",
    "stream": "chunk µs, 1 stream",
    "chunk64": "chunk µs, 64 streams",
    "paced": "chunk µs, 64 paced",
    "first": "first chunk µs (p50)",
    "memory": "KB a stream, 1,000 open",
    "start": "start ms CPU, MB",
}
FLOOR = "aiohttp + orjson"
# A thousand threads that wait are no way to hold a thousand streams open.
LEFT_OUT = {("openai (sync)", "memory")}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--upstream", required=True, help="the program `upstream`")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default=",".join(PEERS))
    parser.add_argument("--figures", default=",".join(FIGURES))
    asked = parser.parse_args()
    names, figures = asked.only.split(","), asked.figures.split(",")
    upstream = subprocess.Popen([asked.upstream, "--port", "0"], stdout=subprocess.PIPE, text=True)
    assert upstream.stdout is not None
    url = upstream.stdout.readline().strip()
    seen: dict[tuple[str, str], list[list[float]]] = defaultdict(list)
    try:
        for figure in figures:
            for _ in range(1 if asked.quick else 5):
                for name in names:
                    if (name, figure) not in LEFT_OUT:
                        seen[name, figure].append(measure(name, figure, url))
    finally:
        upstream.terminate()
    table(names, figures, seen)


def measure(name: str, figure: str, url: str) -> list[float]:
    command = [sys.executable, str(HERE / "measure.py"), name, figure, url]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    print(f"{figure} {name}: {done.stdout.strip()}", file=sys.stderr, flush=True)
    return json.loads(done.stdout) if done.stdout else [float("nan")]


def table(
    names: list[str], figures: list[str], seen: dict[tuple[str, str], list[list[float]]]
) -> None:
    print(
        f"Load before: {os.getloadavg()[0]:.1f}; {os.cpu_count()} cores; Python {sys.version.split()[0]}\n"
    )
    print("| | " + " | ".join(FIGURES[figure] for figure in figures) + " |")
    print("|---|" + "--:|" * len(figures))
    for name in names:
        cells = []
        for figure in figures:
            runs = seen.get((name, figure))
            if not runs:
                cells.append("-")
                continue
            least = [min(column) for column in zip(*runs, strict=True)]
            middle = statistics.median(run[0] for run in runs)
            cell = ", ".join(f"{number:.1f}" for number in least)
            floor = seen.get((FLOOR, figure))
            if figure != "start":
                cell += f" ({middle:.1f})"
                if floor:
                    cell += f" **{least[0] / min(run[0] for run in floor):.2f}**"
            cells.append(cell)
        print(f"| {name} | " + " | ".join(cells) + " |")
    print("\nLeast of the repetitions (median) **ratio to the floor, by the least**.")


if __name__ == "__main__":
    main()
