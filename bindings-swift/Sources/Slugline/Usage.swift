// What a completion cost in tokens.

internal import SluglineNative

/// Token counts. Prompt tokens include cached ones and completion tokens include reasoning, whichever provider served.
public struct Usage: Sendable, Equatable {
  /// Tokens of the request, cached ones included.
  public var promptTokens: Int
  /// Tokens of the answer, reasoning included.
  public var completionTokens: Int
  /// Both together.
  public var totalTokens: Int
  /// What the prompt tokens were.
  public var promptTokensDetails: PromptTokensDetails?
  /// What the completion tokens were.
  public var completionTokensDetails: CompletionTokensDetails?
  /// Tokens written to the provider's prompt cache.
  public var cacheCreationInputTokens: Int?
  /// Tokens read from the provider's prompt cache.
  public var cacheReadInputTokens: Int?
  /// Counts this library does not know, as the provider gave them.
  public var extra: JSONObject
}

/// Parts of the prompt tokens.
public struct PromptTokensDetails: Sendable, Equatable, Codable {
  /// Read from the provider's cache.
  public var cachedTokens: Int?
  /// Of audio.
  public var audioTokens: Int?

  enum CodingKeys: String, CodingKey {
    case cachedTokens = "cached_tokens"
    case audioTokens = "audio_tokens"
  }
}

/// Parts of the completion tokens.
public struct CompletionTokensDetails: Sendable, Equatable, Codable {
  /// Spent on reasoning.
  public var reasoningTokens: Int?
  /// Of audio.
  public var audioTokens: Int?
  /// Of a prediction that was right.
  public var acceptedPredictionTokens: Int?
  /// Of a prediction that was wrong.
  public var rejectedPredictionTokens: Int?

  enum CodingKeys: String, CodingKey {
    case reasoningTokens = "reasoning_tokens"
    case audioTokens = "audio_tokens"
    case acceptedPredictionTokens = "accepted_prediction_tokens"
    case rejectedPredictionTokens = "rejected_prediction_tokens"
  }
}

extension Usage: Codable {
  enum CodingKeys: String, CodingKey {
    case promptTokens = "prompt_tokens"
    case completionTokens = "completion_tokens"
    case totalTokens = "total_tokens"
    case promptTokensDetails = "prompt_tokens_details"
    case completionTokensDetails = "completion_tokens_details"
    case cacheCreationInputTokens = "cache_creation_input_tokens"
    case cacheReadInputTokens = "cache_read_input_tokens"
    case extra
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    promptTokens = try container.decode(Int.self, forKey: .promptTokens)
    completionTokens = try container.decode(Int.self, forKey: .completionTokens)
    totalTokens = try container.decode(Int.self, forKey: .totalTokens)
    promptTokensDetails = try container.decodeIfPresent(PromptTokensDetails.self, forKey: .promptTokensDetails)
    completionTokensDetails = try container.decodeIfPresent(CompletionTokensDetails.self, forKey: .completionTokensDetails)
    cacheCreationInputTokens = try container.decodeIfPresent(Int.self, forKey: .cacheCreationInputTokens)
    cacheReadInputTokens = try container.decodeIfPresent(Int.self, forKey: .cacheReadInputTokens)
    extra = try container.decodeIfPresent(JSONObject.self, forKey: .extra) ?? [:]
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(promptTokens, forKey: .promptTokens)
    try container.encode(completionTokens, forKey: .completionTokens)
    try container.encode(totalTokens, forKey: .totalTokens)
    try container.encodeIfPresent(promptTokensDetails, forKey: .promptTokensDetails)
    try container.encodeIfPresent(completionTokensDetails, forKey: .completionTokensDetails)
    try container.encodeIfPresent(cacheCreationInputTokens, forKey: .cacheCreationInputTokens)
    try container.encodeIfPresent(cacheReadInputTokens, forKey: .cacheReadInputTokens)
    try container.encodeUnlessEmpty(extra, forKey: .extra)
  }
}

extension Usage {
  init(_ raw: SluglineNative.Usage) {
    self.init(
      promptTokens: Int(clamping: raw.promptTokens), completionTokens: Int(clamping: raw.completionTokens),
      totalTokens: Int(clamping: raw.totalTokens),
      promptTokensDetails: raw.promptTokensDetails.map { PromptTokensDetails($0) },
      completionTokensDetails: raw.completionTokensDetails.map { CompletionTokensDetails($0) },
      cacheCreationInputTokens: raw.cacheCreationInputTokens.map { Int(clamping: $0) },
      cacheReadInputTokens: raw.cacheReadInputTokens.map { Int(clamping: $0) },
      extra: JSONObject(native: raw.extra))
  }
}

extension PromptTokensDetails {
  init(_ raw: SluglineNative.PromptTokensDetails) {
    self.init(
      cachedTokens: raw.cachedTokens.map { Int(clamping: $0) }, audioTokens: raw.audioTokens.map { Int(clamping: $0) })
  }
}

extension CompletionTokensDetails {
  init(_ raw: SluglineNative.CompletionTokensDetails) {
    self.init(
      reasoningTokens: raw.reasoningTokens.map { Int(clamping: $0) },
      audioTokens: raw.audioTokens.map { Int(clamping: $0) },
      acceptedPredictionTokens: raw.acceptedPredictionTokens.map { Int(clamping: $0) },
      rejectedPredictionTokens: raw.rejectedPredictionTokens.map { Int(clamping: $0) })
  }
}
