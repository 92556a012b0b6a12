// What an engine is opened with.

import Foundation

/// The configuration of an engine: a file, or the same as plain data. A string literal names a file.
///
/// Tables hold plain data under the names of `slugline.toml`, which the guide on configuration lists; unknown
/// keys are errors that name the nearest known one.
public struct Config: Sendable, ExpressibleByStringLiteral {
  enum Source: Sendable {
    case defaults
    case file(String)
    /// A URL of this scheme that is no file's: refused at opening.
    case elsewhere(scheme: String?)
    case data(JSONValue)
  }

  let source: Source

  /// Presets, keys from their usual environment variables, storage in memory; where the environment variable
  /// `SLUGLINE_CONFIG` is set, the file it names.
  public static let defaults = Config(source: .defaults)

  /// A file in TOML or JSON; relative paths in it start at its folder.
  public static func file(_ path: String) -> Config { Config(source: .file(path)) }

  /// A file in TOML or JSON, by a file URL.
  public static func file(_ url: URL) -> Config {
    url.isFileURL ? .file(url.path) : Config(source: .elsewhere(scheme: url.scheme))
  }

  /// Everything as one value in the shape of the file.
  public static func data(_ data: JSONValue) -> Config { Config(source: .data(data)) }

  /// Plain data, table by table.
  ///
  /// - Parameters:
  ///   - engine: for example `["default_model": "fast", "prompts": "prompts"]`.
  ///   - providers: by name; of a preset only what differs.
  ///   - models: aliases: a target, an ordered list of them, or a strategy.
  ///   - projects: by name.
  ///   - tools: registered tools by name.
  ///   - campaigns: by key.
  public init(
    engine: JSONObject = [:], providers: JSONObject = [:], models: JSONObject = [:], projects: JSONObject = [:],
    tools: JSONObject = [:], campaigns: JSONObject = [:]
  ) {
    let tables = [
      ("engine", engine), ("providers", providers), ("models", models), ("projects", projects), ("tools", tools),
      ("campaigns", campaigns),
    ]
    source = .data(.object(JSONObject(tables.filter { !$0.1.isEmpty }.map { ($0.0, .object($0.1)) })))
  }

  public init(stringLiteral path: String) { self = .file(path) }

  init(source: Source) { self.source = source }
}
