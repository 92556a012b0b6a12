// The engine's verbs on stored prompts. Variables are anything `Encodable`, or a literal of mixed values.

internal import SluglineNative

extension Engine {
  /// Runs a stored prompt.
  ///
  /// - Parameters:
  ///   - slug: `name`, `dir/name` or `workspace/project/prompt`.
  ///   - variables: the template's variables; their keys are never re-cased.
  ///   - model: instead of the prompt's.
  ///   - environment: `production` when absent.
  ///   - version: a version by number, instead of the environment's.
  ///   - variant: a variant by name.
  ///   - messages: appended after the template, not rendered.
  ///   - template: replaces the stored one and is rendered; an empty list is no template.
  ///   - options: win over the prompt's.
  public func runPrompt(
    _ slug: String, variables: JSONObject = [:], model: Model? = nil, environment: String? = nil, version: Int? = nil,
    variant: String? = nil, messages: [Message] = [], template: [Message]? = nil, options: Options = Options()
  ) async throws -> ChatCompletion {
    let run = PromptRun(slug, model, environment, version, variant, messages, template, options)
    return try await runPrompt(run, variables, session: nil)
  }

  /// Runs a stored prompt with variables of a type of yours.
  public func runPrompt(
    _ slug: String, variables: some Encodable & Sendable, model: Model? = nil, environment: String? = nil,
    version: Int? = nil, variant: String? = nil, messages: [Message] = [], template: [Message]? = nil,
    options: Options = Options()
  ) async throws -> ChatCompletion {
    let run = PromptRun(slug, model, environment, version, variant, messages, template, options)
    return try await runPrompt(run, variables, session: nil)
  }

  /// Runs a stored prompt and streams the answer: see ``Engine/chatStream(_:model:options:)-(_,_,_)``.
  public func runPromptStream(
    _ slug: String, variables: JSONObject = [:], model: Model? = nil, environment: String? = nil, version: Int? = nil,
    variant: String? = nil, messages: [Message] = [], template: [Message]? = nil, options: Options = Options()
  ) -> ChatStream {
    let run = PromptRun(slug, model, environment, version, variant, messages, template, options)
    return runPromptStream(run, variables, session: nil)
  }

  /// Runs a stored prompt with variables of a type of yours and streams the answer.
  public func runPromptStream(
    _ slug: String, variables: some Encodable, model: Model? = nil, environment: String? = nil, version: Int? = nil,
    variant: String? = nil, messages: [Message] = [], template: [Message]? = nil, options: Options = Options()
  ) -> ChatStream {
    let run = PromptRun(slug, model, environment, version, variant, messages, template, options)
    return runPromptStream(run, variables, session: nil)
  }

  /// Renders a stored prompt: the messages and parameters as they would be sent. No network.
  public func renderPrompt(
    _ slug: String, variables: JSONObject = [:], model: Model? = nil, environment: String? = nil, version: Int? = nil,
    variant: String? = nil, messages: [Message] = [], template: [Message]? = nil, options: Options = Options()
  ) async throws -> RenderedPrompt {
    let run = PromptRun(slug, model, environment, version, variant, messages, template, options)
    let request = try run.text(variables)
    return RenderedPrompt(try await told { try await core.renderPrompt(request: request, cancel: $0) })
  }

  /// Renders a stored prompt with variables of a type of yours.
  public func renderPrompt(
    _ slug: String, variables: some Encodable & Sendable, model: Model? = nil, environment: String? = nil,
    version: Int? = nil, variant: String? = nil, messages: [Message] = [], template: [Message]? = nil,
    options: Options = Options()
  ) async throws -> RenderedPrompt {
    let run = PromptRun(slug, model, environment, version, variant, messages, template, options)
    let request = try run.text(variables)
    return RenderedPrompt(try await told { try await core.renderPrompt(request: request, cancel: $0) })
  }

  /// The exact request that `runPrompt` would send to its first target, secrets left out. No network.
  public func buildRequest(
    slug: String, variables: JSONObject = [:], model: Model? = nil, environment: String? = nil, version: Int? = nil,
    variant: String? = nil, messages: [Message] = [], template: [Message]? = nil, options: Options = Options()
  ) async throws -> ProviderRequest {
    let run = PromptRun(slug, model, environment, version, variant, messages, template, options)
    let request = try run.text(variables)
    return ProviderRequest(try await told { try await core.buildRequest(request: request, ofPrompt: true, cancel: $0) })
  }

  /// The exact request that `runPrompt` would send, with variables of a type of yours.
  public func buildRequest(
    slug: String, variables: some Encodable & Sendable, model: Model? = nil, environment: String? = nil,
    version: Int? = nil, variant: String? = nil, messages: [Message] = [], template: [Message]? = nil,
    options: Options = Options()
  ) async throws -> ProviderRequest {
    let run = PromptRun(slug, model, environment, version, variant, messages, template, options)
    let request = try run.text(variables)
    return ProviderRequest(try await told { try await core.buildRequest(request: request, ofPrompt: true, cancel: $0) })
  }

  func runPrompt(_ run: PromptRun, _ variables: some Encodable & Sendable, session: String?) async throws -> ChatCompletion {
    let request = try run.text(variables)
    return ChatCompletion(try await told { try await core.runPrompt(request: request, session: session, cancel: $0) })
  }

  func runPromptStream(_ run: PromptRun, _ variables: some Encodable, session: String?) -> ChatStream {
    ChatStream { () throws(SluglineError) in
      core.runPromptStream(request: try run.text(variables), session: session)
    }
  }
}

/// The arguments that all verbs on stored prompts share.
struct PromptRun {
  let slug: String
  let model: Model?
  let environment: String?
  let version: Int?
  let variant: String?
  let messages: [Message]
  let template: [Message]?
  let options: Options

  init(
    _ slug: String, _ model: Model?, _ environment: String?, _ version: Int?, _ variant: String?,
    _ messages: [Message], _ template: [Message]?, _ options: Options
  ) {
    self.slug = slug
    self.model = model
    self.environment = environment
    self.version = version
    self.variant = variant
    self.messages = messages
    self.template = template
    self.options = options
  }

  func text(_ variables: some Encodable) throws(SluglineError) -> String {
    var arguments = try Arguments(model: model, options: options)
    try arguments.set("slug", slug)
    try arguments.set("variables", variables, absent: (variables as? JSONObject)?.isEmpty == true)
    try arguments.set("environment", environment)
    try arguments.set("version", version)
    try arguments.set("variant", variant)
    try arguments.set("messages", messages, absent: messages.isEmpty)
    try arguments.set("template", template)
    return try arguments.text()
  }
}
