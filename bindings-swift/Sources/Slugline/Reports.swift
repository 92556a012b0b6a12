// What people said of answers, and what is counted over recordings.

import Foundation

extension Engine {
  /// Keeps a judgement of an answer, by a choice's `completionId`; gives the feedback's id.
  ///
  /// - Throws: ``SluglineError`` with `notFound` where no recorded call has this completion.
  @discardableResult
  public func feedback(
    _ completionId: String, metric: String, value: FeedbackValue, comment: String? = nil, userId: String? = nil
  ) async throws -> String {
    var asked: JSONObject = ["completion_id": .string(completionId), "metric": .string(metric)]
    switch value {
    case .bool(let value): asked["value"] = .bool(value)
    case .number(let value): asked["value"] = .number(value)
    }
    asked["comment"] = comment.map { .string($0) }
    asked["user_id"] = userId.map { .string($0) }
    return try await state("feedback", asked)
  }

  /// Calls, tokens and cost, a row a group.
  ///
  /// - Parameters:
  ///   - groupBy: `model`, `provider`, `prompt`, `campaign`, `arm`, `project`, `day` or `label:KEY`; none gives one row.
  ///   - filter: which calls; all without one.
  public func usage(groupBy: [String] = [], _ filter: RecordingFilter = RecordingFilter()) async throws -> [UsageRow] {
    var asked = filter.asked
    asked["group_by"] = .array(groupBy.map { .string($0) })
    return try await state("usage", asked)
  }
}

/// A yes or no, or a number; literals make one.
public enum FeedbackValue: Sendable, Equatable, Codable, ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral,
  ExpressibleByIntegerLiteral
{
  case bool(Bool)
  case number(Double)

  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(integerLiteral value: Int) { self = .number(Double(value)) }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else {
      self = .number(try container.decode(Double.self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .bool(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    }
  }
}

/// A judgement of one completion under one metric.
public struct Feedback: Sendable, Equatable, Codable {
  public var id: String
  /// When it was given: Unix time in milliseconds.
  public var createdMs: Int64
  /// The completion it is about.
  public var completionId: String
  /// What is judged, for example `thumbs`.
  public var metric: String
  /// The judgement.
  public var value: FeedbackValue
  /// Why, in words.
  public var comment: String?
  /// Who gave it.
  public var userId: String?

  enum CodingKeys: String, CodingKey {
    case id, metric, value, comment
    case createdMs = "created_ms"
    case completionId = "completion_id"
    case userId = "user_id"
  }
}

/// Calls, tokens and cost of one group.
public struct UsageRow: Sendable, Equatable, Codable {
  /// The words of `groupBy` and the group's values; null where the calls have none.
  public var group: JSONObject
  /// Calls, whether they succeeded or not.
  public var calls: Int
  /// Calls that failed.
  public var errors: Int
  /// Calls whose provider gave token counts; the sums of tokens are over these.
  public var meteredCalls: Int
  public var promptTokens: Int
  public var completionTokens: Int
  public var totalTokens: Int
  /// Known cost, a sum a currency.
  public var cost: [CostTotal]

  enum CodingKeys: String, CodingKey {
    case group, calls, errors, cost
    case meteredCalls = "metered_calls"
    case promptTokens = "prompt_tokens"
    case completionTokens = "completion_tokens"
    case totalTokens = "total_tokens"
  }
}

/// The known cost of some calls in one currency.
public struct CostTotal: Sendable, Equatable, Codable {
  /// ISO 4217.
  public var currency: String
  /// The sum.
  public var amount: Double
  /// How many calls it covers. The cost of the others is unknown, not 0.
  public var calls: Int
}
