#!/usr/bin/env bash
# Builds the package for this machine and runs everything that checks it: node:test over the shared
# cases, the tests and the examples, then tsc over the declarations. `test.sh --build` only builds.
set -euo pipefail
cd "$(dirname "$0")"

# What a lock file of the same content installed before is good.
if ! cmp -s package-lock.json node_modules/.slugline-lock; then
  npm ci --no-fund --no-audit --loglevel=error
  cp package-lock.json node_modules/.slugline-lock
fi
# Without optimisation: the tests want a quick build, and the core's own checks of arithmetic.
npm run --silent build
[ "${1:-}" != --build ] || exit 0

echo "-- node:test"
npm test --silent
echo "-- tsc"
npm run --silent types
