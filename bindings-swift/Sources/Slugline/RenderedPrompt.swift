// What looking without sending gives: a rendered prompt, and the request to a provider.

internal import SluglineNative

/// A stored prompt with its variables filled in, as `renderPrompt` gives it.
public struct RenderedPrompt: Sendable, Equatable, Codable {
  /// The messages.
  public var messages: [Message]
  /// The parameters that apply, under their names in JSON: the prompt's under the caller's.
  public var params: JSONObject
  /// Which prompt it was.
  public var prompt: PromptRef?
  /// Unused variables and the like.
  public var warnings: [Warning]
}

/// A request as it would go to a provider, secrets replaced by `[redacted]`, as `buildRequest` gives it.
public struct ProviderRequest: Sendable, Equatable, Codable {
  /// Always `POST`.
  public var method: String
  /// The URL.
  public var url: String
  /// The headers, by name in lower case.
  public var headers: JSONObject
  /// The body.
  public var body: JSONValue
  /// The target, as `provider/model`.
  public var model: String
  /// What was left out or adapted.
  public var warnings: [Warning]
}

extension RenderedPrompt {
  init(_ raw: SluglineNative.RenderedPrompt) {
    self.init(
      messages: raw.messages.map { Message($0) }, params: JSONObject(native: raw.params),
      prompt: raw.prompt.map { PromptRef($0) }, warnings: raw.warnings.map { Warning($0) })
  }
}

extension ProviderRequest {
  init(_ raw: SluglineNative.ProviderRequest) {
    self.init(
      method: raw.method, url: raw.url, headers: JSONObject(native: raw.headers), body: JSONValue(native: raw.body),
      model: raw.model, warnings: raw.warnings.map { Warning($0) })
  }
}
