// The options of a call: every field of the contract beside the messages and the model.

/// The options of a call. `nil` is absent; 0 is a value.
public struct Options: Sendable, Equatable {
  /// The call's project.
  public var project: String?
  /// Sampling temperature, 0 to 2.
  public var temperature: Double?
  /// Nucleus sampling, 0 to 1.
  public var topP: Double?
  /// Sample among this many likeliest tokens.
  public var topK: Int?
  /// -2 to 2.
  public var frequencyPenalty: Double?
  /// -2 to 2.
  public var presencePenalty: Double?
  /// Seed for repeatable sampling, where the host has it.
  public var seed: Int?
  /// Return log probabilities.
  public var logprobs: Bool?
  /// How many likely tokens per place, 0 to 20; needs `logprobs`.
  public var topLogprobs: Int?
  /// Token id to bias, -100 to 100.
  public var logitBias: [String: Double]?
  /// `none`, `minimal`, `low`, `medium`, `high`, `xhigh` or `max`, as far as the model knows them.
  public var reasoningEffort: String?
  /// Most tokens to think.
  public var thinkingBudget: Int?
  /// Allow several tool calls in one turn.
  public var parallelToolCalls: Bool?
  /// `low`, `medium` or `high`.
  public var verbosity: String?
  /// The host's service tier.
  public var serviceTier: String?
  /// Predicted output.
  public var prediction: JSONValue?
  /// Output modalities, for example `["text", "audio"]`.
  public var modalities: [String]?
  /// Voice and format of spoken output.
  public var audio: JSONValue?
  /// Key for the host's prompt cache.
  public var promptCacheKey: String?
  /// Stable id of the end user for the host's safety systems.
  public var safetyIdentifier: String?
  /// Options of the host's web search.
  public var webSearchOptions: JSONValue?
  /// How many choices, from 1.
  public var n: Int?
  /// Most tokens to answer; -1 leaves it out.
  public var maxTokens: Int?
  /// The same under OpenAI's newer name.
  public var maxCompletionTokens: Int?
  /// Texts that end the answer.
  public var stop: [String]?
  /// Tools: definitions, or switches of registered ones. An empty list sends none.
  public var tools: [Tool]?
  /// `false`: no registered tool is sent.
  public var useTools: Bool?
  /// Which tool must be called.
  public var toolChoice: ToolChoice?
  /// The format of the answer.
  public var responseFormat: ResponseFormat?
  /// Prompt caching marks; `auto` where absent.
  public var cache: CacheMode?
  /// What a stream reports.
  public var streamOptions: StreamOptions?
  /// Groups calls; a UUID v4 when absent. Loads no history.
  public var sessionId: String?
  /// End-user id.
  public var user: String?
  /// Key of a campaign to take part in whatever its split.
  public var abCampaign: String?
  /// Unit of assignment; default `user`, else a given `sessionId`, else random.
  public var assignmentKey: String?
  /// Kept on the recording: at most 16 texts, numbers or truth values, of 64 and 512 characters.
  public var labels: JSONObject?
  /// Alias of `labels`, which win per key.
  public var metadata: JSONObject?
  /// Kept on the recording.
  public var tags: [String]?
  /// Renders the project's system prompt template.
  public var systemPromptArgs: JSONObject?
  /// `false`: no recording, and not counted anywhere.
  public var store: Bool?
  /// `true`: a recording without prompt, variables or answer.
  public var doNotRecord: Bool?
  /// Milliseconds a target has until its first delta; 0 is absent.
  public var maxTtftMs: Int?
  /// Milliseconds without a first delta until the next target starts beside it; 0 is absent.
  public var hedgeAfterMs: Int?
  /// Milliseconds for the whole call, waits and fallbacks included.
  public var timeoutMs: Int?
  /// Milliseconds between events of a stream.
  public var idleTimeoutMs: Int?
  /// Retries on one target.
  public var maxRetries: Int?
  /// What to do about a parameter that the target lacks.
  public var unsupported: UnsupportedPolicy?
  /// Codes of errors that fall back although they would not.
  public var fallbackOn: [SluglineError.Code]?
  /// Merged into the provider's request body last.
  public var extraBody: JSONObject?
  /// Sent as headers, checked first.
  public var extraHeaders: [String: String]?
  /// Options under their names in JSON, for what this version has no field for; unknown ones are refused by name, and
  /// so is what the call gives already.
  public var extra: JSONObject = [:]

  /// What to do about a parameter that the target lacks.
  public enum UnsupportedPolicy: String, Sendable, Codable {
    /// Leave it out and say so in `meta.warnings`.
    case warn
    /// Fail with `unsupported` before anything is sent.
    case error
  }

  /// Prompt caching marks.
  public enum CacheMode: String, Sendable, Codable {
    /// Carry the caller's marks.
    case auto
    /// Send no marks.
    case off
  }

  /// What a stream reports.
  public struct StreamOptions: Sendable, Equatable, Codable {
    /// Give a last chunk with the usage. The completion has it in any case.
    public var includeUsage: Bool

    public init(includeUsage: Bool) { self.includeUsage = includeUsage }

    enum CodingKeys: String, CodingKey {
      case includeUsage = "include_usage"
    }
  }

  public init(
    project: String? = nil, temperature: Double? = nil, topP: Double? = nil, topK: Int? = nil,
    frequencyPenalty: Double? = nil, presencePenalty: Double? = nil, seed: Int? = nil, logprobs: Bool? = nil,
    topLogprobs: Int? = nil, logitBias: [String: Double]? = nil, reasoningEffort: String? = nil,
    thinkingBudget: Int? = nil, parallelToolCalls: Bool? = nil, verbosity: String? = nil,
    serviceTier: String? = nil, prediction: JSONValue? = nil, modalities: [String]? = nil, audio: JSONValue? = nil,
    promptCacheKey: String? = nil, safetyIdentifier: String? = nil, webSearchOptions: JSONValue? = nil,
    n: Int? = nil, maxTokens: Int? = nil, maxCompletionTokens: Int? = nil, stop: [String]? = nil,
    tools: [Tool]? = nil, useTools: Bool? = nil, toolChoice: ToolChoice? = nil,
    responseFormat: ResponseFormat? = nil, cache: CacheMode? = nil, streamOptions: StreamOptions? = nil,
    sessionId: String? = nil, user: String? = nil, abCampaign: String? = nil, assignmentKey: String? = nil,
    labels: JSONObject? = nil, metadata: JSONObject? = nil, tags: [String]? = nil,
    systemPromptArgs: JSONObject? = nil, store: Bool? = nil, doNotRecord: Bool? = nil, maxTtftMs: Int? = nil,
    hedgeAfterMs: Int? = nil, timeoutMs: Int? = nil, idleTimeoutMs: Int? = nil, maxRetries: Int? = nil,
    unsupported: UnsupportedPolicy? = nil, fallbackOn: [SluglineError.Code]? = nil, extraBody: JSONObject? = nil,
    extraHeaders: [String: String]? = nil, extra: JSONObject = [:]
  ) {
    self.project = project
    self.temperature = temperature
    self.topP = topP
    self.topK = topK
    self.frequencyPenalty = frequencyPenalty
    self.presencePenalty = presencePenalty
    self.seed = seed
    self.logprobs = logprobs
    self.topLogprobs = topLogprobs
    self.logitBias = logitBias
    self.reasoningEffort = reasoningEffort
    self.thinkingBudget = thinkingBudget
    self.parallelToolCalls = parallelToolCalls
    self.verbosity = verbosity
    self.serviceTier = serviceTier
    self.prediction = prediction
    self.modalities = modalities
    self.audio = audio
    self.promptCacheKey = promptCacheKey
    self.safetyIdentifier = safetyIdentifier
    self.webSearchOptions = webSearchOptions
    self.n = n
    self.maxTokens = maxTokens
    self.maxCompletionTokens = maxCompletionTokens
    self.stop = stop
    self.tools = tools
    self.useTools = useTools
    self.toolChoice = toolChoice
    self.responseFormat = responseFormat
    self.cache = cache
    self.streamOptions = streamOptions
    self.sessionId = sessionId
    self.user = user
    self.abCampaign = abCampaign
    self.assignmentKey = assignmentKey
    self.labels = labels
    self.metadata = metadata
    self.tags = tags
    self.systemPromptArgs = systemPromptArgs
    self.store = store
    self.doNotRecord = doNotRecord
    self.maxTtftMs = maxTtftMs
    self.hedgeAfterMs = hedgeAfterMs
    self.timeoutMs = timeoutMs
    self.idleTimeoutMs = idleTimeoutMs
    self.maxRetries = maxRetries
    self.unsupported = unsupported
    self.fallbackOn = fallbackOn
    self.extraBody = extraBody
    self.extraHeaders = extraHeaders
    self.extra = extra
  }
}
