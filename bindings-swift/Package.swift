// swift-tools-version: 6.0
// On Linux the Rust half is a static library in `native/`, put there by `build.sh`; on Apple's platforms it is
// the XCFramework that `scripts/xcframework.sh` makes.

import PackageDescription

#if os(Linux)
  let ffi = Target.systemLibrary(name: "SluglineFFI", path: "Sources/SluglineFFI")
  let search: [LinkerSetting] = [.unsafeFlags(["-L\(Context.packageDirectory)/native"])]
#else
  let ffi = Target.binaryTarget(name: "SluglineFFI", path: "native/SluglineFFI.xcframework")
  let search: [LinkerSetting] = []
#endif

let package = Package(
  name: "Slugline",
  platforms: [.macOS(.v13), .iOS(.v16)],
  products: [.library(name: "Slugline", targets: ["Slugline"])],
  targets: [
    ffi,
    // Generated: not for users.
    .target(name: "SluglineNative", dependencies: ["SluglineFFI"], linkerSettings: search),
    .target(name: "Slugline", dependencies: ["SluglineNative"]),
    .testTarget(name: "SluglineTests", dependencies: ["Slugline", "SluglineNative"]),
  ]
)
