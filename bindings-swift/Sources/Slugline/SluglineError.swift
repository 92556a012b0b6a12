// The one error type. What to act on is `code`; messages are for people and never hold a key, a prompt or
// an answer. A cancelled task gets Swift's own `CancellationError` instead.

import Foundation
internal import SluglineNative

/// What every failing call throws.
public struct SluglineError: Error, Sendable {
  /// What went wrong.
  public var code: Code
  /// One sentence that names the thing and how to mend it.
  public var message: String
  /// The provider that answered, or was asked.
  public var provider: String?
  /// The model that was asked, as the provider names it.
  public var model: String?
  /// The HTTP status.
  public var status: Int?
  /// The provider's id of the request.
  public var requestId: String?
  /// How long the provider asks to wait, in milliseconds.
  public var retryAfterMs: Int?
  /// Whether the same call may work later.
  public var retryable: Bool
  /// Every attempt that was made.
  public var attempts: [Attempt]
  /// The option or path of the request that is wrong, for example `messages[2].role`.
  public var param: String?
  /// Where in a prompt or configuration file.
  public var location: Location?
  /// More facts, by code.
  public var details: JSONObject
  /// What had arrived before the failure.
  public var partial: ChatCompletion?
  /// What a closure of yours threw.
  public var cause: (any Error)?

  /// What went wrong, as a closed list: the same words in every language.
  public enum Code: String, Sendable, Codable, CaseIterable {
    /// The configuration is wrong, or names a feature that is not built in.
    case configError = "config_error"
    /// The call is wrong: refused here (`param` is set) or by the provider.
    case invalidRequest = "invalid_request"
    /// A named thing does not exist here; `details["resource"]` says what kind of thing.
    case notFound = "not_found"
    /// No target has this model name, or the provider does not know it.
    case unknownModel = "unknown_model"
    /// A template does not parse, or passed a limit while rendering; see `location`.
    case templateError = "template_error"
    /// The template uses variables that were not given; `details["variables"]` lists them all.
    case missingVariable = "missing_variable"
    /// The variables do not fit; `details["problems"]` lists everything that is against the schema.
    case invalidVariables = "invalid_variables"
    /// No key is configured (`details["env"]` names the variable), or the provider refused it.
    case authentication
    /// The key may not do this, or the network is blocked by configuration.
    case permissionDenied = "permission_denied"
    /// The account has no credit or quota left.
    case quotaExceeded = "quota_exceeded"
    /// Too many requests or tokens for now; see `retryAfterMs`.
    case rateLimited = "rate_limited"
    /// The messages do not fit the model's context window.
    case contextLengthExceeded = "context_length_exceeded"
    /// The provider refused the content.
    case contentFiltered = "content_filtered"
    /// The request is larger than the provider, or a limit here, allows.
    case requestTooLarge = "request_too_large"
    /// The target lacks a feature without which the call would mean something else.
    case unsupported
    /// A deadline passed.
    case timeout
    /// No first delta came within `maxTtftMs`.
    case ttftTimeout = "ttft_timeout"
    /// No answer from the network; `details["stage"]` is `dns`, `tcp`, `tls` or `http`.
    case connection
    /// The provider has no capacity for now.
    case overloaded
    /// The provider failed.
    case serverError = "server_error"
    /// Two writers changed one thing.
    case conflict
    /// The answer cannot be read.
    case invalidResponse = "invalid_response"
    /// The answer broke off after output had come; `partial` holds it.
    case streamInterrupted = "stream_interrupted"
    /// Storage failed, where the call itself was about storage.
    case storeError = "store_error"
    /// A stream was closed while it was read. A cancelled task gets `CancellationError`.
    case cancelled
    /// A bug in this library.
    case `internal`
  }

  /// A place in a file. Lines and columns count from 1.
  public struct Location: Sendable, Equatable, Codable {
    /// The file, relative to the folder it was loaded from.
    public var file: String?
    public var line: Int?
    /// Column in characters.
    public var column: Int?
    /// Index of the message in a messages file, from 0.
    public var message: Int?
  }

  init(_ code: Code, _ message: String, param: String? = nil) {
    self.code = code
    self.message = message
    self.param = param
    retryable = false
    attempts = []
    details = [:]
  }
}

extension SluglineError: LocalizedError, CustomStringConvertible {
  public var errorDescription: String? { message }
  public var description: String { "\(code.rawValue): \(message)" }
}

extension SluglineError: Encodable {
  enum CodingKeys: String, CodingKey {
    case code, message, provider, model, status, retryable, attempts, param, location, details, partial
    case requestId = "request_id"
    case retryAfterMs = "retry_after_ms"
  }

  /// The same JSON as in every language; absent fields are left out.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(code, forKey: .code)
    try container.encode(message, forKey: .message)
    try container.encodeIfPresent(provider, forKey: .provider)
    try container.encodeIfPresent(model, forKey: .model)
    try container.encodeIfPresent(requestId, forKey: .requestId)
    try container.encodeIfPresent(param, forKey: .param)
    try container.encodeIfPresent(status, forKey: .status)
    try container.encodeIfPresent(retryAfterMs, forKey: .retryAfterMs)
    try container.encode(retryable, forKey: .retryable)
    try container.encodeUnlessEmpty(attempts, forKey: .attempts)
    try container.encodeIfPresent(location, forKey: .location)
    try container.encodeUnlessEmpty(details, forKey: .details)
    try container.encodeIfPresent(partial, forKey: .partial)
  }
}

extension SluglineError {
  init(_ raw: SluglineNative.FailureFields) {
    self.init(Code(rawValue: raw.code) ?? .internal, raw.message, param: raw.param)
    provider = raw.provider
    model = raw.model
    status = raw.status.map { Int($0) }
    requestId = raw.requestId
    retryAfterMs = raw.retryAfterMs.map { Int(clamping: $0) }
    retryable = raw.retryable
    attempts = raw.attempts.map { Attempt($0) }
    location = raw.location.map { Location($0) }
    details = JSONObject(native: raw.details)
    partial = raw.partial.map { ChatCompletion($0) }
    cause = (raw.raised as? RaisedError)?.error
  }

  /// What users get for what the native library threw.
  static func told(_ error: any Error) -> any Error {
    guard case SluglineNative.Failure.Failed(let fields) = error else {
      return SluglineError(.internal, "a bug in slugline: the call was given up; other calls are not affected")
    }
    let error = SluglineError(fields)
    return error.code == .cancelled && Task.isCancelled ? CancellationError() : error
  }
}

extension SluglineError.Location {
  init(_ raw: SluglineNative.Location) {
    self.init(
      file: raw.file, line: raw.line.map { Int($0) }, column: raw.column.map { Int($0) },
      message: raw.message.map { Int($0) })
  }
}

/// Asks the native library; what it throws becomes what users catch. A task that is cancelled asks nothing, and one
/// that is cancelled meanwhile gives the question up.
func told<T: Sendable>(_ ask: (SluglineNative.Cancel) async throws -> T) async throws -> T {
  try Task.checkCancellation()
  let cancel = SluglineNative.Cancel()
  do {
    return try await withTaskCancellationHandler {
      try await ask(cancel)
    } onCancel: {
      cancel.cancel()
    }
  } catch {
    throw SluglineError.told(error)
  }
}
