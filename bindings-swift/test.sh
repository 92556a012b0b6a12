#!/usr/bin/env bash
# Builds the package for this machine and runs everything that checks it: the generated code against a fresh
# generation, the tests with the shared cases, the examples. Where there is no Swift and none can be had, one line
# says so; with CI=true that is a failure.
set -euo pipefail
cd "$(dirname "$0")"

code=0
reason=$(scripts/swift --install 2>&1 >/dev/null) || code=$?
if [ "$code" -ne 0 ]; then
  echo "Swift tests skipped: $reason"
  [ -z "${CI:-}" ]
  exit
fi

echo "-- generated code"
./generate.sh --check
./build.sh
echo "-- swift test"
# One after the other: some tests measure time.
scripts/swift test --no-parallel -Xswiftc -warnings-as-errors
echo "-- api.json"
scripts/swift package dump-symbol-graph --minimum-access-level public >/dev/null
scripts/api.py "$(find "$(scripts/swift --build-path)" -name Slugline.symbols.json)"
echo "-- examples"
cd ../examples/swift
swift() { ../../bindings-swift/scripts/swift "$@"; }
swift build -Xswiftc -warnings-as-errors
# What each must say, the same as in every language.
says() {
  local said
  said=$(swift run --skip-build -q "$1")
  grep -qzP "$2" <<<"$said" || {
    printf 'examples/swift %s said:\n%s\n' "$1" "$said" >&2
    exit 1
  }
}
says quickstart '^Hello from Swift\n$'
says stream '^One word at a time\n\d+ tokens\n$'
says run_prompt '^Say hello to Ada[^\n]*\nprompt greet [0-9a-f]{8}, answered by test/echo\n$'
says fallback '^test/echo: Is anybody there\?\n  down/some-model: connection\n  test/echo: ok\n$'
