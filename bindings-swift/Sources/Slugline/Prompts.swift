// The stored prompts of an engine: listed, looked at, checked.

internal import SluglineNative

/// The stored prompts of an engine: `engine.prompts`.
public struct Prompts: Sendable {
  let core: SluglineNative.Core

  /// Every prompt, by slug. A broken one is listed all the same, with its `problem`.
  public func list() async throws -> [PromptInfo] {
    try await told { try await core.promptsList(cancel: $0) }.map { PromptInfo($0) }
  }

  /// One prompt: source, schema, variables used, versions and environments.
  ///
  /// - Throws: ``SluglineError`` with `notFound` and near names in `details`.
  public func get(_ slug: String) async throws -> PromptInfo {
    PromptInfo(try await told { try await core.promptsGet(slug: slug, cancel: $0) })
  }

  /// Reads every version and variant of every prompt, and gives what is wrong.
  public func check() async throws -> [SluglineError] {
    try await told { try await core.promptsCheck(cancel: $0) }.map { SluglineError($0) }
  }
}

/// What there is to know about a stored prompt.
public struct PromptInfo: Sendable, Equatable, Codable {
  /// The slug.
  public var slug: String
  /// What it is for.
  public var description: String?
  /// The file of the environment asked for.
  public var file: String
  /// Version numbers, ascending; empty where prompts are not numbered.
  public var versions: [Int]
  /// Environments by name.
  public var environments: [EnvironmentInfo]
  /// Variants by name.
  public var variants: [VariantInfo]
  /// The version asked for, where it has a number.
  public var version: Int?
  /// Content hash.
  public var hash: String
  /// JSON Schema of the variables.
  public var schema: JSONValue?
  /// Names of the variables that the template uses, in order of first use.
  public var variables: [String]
  /// The file's text; not in lists.
  public var source: String?
  /// Why it does not load.
  public var problem: String?
}

/// An environment of a prompt.
public struct EnvironmentInfo: Sendable, Equatable, Codable {
  /// Its name.
  public var name: String
  /// The version it points at; `nil` where it has a file of its own.
  public var version: Int?
}

/// A variant of a prompt.
public struct VariantInfo: Sendable, Equatable, Codable {
  /// Its name.
  public var name: String
  /// Its weight in the draw.
  public var weight: Double
  /// What it tries.
  public var description: String?
}

extension PromptInfo {
  init(_ raw: SluglineNative.PromptInfo) {
    self.init(
      slug: raw.slug, description: raw.description, file: raw.file, versions: raw.versions.map { Int(clamping: $0) },
      environments: raw.environments.map { EnvironmentInfo(name: $0.name, version: $0.version.map { Int(clamping: $0) }) },
      variants: raw.variants.map { VariantInfo(name: $0.name, weight: $0.weight, description: $0.description) },
      version: raw.version.map { Int(clamping: $0) }, hash: raw.hash, schema: raw.schema.map { JSONValue(native: $0) },
      variables: raw.variables, source: raw.source, problem: raw.problem)
  }
}
