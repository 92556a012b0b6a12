#!/usr/bin/env bash
# Type-checks the Rust half for iOS without a Mac, with the compiler of a Debian forky root (Rust 1.97 with its
# source): about 10 minutes at first, 2 GB; needs root. Nothing is linked: ring and SQLite, which compile C against
# Apple's SDK, are checked against headers made by `zig cc` for macOS, so what passes here is a type check and no more.
set -euo pipefail

repo=$(cd "$(dirname "$0")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/slugline
root=${SLUGLINE_IOS_ROOT:-$cache/ios-forky}
target=${1:-aarch64-apple-ios}

[ "$(id -u)" -eq 0 ] || { echo "only root can make a Debian root" >&2; exit 69; }
if [ ! -e "$root/.complete" ]; then
  rm -rf "$root"
  mkdir -p "$root"
  debootstrap --variant=minbase --include=ca-certificates,rustc,cargo,rust-src,gcc,libc6-dev,python3-pip \
    forky "$root" "" /usr/share/debootstrap/scripts/sid >"$root.log" 2>&1 || { tail -n 5 "$root.log" >&2; exit 1; }
  touch "$root/.complete"
fi

# What a machine trusts beside Debian's roots, it trusts here too.
[ ! -e /etc/ssl/certs/ca-certificates.crt ] || cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
cp /etc/resolv.conf "$root/etc/resolv.conf"
mkdir -p "$root/src" "$root/cargo" "$root/target" "$root/opt/sdk"
cat >"$root/opt/cc" <<'EOF'
#!/bin/sh
# Stands in for Apple's clang: takes out what zig does not know.
for argument; do
  shift
  case $argument in
    --target=* | -m*-version-min=* | -arch | arm64 | -isysroot | /opt/sdk) ;;
    *) set -- "$@" "$argument" ;;
  esac
done
exec python3 -m ziglang cc -target aarch64-macos "$@"
EOF
chmod +x "$root/opt/cc"

exec unshare -m bash -c '
  mount --make-rprivate /
  mount -t proc proc "$0/proc"
  mount --bind "$1" "$0/src"
  exec chroot "$0" env -i HOME=/root PATH=/usr/bin:/bin LC_ALL=C.UTF-8 CARGO_HOME=/cargo CARGO_TARGET_DIR=/target \
    PIP_CERT=/etc/ssl/certs/ca-certificates.crt CARGO_HTTP_CAINFO=/etc/ssl/certs/ca-certificates.crt \
    RUSTC_BOOTSTRAP=1 SDKROOT=/opt/sdk CC_aarch64_apple_ios=/opt/cc AR_aarch64_apple_ios=/usr/bin/ar \
    bash -euc "
      python3 -m ziglang version >/dev/null 2>&1 || pip install -q --break-system-packages ziglang
      cd /src
      for crate in \"slugline --features runtime\" slugline-swift; do
        cargo check --locked --ignore-rust-version -Zbuild-std=std,panic_abort --target $2 --no-default-features -p \$crate
      done"
' "$root" "$repo" "$target"
