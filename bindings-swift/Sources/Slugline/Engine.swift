// The engine: opened once, shared. Its verbs on messages are here, those on stored prompts in `PromptRun.swift`.

internal import SluglineNative

/// An embedded prompt engine: open one and share it.
///
/// ```swift
/// let engine = try Engine()
/// let answer = try await engine.chat("Hello", model: "openai/gpt-5-mini")
/// print(answer.text)
/// ```
///
/// Every verb that waits minds its task: in a cancelled one it throws `CancellationError` and does nothing, and
/// cancelling it meanwhile does so at once and ends the work, the provider's socket and a running statement included.
/// Everything else that goes wrong is a ``SluglineError``. ``close()`` alone goes on.
public final class Engine: Sendable {
  let core: SluglineNative.Core

  /// Opens an engine. Nothing is sent, and nothing is written where no path was given.
  ///
  /// - Parameters:
  ///   - config: a file, or plain data; the defaults need neither.
  ///   - apiKeys: keys by the name of their provider; they win over the configuration's.
  ///   - helpers: closures that templates call by their names.
  ///   - overrides: top-level tables of the configuration, or keys of its `[engine]` table.
  /// - Throws: ``SluglineError`` with `configError`.
  public init(
    config: Config = .defaults, apiKeys: [String: APIKey] = [:], helpers: [String: Helper] = [:],
    overrides: JSONObject = [:]
  ) throws {
    var overrides = overrides
    var slots: [SluglineNative.KeySlot] = []
    var providers = try Self.table(overrides["providers"], "providers")
    for (provider, key) in apiKeys.sorted(by: { $0.key < $1.key }) {
      var settings = try Self.table(providers[provider], "providers.\(provider)")
      switch key {
      case .value(let value): settings["api_key"] = .string(value)
      case .closure(let closure): slots.append(SluglineNative.KeySlot(provider: provider, source: KeyClosure(closure)))
      }
      providers[provider] = .object(settings)
    }
    if !apiKeys.isEmpty { overrides["providers"] = .object(providers) }
    var file: String?
    var data: String?
    switch config.source {
    case .defaults: break
    case .file(let path): file = path
    case .elsewhere(let scheme):
      let found = scheme.map { "with the scheme `\($0)`" } ?? "without a scheme"
      throw SluglineError(.configError, "a configuration is read from a path or a file URL, not from a URL \(found)")
    case .data(let value): data = try JSONWriter.text(of: value, ofConfig: true)
    }
    let over = overrides.isEmpty ? nil : try JSONWriter.text(of: .object(overrides), ofConfig: true)
    do {
      let helpers = helpers.map { HelperSlot(name: $0.key, source: HelperClosure($0.value)) }
      core = try Core.open(file: file, data: data, overrides: over, keys: slots, helpers: helpers)
    } catch {
      throw SluglineError.told(error)
    }
  }

  /// Asks a model.
  public func chat(_ messages: [Message], model: Model? = nil, options: Options = Options()) async throws -> ChatCompletion {
    try await chat(messages, model, options, session: nil)
  }

  /// Asks a model with one user message.
  public func chat(_ message: String, model: Model? = nil, options: Options = Options()) async throws -> ChatCompletion {
    try await chat([.user(message)], model: model, options: options)
  }

  /// Asks a model and streams the answer. Given at once: the call starts at the first read, and every error
  /// arrives there.
  public func chatStream(_ messages: [Message], model: Model? = nil, options: Options = Options()) -> ChatStream {
    chatStream(messages, model, options, session: nil)
  }

  /// Asks a model with one user message and streams the answer.
  public func chatStream(_ message: String, model: Model? = nil, options: Options = Options()) -> ChatStream {
    chatStream([.user(message)], model: model, options: options)
  }

  /// The exact request that `chat` would send to its first target, secrets left out. No network.
  public func buildRequest(_ messages: [Message], model: Model? = nil, options: Options = Options()) async throws -> ProviderRequest {
    let request = try Self.arguments(messages, model, options)
    return ProviderRequest(try await told { try await core.buildRequest(request: request, ofPrompt: false, cancel: $0) })
  }

  /// The exact request that `chat` would send for one user message.
  public func buildRequest(_ message: String, model: Model? = nil, options: Options = Options()) async throws -> ProviderRequest {
    try await buildRequest([.user(message)], model: model, options: options)
  }

  /// The stored prompts.
  public var prompts: Prompts { Prompts(core: core) }

  /// What was odd about the configuration, though not wrong.
  public var warnings: [Warning] { core.warnings().map { Warning($0) } }

  /// Whether `close` was called.
  public var closed: Bool { core.closed() }

  /// Closes connections that no call uses any more; calls under way go on. Waits until what was recorded is written,
  /// at most five seconds; dropping the engine does the same, on the thread that drops it, and cannot say what failed.
  ///
  /// - Throws: ``SluglineError`` with `storeError` where the store was too busy. It writes on as long as the process lives.
  public func close() async throws {
    // Not given up with its task: that may be cancelled already, and yet clean up.
    do {
      try await core.close()
    } catch {
      throw SluglineError.told(error)
    }
  }

  func chat(_ messages: [Message], _ model: Model?, _ options: Options, session: String?) async throws -> ChatCompletion {
    let request = try Self.arguments(messages, model, options)
    return ChatCompletion(try await told { try await core.chat(request: request, session: session, cancel: $0) })
  }

  func chatStream(_ messages: [Message], _ model: Model?, _ options: Options, session: String?) -> ChatStream {
    ChatStream { () throws(SluglineError) in
      core.chatStream(request: try Self.arguments(messages, model, options), session: session)
    }
  }

  /// A table of the overrides, to which a key is added.
  private static func table(_ value: JSONValue?, _ name: String) throws(SluglineError) -> JSONObject {
    guard let value else { return [:] }
    guard let table = value.objectValue else { throw SluglineError(.configError, "`\(name)`: expected a table", param: name) }
    return table
  }

  private static func arguments(_ messages: [Message], _ model: Model?, _ options: Options) throws(SluglineError) -> String {
    var arguments = try Arguments(model: model, options: options)
    try arguments.set("messages", messages, absent: messages.isEmpty)
    return try arguments.text()
  }
}
