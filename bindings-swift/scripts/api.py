#!/usr/bin/env python3
"""Compares the public names of the module `Slugline` with `api.json`: `api.py SYMBOLS.json [--write]`.

SYMBOLS.json is what `swift package dump-symbol-graph` gives. Of a type its members are listed, functions and
initialisers with the labels of their arguments; what conformances ask for is not.
"""

import json
import sys
from pathlib import Path

API = Path(__file__).parents[2] / "core" / "conformance" / "api.json"
TYPES = {"swift.class", "swift.struct", "swift.enum", "swift.protocol", "swift.typealias"}
BROUGHT = {
    *("encode(to:)", "init(from:)", "init(rawValue:)", "==(_:_:)", "!=(_:_:)", "hash(into:)", "hashValue"),
    *("makeAsyncIterator()", "next()", "next(isolation:)"),
}


def names(graph):
    """The public types with their members, by name."""
    found = {}
    inherited = {
        edge["source"]
        for edge in graph["relationships"]
        if edge["kind"] == "memberOf" and "sourceOrigin" in edge
    }
    for symbol in graph["symbols"]:
        path = symbol["pathComponents"]
        if symbol["kind"]["identifier"] in TYPES:
            # Aliases inside types belong to conformances.
            if symbol["kind"]["identifier"] != "swift.typealias":
                found.setdefault(".".join(path), set())
            continue
        if symbol["identifier"]["precise"] in inherited:
            continue
        literal = path[-1].startswith("init(") and path[-1].endswith("Literal:)")
        if len(path) > 1 and path[-1] not in BROUGHT and not literal:
            found.setdefault(".".join(path[:-1]), set()).add(path[-1])
    return {name: sorted(members) for name, members in sorted(found.items())}


def text(api):
    """The file as it is kept: a type a line."""
    lines = []
    for language, modules in api.items():
        parts = []
        for module, types in modules.items():
            rows = [f"      {json.dumps(name)}: {json.dumps(members)}" for name, members in types.items()]
            parts.append(f"    {json.dumps(module)}: {{\n" + ",\n".join(rows) + "\n    }")
        lines.append(f"  {json.dumps(language)}: {{\n" + ",\n".join(parts) + "\n  }")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main(path, write):
    api = json.loads(API.read_text())
    here = names(json.loads(Path(path).read_text()))
    if write:
        api["swift"] = {"Slugline": here}
        API.write_text(text(api))
        return 0
    listed = api.get("swift", {}).get("Slugline", {})
    if listed == here:
        return 0
    for name in sorted(listed.keys() | here.keys()):
        one, other = set(listed.get(name, [])), set(here.get(name, []))
        if one != other or (name in listed) != (name in here):
            print(f"{name}: only in api.json {sorted(one - other)}, only in the package {sorted(other - one)}")
    print("api.json is not what the package gives: bindings-swift/scripts/api.py")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], "--write" in sys.argv))
