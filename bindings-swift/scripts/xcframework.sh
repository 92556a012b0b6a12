#!/usr/bin/env bash
# Makes native/SluglineFFI.xcframework, which Package.swift asks for on Apple's platforms: iOS, its simulator, macOS.
# Needs a Mac with Xcode and Rust. NOT RUN YET on Apple hardware: read it as a plan that nobody has tried.
set -euo pipefail
cd "$(dirname "$0")/.."

[ "$(uname -s)" = Darwin ] || { echo "an XCFramework needs a Mac with Xcode" >&2; exit 69; }

targets=(aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios aarch64-apple-darwin x86_64-apple-darwin)
export IPHONEOS_DEPLOYMENT_TARGET=16.0 MACOSX_DEPLOYMENT_TARGET=13.0
rustup target add "${targets[@]}"
for target in "${targets[@]}"; do
  cargo build -p slugline-swift --lib --profile dist --no-default-features --features apple --target "$target"
done

target=$(cargo metadata --format-version 1 --no-deps | sed 's/.*"target_directory":"\([^"]*\)".*/\1/')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
library() { echo "$target/$1/dist/libslugline_swift.a"; }
# One library a platform, whatever its processors.
mkdir -p "$work"/{simulator,macos,headers/SluglineFFI}
lipo -create "$(library aarch64-apple-ios-sim)" "$(library x86_64-apple-ios)" \
  -output "$work/simulator/libslugline_swift.a"
lipo -create "$(library aarch64-apple-darwin)" "$(library x86_64-apple-darwin)" -output "$work/macos/libslugline_swift.a"

# A folder of its own below the headers: two XCFrameworks in one app may both bring a `module.modulemap`.
cp Sources/SluglineFFI/SluglineFFI.h "$work/headers/SluglineFFI/"
cat >"$work/headers/SluglineFFI/module.modulemap" <<'EOF'
module SluglineFFI {
    header "SluglineFFI.h"
    link framework "Security"
    link framework "SystemConfiguration"
    link framework "CoreFoundation"
    export *
}
EOF

rm -rf native/SluglineFFI.xcframework
mkdir -p native
xcodebuild -create-xcframework \
  -library "$(library aarch64-apple-ios)" -headers "$work/headers" \
  -library "$work/simulator/libslugline_swift.a" -headers "$work/headers" \
  -library "$work/macos/libslugline_swift.a" -headers "$work/headers" \
  -output native/SluglineFFI.xcframework

(cd native && zip -qry SluglineFFI.xcframework.zip SluglineFFI.xcframework)
echo "checksum for .binaryTarget(url:checksum:): $(swift package compute-checksum native/SluglineFFI.xcframework.zip)"
