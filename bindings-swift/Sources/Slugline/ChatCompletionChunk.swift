// What one chunk of a stream brings. Most bring nothing but text of the first choice, and what all chunks
// share is kept once: the public fields are built where somebody looks at them.

internal import SluglineNative

/// A chunk of a streamed answer: an OpenAI `chat.completion.chunk`. As `Codable` it has the names of the wire.
public struct ChatCompletionChunk: Sendable {
  let head: StreamHead
  let body: Body

  enum Body: Sendable {
    /// Nothing but text of the first choice.
    case text(String)
    case full(Fields)
  }

  /// Everything that is not the same on all chunks.
  final class Fields: Sendable {
    let choices: [ChunkChoice]
    let usage: Usage?
    let extra: JSONObject

    init(choices: [ChunkChoice], usage: Usage?, extra: JSONObject) {
      self.choices = choices
      self.usage = usage
      self.extra = extra
    }
  }

  /// The same on all chunks: the provider's id, or one made here.
  public var id: String { head.id }
  /// Always `chat.completion.chunk`.
  public var object: String { "chat.completion.chunk" }
  /// The same on all chunks: Unix time in seconds.
  public var created: Int { head.created }
  /// The same on all chunks: the target that serves, as `provider/model`.
  public var model: String { head.model }
  /// The same on all chunks.
  public var sessionId: String { head.sessionId }

  /// None on the chunk that only reports usage, else one.
  public var choices: [ChunkChoice] {
    switch body {
    case .text(let text):
      [ChunkChoice(index: 0, delta: ChunkDelta(content: text), completionId: head.completionId(of: 0))]
    case .full(let fields): fields.choices
    }
  }

  /// Token counts, where asked for with `streamOptions`.
  public var usage: Usage? {
    if case .full(let fields) = body { fields.usage } else { nil }
  }

  /// Fields of the provider that this library does not know.
  public var extra: JSONObject {
    if case .full(let fields) = body { fields.extra } else { [:] }
  }

  /// The new text of the first choice (index 0), `""` where there is none.
  public var text: String {
    switch body {
    case .text(let text): text
    case .full(let fields): fields.choices.first { $0.index == 0 }?.delta.content ?? ""
    }
  }
}

/// A choice of a chunk.
public struct ChunkChoice: Sendable, Equatable, Codable {
  /// Its place, from 0.
  public var index: Int
  /// What is new.
  public var delta: ChunkDelta
  /// Why it stopped, in OpenAI's words.
  public var finishReason: FinishReason?
  /// Why it stopped, in the provider's word.
  public var nativeFinishReason: String?
  /// Log probabilities of the new text.
  public var logprobs: Logprobs?
  /// Feedback refers to this.
  public var completionId: String

  enum CodingKeys: String, CodingKey {
    case index, delta, logprobs
    case finishReason = "finish_reason"
    case nativeFinishReason = "native_finish_reason"
    case completionId = "completion_id"
  }
}

/// What is new in a choice.
public struct ChunkDelta: Sendable, Equatable, Codable {
  /// Who speaks, on the first chunk.
  public var role: Role?
  /// New text.
  public var content: String?
  /// New words of a refusal.
  public var refusal: String?
  /// New reasoning.
  public var reasoningContent: String?
  /// New pieces of tool calls.
  public var toolCalls: [ToolCallDelta]?
  /// New citations and the like.
  public var annotations: [JSONValue]?
  /// Piece of a spoken answer.
  public var audio: JSONValue?
  /// Replay data of the choice.
  public var providerState: JSONValue?

  enum CodingKeys: String, CodingKey {
    case role, content, refusal, annotations, audio
    case reasoningContent = "reasoning_content"
    case toolCalls = "tool_calls"
    case providerState = "provider_state"
  }
}

/// A piece of a tool call.
public struct ToolCallDelta: Sendable, Equatable, Codable {
  /// Which call of the choice, from 0 without gaps.
  public var index: Int
  /// Its id, on the first piece.
  public var id: String?
  /// `function`, on the first piece.
  public var type: String?
  /// Name and arguments.
  public var function: FunctionDelta
}

/// A piece of a call's name and arguments.
public struct FunctionDelta: Sendable, Equatable, Codable {
  /// The function's name, on the first piece.
  public var name: String?
  /// The next piece of the arguments, `""` where there is none.
  public var arguments: String
}

extension ChatCompletionChunk: Codable {
  enum CodingKeys: String, CodingKey {
    case object, id, created, model, choices, usage, extra
    case sessionId = "session_id"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let choices = try container.decode([ChunkChoice].self, forKey: .choices)
    head = StreamHead(
      id: try container.decode(String.self, forKey: .id), created: try container.decode(Int.self, forKey: .created),
      model: try container.decode(String.self, forKey: .model),
      sessionId: try container.decode(String.self, forKey: .sessionId), completionIds: [])
    let usage = try container.decodeIfPresent(Usage.self, forKey: .usage)
    let extra = try container.decodeIfPresent(JSONObject.self, forKey: .extra) ?? [:]
    body = .full(Fields(choices: choices, usage: usage, extra: extra))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(object, forKey: .object)
    try container.encode(id, forKey: .id)
    try container.encode(created, forKey: .created)
    try container.encode(model, forKey: .model)
    try container.encode(sessionId, forKey: .sessionId)
    try container.encode(choices, forKey: .choices)
    try container.encodeIfPresent(usage, forKey: .usage)
    try container.encodeUnlessEmpty(extra, forKey: .extra)
  }
}

/// What all chunks of a stream share.
final class StreamHead: Sendable {
  let id: String
  let created: Int
  let model: String
  let sessionId: String
  private let completionIds: [String]

  init(id: String, created: Int, model: String, sessionId: String, completionIds: [String]) {
    self.id = id
    self.created = created
    self.model = model
    self.sessionId = sessionId
    self.completionIds = completionIds
  }

  convenience init(_ raw: SluglineNative.StreamHead) {
    self.init(
      id: raw.id, created: Int(clamping: raw.created), model: raw.model, sessionId: raw.sessionId,
      completionIds: raw.completionIds)
  }

  func completionId(of choice: Int) -> String {
    completionIds.indices.contains(choice) ? completionIds[choice] : ""
  }
}

extension ChatCompletionChunk {
  init(_ head: StreamHead, _ piece: SluglineNative.Piece) {
    self.head = head
    switch piece {
    case .text(let text): body = .text(text)
    case .delta(let delta): body = .full(Fields(head, delta))
    }
  }
}

extension ChatCompletionChunk.Fields {
  convenience init(_ head: StreamHead, _ raw: SluglineNative.Delta) {
    let delta = ChunkDelta(raw)
    let choice = ChunkChoice(
      index: Int(raw.index), delta: delta, finishReason: raw.finishReason.map { FinishReason($0) },
      nativeFinishReason: raw.nativeFinishReason, logprobs: raw.logprobs.map { Logprobs($0) },
      completionId: head.completionId(of: Int(raw.index)))
    let ended = choice.finishReason != nil || choice.nativeFinishReason != nil || choice.logprobs != nil
    // OpenAI's chunk without choices, which only reports usage.
    let bare = raw.usage != nil && !ended && delta == ChunkDelta()
    self.init(choices: bare ? [] : [choice], usage: raw.usage.map { Usage($0) }, extra: JSONObject(native: raw.extra))
  }
}

extension ChunkDelta {
  init(_ raw: SluglineNative.Delta) {
    self.init(
      role: raw.role.map { Role($0) }, content: raw.text, refusal: raw.refusal, reasoningContent: raw.reasoning,
      toolCalls: raw.toolCalls.isEmpty ? nil : raw.toolCalls.map { ToolCallDelta($0) },
      annotations: raw.annotations.isEmpty ? nil : raw.annotations.map { JSONValue(native: $0) },
      audio: raw.audio.map { JSONValue(native: $0) }, providerState: raw.providerState.map { JSONValue(native: $0) })
  }
}

extension ToolCallDelta {
  init(_ raw: SluglineNative.ToolCallDelta) {
    self.init(
      index: Int(raw.index), id: raw.id, type: raw.id.map { _ in "function" },
      function: FunctionDelta(name: raw.name, arguments: raw.arguments))
  }
}
