// swift-tools-version: 6.0
// The examples, each a program: `swift run quickstart`, after `bindings-swift/build.sh`.

import PackageDescription

let names = ["quickstart", "stream", "run_prompt", "fallback"]

let package = Package(
  name: "SluglineExamples",
  platforms: [.macOS(.v13)],
  dependencies: [.package(path: "../../bindings-swift")],
  targets: names.map { name in
    .executableTarget(name: name, dependencies: [.product(name: "Slugline", package: "bindings-swift")])
  }
)
