// What people said of answers, and what is counted over recordings.

import Foundation
internal import SluglineNative

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
    let text = try JSONWriter.text(of: .object(asked))
    return try await told { try await core.feedback(asked: text, cancel: $0) }
  }

  /// Calls, tokens and cost, a row a group.
  ///
  /// - Parameters:
  ///   - groupBy: `model`, `provider`, `prompt`, `campaign`, `arm`, `project`, `day` or `label:KEY`; none gives one row.
  ///   - filter: which calls; all without one.
  public func usage(groupBy: [String] = [], _ filter: RecordingFilter = RecordingFilter()) async throws -> [UsageRow] {
    var asked = filter.asked
    asked["group_by"] = .array(groupBy.map { .string($0) })
    let text = try JSONWriter.text(of: .object(asked))
    return try await told { try await core.usage(asked: text, cancel: $0) }.map { UsageRow($0) }
  }

  /// What a campaign found so far: the figures of each arm, and how its metric differs between them.
  ///
  /// - Parameters:
  ///   - key: one of `[campaigns]`, or the slug of a prompt with variants.
  ///   - metric: what is compared; the campaign's own metric without one.
  ///   - since: calls that began at this time or later.
  ///   - until: calls that began before this time.
  /// - Throws: ``SluglineError`` with `notFound` where there is no such campaign.
  public func campaignReport(
    _ key: String, metric: String? = nil, since: Date? = nil, until: Date? = nil
  ) async throws -> CampaignReport {
    var asked = RecordingFilter(since: since, until: until).asked
    asked["key"] = .string(key)
    asked["metric"] = metric.map { .string($0) }
    let text = try JSONWriter.text(of: .object(asked))
    return CampaignReport(try await told { try await core.campaignReport(asked: text, cancel: $0) })
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

/// What a campaign found.
public struct CampaignReport: Sendable, Equatable, Codable {
  /// The campaign's key.
  public var campaign: String
  /// The metric that is compared.
  public var metric: String?
  /// `up` or `down`: which way is better.
  public var goal: String?
  /// The arms, by name.
  public var arms: [ArmReport]
  /// Every pair of arms, where there is a metric.
  public var comparisons: [Comparison]
}

/// The figures of one arm.
public struct ArmReport: Sendable, Equatable, Codable {
  /// The arm's name.
  public var arm: String
  /// Calls, whether they succeeded or not.
  public var calls: Int
  /// Calls that failed.
  public var errors: Int
  /// Mean milliseconds of the calls that were answered in full; `nil` without any.
  public var meanLatencyMs: Double?
  /// Calls whose provider gave token counts; the sums of tokens are over these.
  public var meteredCalls: Int
  public var promptTokens: Int
  public var completionTokens: Int
  public var totalTokens: Int
  /// Known cost, a sum a currency.
  public var cost: [CostTotal]
  /// Completions that were judged.
  public var metricCount: Int
  /// Mean of the metric; of yes and no the share of yes. `nil` without values.
  public var metricMean: Double?
  /// Lower end of the 95 % interval of the mean.
  public var metricLow: Double?
  /// Upper end of the 95 % interval of the mean.
  public var metricHigh: Double?

  enum CodingKeys: String, CodingKey {
    case arm, calls, errors, cost
    case meanLatencyMs = "mean_latency_ms"
    case meteredCalls = "metered_calls"
    case promptTokens = "prompt_tokens"
    case completionTokens = "completion_tokens"
    case totalTokens = "total_tokens"
    case metricCount = "metric_count"
    case metricMean = "metric_mean"
    case metricLow = "metric_low"
    case metricHigh = "metric_high"
  }
}

/// How the metric differs between two arms.
public struct Comparison: Sendable, Equatable, Codable {
  /// The one arm.
  public var arm: String
  /// The other.
  public var other: String
  /// Mean of `other` less mean of `arm`.
  public var difference: Double?
  /// Lower end of the 95 % interval of the difference.
  public var low: Double?
  /// Upper end of the 95 % interval of the difference.
  public var high: Double?
  /// How likely a difference at least as large is where there is none in truth; `nil`: too few values to say.
  public var pValue: Double?
  /// The same, corrected by Holm's method for the number of pairs.
  public var pValueAdjusted: Double?
  /// `two_proportions` or `welch`.
  public var test: String?

  enum CodingKeys: String, CodingKey {
    case arm, other, difference, low, high, test
    case pValue = "p_value"
    case pValueAdjusted = "p_value_adjusted"
  }
}

extension Feedback {
  init(_ raw: SluglineNative.Feedback) {
    self.init(
      id: raw.id, createdMs: raw.createdMs, completionId: raw.completionId, metric: raw.metric,
      value: FeedbackValue(raw.value), comment: raw.comment, userId: raw.userId)
  }
}

extension FeedbackValue {
  init(_ raw: SluglineNative.FeedbackValue) {
    self =
      switch raw {
      case .bool(let value): .bool(value)
      case .number(let value): .number(value)
      }
  }
}

extension UsageRow {
  init(_ raw: SluglineNative.UsageRow) {
    self.init(
      group: JSONObject(native: raw.group), calls: Int(clamping: raw.calls), errors: Int(clamping: raw.errors),
      meteredCalls: Int(clamping: raw.meteredCalls), promptTokens: Int(clamping: raw.promptTokens),
      completionTokens: Int(clamping: raw.completionTokens), totalTokens: Int(clamping: raw.totalTokens),
      cost: raw.cost.map { CostTotal($0) })
  }
}

extension CostTotal {
  init(_ raw: SluglineNative.CostTotal) {
    self.init(currency: raw.currency, amount: raw.amount, calls: Int(clamping: raw.calls))
  }
}

extension CampaignReport {
  init(_ raw: SluglineNative.CampaignReport) {
    self.init(
      campaign: raw.campaign, metric: raw.metric, goal: raw.goal, arms: raw.arms.map { ArmReport($0) },
      comparisons: raw.comparisons.map { Comparison($0) })
  }
}

extension ArmReport {
  init(_ raw: SluglineNative.ArmReport) {
    self.init(
      arm: raw.arm, calls: Int(clamping: raw.calls), errors: Int(clamping: raw.errors),
      meanLatencyMs: raw.meanLatencyMs, meteredCalls: Int(clamping: raw.meteredCalls),
      promptTokens: Int(clamping: raw.promptTokens), completionTokens: Int(clamping: raw.completionTokens),
      totalTokens: Int(clamping: raw.totalTokens), cost: raw.cost.map { CostTotal($0) },
      metricCount: Int(clamping: raw.metricCount), metricMean: raw.metricMean, metricLow: raw.metricLow,
      metricHigh: raw.metricHigh)
  }
}

extension Comparison {
  init(_ raw: SluglineNative.Comparison) {
    self.init(
      arm: raw.arm, other: raw.other, difference: raw.difference, low: raw.low, high: raw.high, pValue: raw.pValue,
      pValueAdjusted: raw.pValueAdjusted, test: raw.test)
  }
}
