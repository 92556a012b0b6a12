#!/usr/bin/env bash
# Builds the Rust half for this machine and puts it where `Package.swift` looks. `build.sh --profile dist` makes the
# one that is shipped; without it the build is quick and checks arithmetic.
set -euo pipefail
cd "$(dirname "$0")"

cargo build -q -p slugline-swift --lib "$@"
target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
profile=debug
[ "${1:-}" != --profile ] || profile=$2
built=$target/$profile/libslugline_swift.a
if ! cmp -s "$built" native/libslugline_swift.a; then
  mkdir -p native
  cp "$built" native/libslugline_swift.a
  # SwiftPM does not look at the library: a header with a new date makes it link again.
  touch Sources/SluglineFFI/SluglineFFI.h
fi
