// How an answer came about: attempts, prompt, timing, cost, warnings.

internal import SluglineNative

/// How an answer came about.
public struct Meta: Sendable, Equatable, Codable {
  /// The provider that served.
  public var provider: String
  /// The model that was asked, as the provider names it.
  public var model: String
  /// The provider's own word for the model that answered.
  public var providerModel: String?
  /// Every attempt, in order of their starts.
  public var attempts: [Attempt]
  /// The stored prompt, where one was run.
  public var prompt: PromptRef?
  /// The campaign the call took part in.
  public var campaign: CampaignRef?
  /// Durations.
  public var timing: Timing
  /// Cost; `nil` where unknown, never 0 for unknown.
  public var cost: Cost?
  /// Parameters that could not be carried and other things to know.
  public var warnings: [Warning]
  /// The recording, where one was kept.
  public var recordingId: String?

  enum CodingKeys: String, CodingKey {
    case provider, model, attempts, prompt, campaign, timing, cost, warnings
    case providerModel = "provider_model"
    case recordingId = "recording_id"
  }
}

/// One attempt against one target.
public struct Attempt: Sendable, Equatable, Codable {
  /// The provider.
  public var provider: String
  /// The model, as the provider names it.
  public var model: String
  /// `ok`, `error` or `cancelled`.
  public var outcome: String
  /// HTTP status, where there was one.
  public var status: Int?
  /// Code of the error, where it failed.
  public var code: String?
  /// Milliseconds waited before it, for back-off or a free slot.
  public var waitMs: Int
  /// Milliseconds from its start to its end.
  public var durationMs: Int
  /// The provider's id of the request.
  public var requestId: String?

  enum CodingKeys: String, CodingKey {
    case provider, model, outcome, status, code
    case waitMs = "wait_ms"
    case durationMs = "duration_ms"
    case requestId = "request_id"
  }
}

/// Which stored prompt was run.
public struct PromptRef: Sendable, Equatable, Codable {
  /// The slug.
  public var slug: String
  /// Version number, where the prompt is numbered.
  public var version: Int?
  /// The environment it was resolved in.
  public var environment: String?
  /// The variant that was used.
  public var variant: String?
  /// SHA-256 over the file and every partial it reaches, in hex.
  public var hash: String
}

/// Which arm of which campaign served.
public struct CampaignRef: Sendable, Equatable, Codable {
  /// The campaign's key.
  public var key: String
  /// The arm's name.
  public var arm: String
}

/// Durations in milliseconds.
public struct Timing: Sendable, Equatable, Codable {
  /// Waited for a free slot.
  public var queueMs: Int
  /// From the call's start to the first content, reasoning or tool delta; `nil` without a stream.
  public var ttftMs: Int?
  /// The whole call.
  public var totalMs: Int

  enum CodingKeys: String, CodingKey {
    case queueMs = "queue_ms"
    case ttftMs = "ttft_ms"
    case totalMs = "total_ms"
  }
}

/// What a call cost.
public struct Cost: Sendable, Equatable, Codable {
  /// The amount.
  public var amount: Double
  /// ISO 4217.
  public var currency: String
  /// `provider` where the host said so, `catalogue` where computed from list prices.
  public var source: String
}

/// Something to know about a call that went through.
public struct Warning: Sendable, Equatable, Codable {
  /// A stable word, for example `unsupported_parameter`.
  public var code: String
  /// The parameter it is about.
  public var param: String?
  /// One sentence.
  public var message: String
}

extension Meta {
  init(_ raw: SluglineNative.Meta) {
    self.init(
      provider: raw.provider, model: raw.model, providerModel: raw.providerModel,
      attempts: raw.attempts.map { Attempt($0) }, prompt: raw.prompt.map { PromptRef($0) },
      campaign: raw.campaign.map { CampaignRef($0) }, timing: Timing(raw.timing),
      cost: raw.cost.map { Cost($0) },
      warnings: raw.warnings.map { Warning($0) }, recordingId: raw.recordingId)
  }
}

extension Attempt {
  init(_ raw: SluglineNative.Attempt) {
    self.init(
      provider: raw.provider, model: raw.model, outcome: raw.outcome, status: raw.status.map { Int($0) },
      code: raw.code, waitMs: Int(clamping: raw.waitMs), durationMs: Int(clamping: raw.durationMs),
      requestId: raw.requestId)
  }
}

extension PromptRef {
  init(_ raw: SluglineNative.PromptRef) {
    self.init(
      slug: raw.slug, version: raw.version.map { Int(clamping: $0) }, environment: raw.environment,
      variant: raw.variant, hash: raw.hash)
  }
}

extension CampaignRef {
  init(_ raw: SluglineNative.CampaignRef) {
    self.init(key: raw.key, arm: raw.arm)
  }
}

extension Cost {
  init(_ raw: SluglineNative.Cost) {
    self.init(amount: raw.amount, currency: raw.currency, source: raw.source)
  }
}

extension Timing {
  init(_ raw: SluglineNative.Timing) {
    self.init(
      queueMs: Int(clamping: raw.queueMs), ttftMs: raw.ttftMs.map { Int(clamping: $0) },
      totalMs: Int(clamping: raw.totalMs))
  }
}

extension Warning {
  init(_ raw: SluglineNative.Warning) {
    self.init(code: raw.code, param: raw.param, message: raw.message)
  }
}
