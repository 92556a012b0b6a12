// Log probabilities of an answer's tokens.

internal import SluglineNative

/// Log probabilities of a choice.
public struct Logprobs: Sendable, Equatable, Codable {
  /// One per token of the text.
  public var content: [TokenLogprob]?
  /// One per token of the refusal.
  public var refusal: [TokenLogprob]?
}

/// Log probability of one token.
public struct TokenLogprob: Sendable, Equatable, Codable {
  /// The token's text.
  public var token: String
  /// Its natural log probability.
  public var logprob: Double
  /// Its UTF-8 bytes.
  public var bytes: [UInt8]?
  /// The likeliest tokens at this place.
  public var topLogprobs: [TopLogprob]

  enum CodingKeys: String, CodingKey {
    case token, logprob, bytes
    case topLogprobs = "top_logprobs"
  }
}

/// A likely token.
public struct TopLogprob: Sendable, Equatable, Codable {
  /// The token's text.
  public var token: String
  /// Its natural log probability.
  public var logprob: Double
  /// Its UTF-8 bytes.
  public var bytes: [UInt8]?
}

extension Logprobs {
  init(_ raw: SluglineNative.Logprobs) {
    self.init(
      content: raw.content.map { $0.map { TokenLogprob($0) } }, refusal: raw.refusal.map { $0.map { TokenLogprob($0) } })
  }
}

extension TokenLogprob {
  init(_ raw: SluglineNative.TokenLogprob) {
    self.init(
      token: raw.token, logprob: raw.logprob, bytes: raw.bytes.map { Array($0) },
      topLogprobs: raw.topLogprobs.map { TopLogprob(token: $0.token, logprob: $0.logprob, bytes: $0.bytes.map { Array($0) }) })
  }
}
