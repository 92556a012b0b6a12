// What was kept of calls: to be listed, read, exported, deleted and run again.

import Foundation
internal import SluglineNative

extension Engine {
  /// What was kept of calls.
  public var recordings: Recordings { Recordings(engine: self) }
}

/// The recordings of an engine: `engine.recordings`.
public struct Recordings: Sendable {
  let engine: Engine

  /// A page of recordings, newest first.
  ///
  /// - Parameters:
  ///   - filter: which; all without one.
  ///   - limit: most of the page, 1 to 1,000; 50 when absent.
  ///   - cursor: `nextCursor` of the page before.
  ///   - payload: whether messages, variables and answers come along, where they were kept.
  public func list(
    _ filter: RecordingFilter = RecordingFilter(), limit: Int? = nil, cursor: String? = nil, payload: Bool = false
  ) async throws -> RecordingPage {
    var asked = filter.asked
    asked["limit"] = limit.map { .integer(Int64($0)) }
    asked["cursor"] = cursor.map { .string($0) }
    if payload { asked["payload"] = true }
    let text = try JSONWriter.text(of: .object(asked))
    return RecordingPage(try await told { try await engine.core.recordingsList(asked: text, cancel: $0) })
  }

  /// One recording, with its payload where that was kept, and its feedback.
  public func get(_ id: String) async throws -> Recording {
    Recording(try await told { try await engine.core.recordingsGet(id: id, cancel: $0) })
  }

  /// Writes recordings to a file, newest first, one JSON object a line; gives how many.
  public func export(to path: String, _ filter: RecordingFilter = RecordingFilter()) async throws -> Int {
    var asked = filter.asked
    asked["path"] = .string(path)
    let text = try JSONWriter.text(of: .object(asked))
    return Int(clamping: try await told { try await engine.core.recordingsExport(asked: text, cancel: $0) })
  }

  /// Runs one SQL statement that only reads, on the store's own connection. SQLite only.
  public func query(_ sql: String) async throws -> [JSONObject] {
    try await told { try await engine.core.recordingsQuery(sql: sql, cancel: $0) }.map { JSONObject(native: $0) }
  }

  /// Deletes recordings with their feedback; gives how many. Some filter must be given.
  @discardableResult
  public func delete(_ filter: RecordingFilter) async throws -> Int {
    let text = try JSONWriter.text(of: .object(filter.asked))
    return Int(clamping: try await told { try await engine.core.recordingsDelete(asked: text, cancel: $0) })
  }

  /// Makes a recorded call again, with another model or the one that served. Needs its payload. The new call is
  /// recorded with the label `rerun_of`; it joins no session and no campaign.
  public func rerun(_ id: String, model: Model? = nil) async throws -> ChatCompletion {
    var asked: JSONObject = ["id": .string(id)]
    if let model { asked["model"] = .array(model.names.map { .string($0) }) }
    let text = try JSONWriter.text(of: .object(asked))
    return ChatCompletion(try await told { try await engine.core.recordingsRerun(asked: text, cancel: $0) })
  }

  /// How many calls of this engine should have been recorded and were not.
  public var lost: Int { Int(clamping: engine.core.recordingsLost()) }
}

/// Which recordings: all that fit every field set.
public struct RecordingFilter: Sendable, Equatable {
  /// These recordings.
  public var ids: [String]?
  /// Runs of the prompt with this slug.
  public var prompt: String?
  /// Calls of this session.
  public var sessionId: String?
  /// Calls that took part in this campaign.
  public var campaign: String?
  /// Calls of this project.
  public var project: String?
  /// Calls with all of these labels.
  public var labels: JSONObject
  /// Calls that began at this time or later.
  public var since: Date?
  /// Calls that began before this time.
  public var until: Date?

  public init(
    ids: [String]? = nil, prompt: String? = nil, sessionId: String? = nil, campaign: String? = nil,
    project: String? = nil, labels: JSONObject = [:], since: Date? = nil, until: Date? = nil
  ) {
    self.ids = ids
    self.prompt = prompt
    self.sessionId = sessionId
    self.campaign = campaign
    self.project = project
    self.labels = labels
    self.since = since
    self.until = until
  }

  var asked: JSONObject {
    var asked = JSONObject()
    asked["ids"] = ids.map { .array($0.map { .string($0) }) }
    asked["prompt"] = prompt.map { .string($0) }
    asked["session_id"] = sessionId.map { .string($0) }
    asked["campaign"] = campaign.map { .string($0) }
    asked["project"] = project.map { .string($0) }
    if !labels.isEmpty { asked["labels"] = .object(labels) }
    asked["since"] = since.map { $0.unixMs }
    asked["until"] = until.map { $0.unixMs }
    return asked
  }
}

extension Date {
  /// The time as the core reads it: milliseconds since 1970.
  fileprivate var unixMs: JSONValue {
    let ms = (timeIntervalSince1970 * 1000).rounded()
    return Int64(exactly: ms).map(JSONValue.integer) ?? .number(ms)
  }
}

/// A page of recordings, newest first.
public struct RecordingPage: Sendable, Equatable, Codable {
  /// The rows.
  public var recordings: [Recording]
  /// Reads the next page; `nil` at the end.
  public var nextCursor: String?

  enum CodingKeys: String, CodingKey {
    case recordings
    case nextCursor = "next_cursor"
  }
}

/// What was kept of one call. `request`, `variables` and `answer` are the payload: there only where recordings are
/// `full` and the call did not say `doNotRecord`.
public struct Recording: Sendable, Equatable, Codable {
  /// `meta.recordingId` of the completion.
  public var id: String
  /// When the call began: Unix time in milliseconds.
  public var createdMs: Int64
  /// The session the call belongs to.
  public var sessionId: String
  /// The ids feedback refers to, one a choice.
  public var completionIds: [String]
  /// The call's project.
  public var project: String?
  /// The stored prompt that was run.
  public var prompt: PromptRef?
  /// The campaign and the arm the call took part in.
  public var campaign: CampaignRef?
  /// What the call asked for; empty where a default was taken.
  public var requestedModels: [String]
  /// The target that served, or the last one tried, as `provider/model`.
  public var model: String?
  /// The provider of that target.
  public var provider: String?
  /// The provider's own word for the model that answered.
  public var providerModel: String?
  /// Whether the caller read a stream.
  public var stream: Bool
  /// Why the first choice stopped, in OpenAI's words.
  public var finishReason: String?
  /// The code of the error, where the call failed; `cancelled` where the caller broke it off.
  public var errorCode: String?
  /// Every attempt, in order of their starts.
  public var attempts: [Attempt]
  /// Durations.
  public var timing: Timing
  /// Token counts; `nil` where the provider gave none.
  public var usage: Usage?
  /// Cost by the prices of that day; `nil` where unknown.
  public var cost: Cost?
  /// The call's labels.
  public var labels: JSONObject
  /// The call's tags.
  public var tags: [String]
  /// What the call warned of.
  public var warnings: [Warning]
  /// Payload: the call as it was composed, under the names it has in JSON.
  public var request: JSONObject?
  /// Payload: the variables of the prompt.
  public var variables: JSONObject?
  /// Payload: the choices of the answer; what had arrived, where it broke off.
  public var answer: [Choice]?
  /// What people said of the answer.
  public var feedback: [Feedback]

  enum CodingKeys: String, CodingKey {
    case id, project, prompt, campaign, model, provider, stream, attempts, timing, usage, cost, labels, tags
    case warnings, request, variables, answer, feedback
    case createdMs = "created_ms"
    case sessionId = "session_id"
    case completionIds = "completion_ids"
    case requestedModels = "requested_models"
    case providerModel = "provider_model"
    case finishReason = "finish_reason"
    case errorCode = "error_code"
  }
}

extension RecordingPage {
  init(_ raw: SluglineNative.Page) {
    self.init(recordings: raw.recordings.map { Recording($0) }, nextCursor: raw.nextCursor)
  }
}

extension Recording {
  init(_ raw: SluglineNative.Recording) {
    self.init(
      id: raw.id, createdMs: raw.createdMs, sessionId: raw.sessionId, completionIds: raw.completionIds,
      project: raw.project, prompt: raw.prompt.map { PromptRef($0) }, campaign: raw.campaign.map { CampaignRef($0) },
      requestedModels: raw.requestedModels, model: raw.model, provider: raw.provider,
      providerModel: raw.providerModel, stream: raw.stream, finishReason: raw.finishReason, errorCode: raw.errorCode,
      attempts: raw.attempts.map { Attempt($0) }, timing: Timing(raw.timing), usage: raw.usage.map { Usage($0) },
      cost: raw.cost.map { Cost($0) }, labels: JSONObject(native: raw.labels), tags: raw.tags,
      warnings: raw.warnings.map { Warning($0) }, request: raw.request.map { JSONObject(native: $0) },
      variables: raw.variables.map { JSONObject(native: $0) }, answer: raw.answer?.map { Choice($0) },
      feedback: raw.feedback.map { Feedback($0) })
  }
}
