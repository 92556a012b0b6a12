// A whole answer.

internal import SluglineNative

/// The answer of a model: an OpenAI `chat.completion` with the facts about the call in `meta`. As `Codable` it
/// has the names of the wire.
public struct ChatCompletion: Sendable, Equatable {
  /// The provider's id, or one made here.
  public var id: String
  /// Always `chat.completion`.
  public var object: String { "chat.completion" }
  /// Unix time in seconds.
  public var created: Int
  /// The target that served, as `provider/model`.
  public var model: String
  /// One per choice asked for.
  public var choices: [Choice]
  /// Token counts; `nil` where the provider gave none.
  public var usage: Usage?
  /// OpenAI's word for the backend's configuration.
  public var systemFingerprint: String?
  /// The tier that served.
  public var serviceTier: String?
  /// The session the call belongs to.
  public var sessionId: String
  /// How the answer came about.
  public var meta: Meta
  /// Fields of the provider that this library does not know.
  public var extra: JSONObject

  /// The first choice's text, `""` where there is none.
  public var text: String { choices.first?.message.text ?? "" }

  /// The first choice's tool calls.
  public var toolCalls: [ToolCall] { choices.first?.message.toolCalls ?? [] }
}

/// One choice of an answer.
public struct Choice: Sendable, Equatable {
  /// Its place, from 0.
  public var index: Int
  /// What the model said.
  public var message: Message
  /// Why it stopped, in OpenAI's words.
  public var finishReason: FinishReason?
  /// Why it stopped, in the provider's word.
  public var nativeFinishReason: String?
  /// Log probabilities, where asked for.
  public var logprobs: Logprobs?
  /// Feedback refers to this.
  public var completionId: String
  /// The target that served, as `provider/model`.
  public var model: String
  /// Fields of the provider that this library does not know.
  public var extra: JSONObject
}

/// Why a model stopped.
public enum FinishReason: String, Sendable, Codable, CaseIterable {
  /// It was done.
  case stop
  /// A length limit.
  case length
  /// It calls tools.
  case toolCalls = "tool_calls"
  /// The provider held content back.
  case contentFilter = "content_filter"
}

extension ChatCompletion: Codable {
  enum CodingKeys: String, CodingKey {
    case object, id, created, model, choices, usage, meta, extra
    case systemFingerprint = "system_fingerprint"
    case serviceTier = "service_tier"
    case sessionId = "session_id"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    id = try container.decode(String.self, forKey: .id)
    created = try container.decode(Int.self, forKey: .created)
    model = try container.decode(String.self, forKey: .model)
    choices = try container.decode([Choice].self, forKey: .choices)
    usage = try container.decodeIfPresent(Usage.self, forKey: .usage)
    systemFingerprint = try container.decodeIfPresent(String.self, forKey: .systemFingerprint)
    serviceTier = try container.decodeIfPresent(String.self, forKey: .serviceTier)
    sessionId = try container.decode(String.self, forKey: .sessionId)
    meta = try container.decode(Meta.self, forKey: .meta)
    extra = try container.decodeIfPresent(JSONObject.self, forKey: .extra) ?? [:]
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(object, forKey: .object)
    try container.encode(id, forKey: .id)
    try container.encode(created, forKey: .created)
    try container.encode(model, forKey: .model)
    try container.encode(choices, forKey: .choices)
    try container.encode(usage, forKey: .usage)
    try container.encodeIfPresent(systemFingerprint, forKey: .systemFingerprint)
    try container.encodeIfPresent(serviceTier, forKey: .serviceTier)
    try container.encode(sessionId, forKey: .sessionId)
    try container.encode(meta, forKey: .meta)
    try container.encodeUnlessEmpty(extra, forKey: .extra)
  }
}

extension Choice: Codable {
  enum CodingKeys: String, CodingKey {
    case index, message, logprobs, model, extra
    case finishReason = "finish_reason"
    case nativeFinishReason = "native_finish_reason"
    case completionId = "completion_id"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    index = try container.decode(Int.self, forKey: .index)
    message = try container.decode(Message.self, forKey: .message)
    finishReason = try container.decodeIfPresent(FinishReason.self, forKey: .finishReason)
    nativeFinishReason = try container.decodeIfPresent(String.self, forKey: .nativeFinishReason)
    logprobs = try container.decodeIfPresent(Logprobs.self, forKey: .logprobs)
    completionId = try container.decode(String.self, forKey: .completionId)
    model = try container.decode(String.self, forKey: .model)
    extra = try container.decodeIfPresent(JSONObject.self, forKey: .extra) ?? [:]
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(index, forKey: .index)
    try container.encode(message, forKey: .message)
    try container.encode(finishReason, forKey: .finishReason)
    try container.encode(nativeFinishReason, forKey: .nativeFinishReason)
    try container.encode(logprobs, forKey: .logprobs)
    try container.encode(completionId, forKey: .completionId)
    try container.encode(model, forKey: .model)
    try container.encodeUnlessEmpty(extra, forKey: .extra)
  }
}

extension ChatCompletion {
  init(_ raw: SluglineNative.ChatCompletion) {
    self.init(
      id: raw.id, created: Int(clamping: raw.created), model: raw.model, choices: raw.choices.map { Choice($0) },
      usage: raw.usage.map { Usage($0) }, systemFingerprint: raw.systemFingerprint, serviceTier: raw.serviceTier,
      sessionId: raw.sessionId, meta: Meta(raw.meta), extra: JSONObject(native: raw.extra))
  }
}

extension Choice {
  init(_ raw: SluglineNative.Choice) {
    self.init(
      index: Int(raw.index), message: Message(raw.message), finishReason: raw.finishReason.map { FinishReason($0) },
      nativeFinishReason: raw.nativeFinishReason, logprobs: raw.logprobs.map { Logprobs($0) },
      completionId: raw.completionId, model: raw.model, extra: JSONObject(native: raw.extra))
  }
}

extension FinishReason {
  init(_ raw: SluglineNative.FinishReason) {
    self =
      switch raw {
      case .stop: .stop
      case .length: .length
      case .toolCalls: .toolCalls
      case .contentFilter: .contentFilter
      }
  }
}
