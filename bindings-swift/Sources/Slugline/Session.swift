// A session: the verbs of the engine with the conversation so far.

internal import SluglineNative

extension Engine {
  /// The session with this id: calls on it see its earlier turns and add theirs.
  public func session(_ id: String) -> Session { Session(engine: self, id: id) }
}

/// A session of an engine. Made without looking whether anything is kept under its id.
public struct Session: Sendable {
  private let engine: Engine
  /// Its id.
  public let id: String

  init(engine: Engine, id: String) {
    self.engine = engine
    self.id = id
  }

  /// Asks a model, the earlier turns before the new messages. Instructions that these start with go before the turns
  /// and are not kept.
  ///
  /// - Throws: ``SluglineError`` with `conflict` where another call has appended meanwhile: `partial` is the answer.
  public func chat(_ messages: [Message], model: Model? = nil, options: Options = Options()) async throws -> ChatCompletion {
    try await engine.chat(messages, model, options, session: id)
  }

  /// Asks a model with one user message.
  public func chat(_ message: String, model: Model? = nil, options: Options = Options()) async throws -> ChatCompletion {
    try await chat([.user(message)], model: model, options: options)
  }

  /// Asks a model and streams the answer; the turn is added when the stream has ended well.
  public func chatStream(_ messages: [Message], model: Model? = nil, options: Options = Options()) -> ChatStream {
    engine.chatStream(messages, model, options, session: id)
  }

  /// Asks a model with one user message and streams the answer.
  public func chatStream(_ message: String, model: Model? = nil, options: Options = Options()) -> ChatStream {
    chatStream([.user(message)], model: model, options: options)
  }

  /// Runs a stored prompt: the earlier turns go between its template and the new messages. The arguments are those of
  /// the engine's `runPrompt`.
  public func runPrompt(
    _ slug: String, variables: JSONObject = [:], model: Model? = nil, environment: String? = nil, version: Int? = nil,
    variant: String? = nil, messages: [Message] = [], template: [Message]? = nil, options: Options = Options()
  ) async throws -> ChatCompletion {
    let run = PromptRun(slug, model, environment, version, variant, messages, template, options)
    return try await engine.runPrompt(run, variables, session: id)
  }

  /// Runs a stored prompt with variables of a type of yours.
  public func runPrompt(
    _ slug: String, variables: some Encodable & Sendable, model: Model? = nil, environment: String? = nil,
    version: Int? = nil, variant: String? = nil, messages: [Message] = [], template: [Message]? = nil,
    options: Options = Options()
  ) async throws -> ChatCompletion {
    let run = PromptRun(slug, model, environment, version, variant, messages, template, options)
    return try await engine.runPrompt(run, variables, session: id)
  }

  /// Runs a stored prompt and streams the answer.
  public func runPromptStream(
    _ slug: String, variables: JSONObject = [:], model: Model? = nil, environment: String? = nil, version: Int? = nil,
    variant: String? = nil, messages: [Message] = [], template: [Message]? = nil, options: Options = Options()
  ) -> ChatStream {
    let run = PromptRun(slug, model, environment, version, variant, messages, template, options)
    return engine.runPromptStream(run, variables, session: id)
  }

  /// Runs a stored prompt with variables of a type of yours and streams the answer.
  public func runPromptStream(
    _ slug: String, variables: some Encodable, model: Model? = nil, environment: String? = nil, version: Int? = nil,
    variant: String? = nil, messages: [Message] = [], template: [Message]? = nil, options: Options = Options()
  ) -> ChatStream {
    let run = PromptRun(slug, model, environment, version, variant, messages, template, options)
    return engine.runPromptStream(run, variables, session: id)
  }

  /// The messages of all turns, oldest first; none where the session is new, cleared or too old.
  public func history() async throws -> [Message] {
    try await told { try await engine.core.history(session: id, cancel: $0) }.map { Message($0) }
  }

  /// Forgets all turns. A call under way throws `conflict`.
  public func clear() async throws {
    try await told { try await engine.core.clear(session: id, cancel: $0) }
  }
}
