// One turn of a conversation, of a request or of an answer.

internal import SluglineNative

/// Who speaks.
public enum Role: String, Sendable, Codable, CaseIterable {
  /// Instructions.
  case system
  /// Instructions, OpenAI's newer word.
  case developer
  case user
  /// The model.
  case assistant
  /// The result of a tool call.
  case tool
  /// The result of a legacy function call.
  case function
}

/// One message. A message of an answer may be sent back as it is.
public struct Message: Sendable, Equatable {
  /// Who speaks.
  public var role: Role
  /// What is said; `nil` where there are only tool calls.
  public var content: Content?
  /// The provider's id of the message, where it has one.
  public var id: String?
  /// Name of the speaker.
  public var name: String?
  /// Calls the model makes.
  public var toolCalls: [ToolCall]
  /// Which call a `tool` message answers.
  public var toolCallId: String?
  /// Legacy form of a single call.
  public var functionCall: FunctionCall?
  /// The model's refusal, where it refused in words.
  public var refusal: String?
  /// The model's reasoning in words, where the host shows it.
  public var reasoningContent: String?
  /// Citations and the like, as the provider gave them.
  public var annotations: [JSONValue]
  /// Spoken answer, as the provider gave it.
  public var audio: JSONValue?
  /// Kept on the recording, never sent.
  public var metadata: JSONObject
  /// The completion this replayed turn came from; never sent.
  public var completionId: String?
  /// Opaque replay data such as reasoning signatures; sent back only to the family that made it.
  public var providerState: JSONValue?
  /// Keys this library does not know.
  public var extra: JSONObject

  public init(
    role: Role, content: Content? = nil, id: String? = nil, name: String? = nil, toolCalls: [ToolCall] = [],
    toolCallId: String? = nil, functionCall: FunctionCall? = nil, refusal: String? = nil,
    reasoningContent: String? = nil, annotations: [JSONValue] = [], audio: JSONValue? = nil,
    metadata: JSONObject = [:], completionId: String? = nil, providerState: JSONValue? = nil,
    extra: JSONObject = [:]
  ) {
    self.role = role
    self.content = content
    self.id = id
    self.name = name
    self.toolCalls = toolCalls
    self.toolCallId = toolCallId
    self.functionCall = functionCall
    self.refusal = refusal
    self.reasoningContent = reasoningContent
    self.annotations = annotations
    self.audio = audio
    self.metadata = metadata
    self.completionId = completionId
    self.providerState = providerState
    self.extra = extra
  }

  /// A system message.
  public static func system(_ text: String) -> Message { Message(role: .system, content: .text(text)) }
  /// A user message.
  public static func user(_ text: String) -> Message { Message(role: .user, content: .text(text)) }
  /// A user message of parts.
  public static func user(_ parts: [ContentPart]) -> Message { Message(role: .user, content: .parts(parts)) }
  /// An assistant message.
  public static func assistant(_ text: String) -> Message { Message(role: .assistant, content: .text(text)) }
  /// The result of a tool call.
  public static func tool(_ text: String, callId: String) -> Message {
    Message(role: .tool, content: .text(text), toolCallId: callId)
  }

  /// The text of the content, parts joined, `""` where there is none.
  public var text: String { content?.text ?? "" }
}

extension Message: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case role, content, id, name, refusal, annotations, audio, metadata
    case toolCalls = "tool_calls"
    case toolCallId = "tool_call_id"
    case functionCall = "function_call"
    case reasoningContent = "reasoning_content"
    case completionId = "completion_id"
    case providerState = "provider_state"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      role: try container.decode(Role.self, forKey: .role),
      content: try container.decodeIfPresent(Content.self, forKey: .content),
      id: try container.decodeIfPresent(String.self, forKey: .id),
      name: try container.decodeIfPresent(String.self, forKey: .name),
      toolCalls: try container.decodeIfPresent([ToolCall].self, forKey: .toolCalls) ?? [],
      toolCallId: try container.decodeIfPresent(String.self, forKey: .toolCallId),
      functionCall: try container.decodeIfPresent(FunctionCall.self, forKey: .functionCall),
      refusal: try container.decodeIfPresent(String.self, forKey: .refusal),
      reasoningContent: try container.decodeIfPresent(String.self, forKey: .reasoningContent),
      annotations: try container.decodeIfPresent([JSONValue].self, forKey: .annotations) ?? [],
      audio: try container.decodeIfPresent(JSONValue.self, forKey: .audio),
      metadata: try container.decodeIfPresent(JSONObject.self, forKey: .metadata) ?? [:],
      completionId: try container.decodeIfPresent(String.self, forKey: .completionId),
      providerState: try container.decodeIfPresent(JSONValue.self, forKey: .providerState),
      extra: try JSONObject(from: decoder, without: CodingKeys.self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(role, forKey: .role)
    try container.encode(content, forKey: .content)
    try container.encodeIfPresent(id, forKey: .id)
    try container.encodeIfPresent(name, forKey: .name)
    try container.encodeIfPresent(refusal, forKey: .refusal)
    try container.encodeIfPresent(reasoningContent, forKey: .reasoningContent)
    try container.encodeUnlessEmpty(toolCalls, forKey: .toolCalls)
    try container.encodeIfPresent(functionCall, forKey: .functionCall)
    try container.encodeIfPresent(toolCallId, forKey: .toolCallId)
    try container.encodeUnlessEmpty(annotations, forKey: .annotations)
    try container.encodeIfPresent(audio, forKey: .audio)
    try container.encodeUnlessEmpty(metadata, forKey: .metadata)
    try container.encodeIfPresent(completionId, forKey: .completionId)
    try container.encodeIfPresent(providerState, forKey: .providerState)
    try extra.encode(to: encoder)
  }
}

extension Message {
  init(_ raw: SluglineNative.Message) {
    self.init(
      role: Role(raw.role), content: raw.content.map { Content($0) }, id: raw.id, name: raw.name,
      toolCalls: raw.toolCalls.map { ToolCall($0) }, toolCallId: raw.toolCallId,
      functionCall: raw.functionCall.map { FunctionCall($0) }, refusal: raw.refusal,
      reasoningContent: raw.reasoningContent, annotations: raw.annotations.map { JSONValue(native: $0) },
      audio: raw.audio.map { JSONValue(native: $0) }, metadata: JSONObject(native: raw.metadata),
      completionId: raw.completionId, providerState: raw.providerState.map { JSONValue(native: $0) },
      extra: JSONObject(native: raw.extra))
  }
}

extension Role {
  init(_ raw: SluglineNative.Role) {
    self =
      switch raw {
      case .system: .system
      case .developer: .developer
      case .user: .user
      case .assistant: .assistant
      case .tool: .tool
      case .function: .function
      }
  }
}
