// swift-tools-version: 6.0
import PackageDescription

let package = Package(
  name: "SluglineBench",
  platforms: [.macOS(.v15)],
  dependencies: [.package(path: "..")],
  targets: [
    .executableTarget(name: "bench", dependencies: [.product(name: "Slugline", package: "bindings-swift")]),
    .executableTarget(name: "bare"),
  ]
)
