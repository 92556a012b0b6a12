// Options as JSON. `extra` stands beside the others, under its own names: what has no field here goes there again.

extension Options: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case project, temperature, seed, logprobs, verbosity, prediction, modalities, audio, n
    case stop, tools, cache, user, labels, metadata, tags, store, unsupported
    case topP = "top_p"
    case topK = "top_k"
    case frequencyPenalty = "frequency_penalty"
    case presencePenalty = "presence_penalty"
    case topLogprobs = "top_logprobs"
    case logitBias = "logit_bias"
    case reasoningEffort = "reasoning_effort"
    case thinkingBudget = "thinking_budget"
    case parallelToolCalls = "parallel_tool_calls"
    case serviceTier = "service_tier"
    case promptCacheKey = "prompt_cache_key"
    case safetyIdentifier = "safety_identifier"
    case webSearchOptions = "web_search_options"
    case maxTokens = "max_tokens"
    case maxCompletionTokens = "max_completion_tokens"
    case useTools = "use_tools"
    case toolChoice = "tool_choice"
    case responseFormat = "response_format"
    case streamOptions = "stream_options"
    case sessionId = "session_id"
    case abCampaign = "ab_campaign"
    case assignmentKey = "assignment_key"
    case systemPromptArgs = "system_prompt_args"
    case doNotRecord = "do_not_record"
    case maxTtftMs = "max_ttft_ms"
    case hedgeAfterMs = "hedge_after_ms"
    case timeoutMs = "timeout_ms"
    case idleTimeoutMs = "idle_timeout_ms"
    case maxRetries = "max_retries"
    case fallbackOn = "fallback_on"
    case extraBody = "extra_body"
    case extraHeaders = "extra_headers"
  }

  public init(from decoder: any Decoder) throws {
    self.init(extra: try JSONObject(from: decoder, without: CodingKeys.self))
    var reader = FieldReader(container: try decoder.container(keyedBy: CodingKeys.self))
    try pass(through: &reader)
  }

  /// - Throws: ``SluglineError`` with `invalidRequest` where a member of `extra` has the name of a field that is set.
  public func encode(to encoder: any Encoder) throws {
    var writer = FieldWriter(container: encoder.container(keyedBy: CodingKeys.self), extra: extra)
    var fields = self
    try fields.pass(through: &writer)
    try extra.encode(to: encoder)
  }

  /// Every field with its name: what reads them and what writes them go the same way.
  private mutating func pass(through each: inout some FieldPass) throws {
    try each.pass(&project, .project)
    try each.pass(&temperature, .temperature)
    try each.pass(&topP, .topP)
    try each.pass(&topK, .topK)
    try each.pass(&frequencyPenalty, .frequencyPenalty)
    try each.pass(&presencePenalty, .presencePenalty)
    try each.pass(&seed, .seed)
    try each.pass(&logprobs, .logprobs)
    try each.pass(&topLogprobs, .topLogprobs)
    try each.pass(&logitBias, .logitBias)
    try each.pass(&reasoningEffort, .reasoningEffort)
    try each.pass(&thinkingBudget, .thinkingBudget)
    try each.pass(&parallelToolCalls, .parallelToolCalls)
    try each.pass(&verbosity, .verbosity)
    try each.pass(&serviceTier, .serviceTier)
    try each.pass(&prediction, .prediction)
    try each.pass(&modalities, .modalities)
    try each.pass(&audio, .audio)
    try each.pass(&promptCacheKey, .promptCacheKey)
    try each.pass(&safetyIdentifier, .safetyIdentifier)
    try each.pass(&webSearchOptions, .webSearchOptions)
    try each.pass(&n, .n)
    try each.pass(&maxTokens, .maxTokens)
    try each.pass(&maxCompletionTokens, .maxCompletionTokens)
    try each.pass(&stop, .stop)
    try each.pass(&tools, .tools)
    try each.pass(&useTools, .useTools)
    try each.pass(&toolChoice, .toolChoice)
    try each.pass(&responseFormat, .responseFormat)
    try each.pass(&cache, .cache)
    try each.pass(&streamOptions, .streamOptions)
    try each.pass(&sessionId, .sessionId)
    try each.pass(&user, .user)
    try each.pass(&abCampaign, .abCampaign)
    try each.pass(&assignmentKey, .assignmentKey)
    try each.pass(&labels, .labels)
    try each.pass(&metadata, .metadata)
    try each.pass(&tags, .tags)
    try each.pass(&systemPromptArgs, .systemPromptArgs)
    try each.pass(&store, .store)
    try each.pass(&doNotRecord, .doNotRecord)
    try each.pass(&maxTtftMs, .maxTtftMs)
    try each.pass(&hedgeAfterMs, .hedgeAfterMs)
    try each.pass(&timeoutMs, .timeoutMs)
    try each.pass(&idleTimeoutMs, .idleTimeoutMs)
    try each.pass(&maxRetries, .maxRetries)
    try each.pass(&unsupported, .unsupported)
    try each.pass(&fallbackOn, .fallbackOn)
    try each.pass(&extraBody, .extraBody)
    try each.pass(&extraHeaders, .extraHeaders)
  }
}

private protocol FieldPass {
  mutating func pass<T: Codable>(_ field: inout T?, _ key: Options.CodingKeys) throws
}

private struct FieldReader: FieldPass {
  let container: KeyedDecodingContainer<Options.CodingKeys>

  mutating func pass<T: Codable>(_ field: inout T?, _ key: Options.CodingKeys) throws {
    field = try container.decodeIfPresent(T.self, forKey: key)
  }
}

private struct FieldWriter: FieldPass {
  var container: KeyedEncodingContainer<Options.CodingKeys>
  let extra: JSONObject

  mutating func pass<T: Codable>(_ field: inout T?, _ key: Options.CodingKeys) throws {
    guard let value = field else { return }
    if extra[key.stringValue] != nil { throw SluglineError.twice(key.stringValue) }
    try container.encode(value, forKey: key)
  }
}

extension SluglineError {
  /// For what a call gives by an argument and in `extra`.
  static func twice(_ name: String) -> Self {
    SluglineError(.invalidRequest, "`\(name)` is given twice: by an argument of its own and in `extra`", param: name)
  }
}
