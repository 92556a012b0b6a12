// Types of Slugline. Fields of requests and answers keep the names of the wire; everything is documented
// where it stands, so that editors show it.

/** Anything that JSON can hold, and BigInts, which are exact up to 64 bits. */
export type Json = string | number | bigint | boolean | null | Json[] | { [key: string]: Json };

/** Data to send: what JSON can hold, BigInts, and objects with `toJSON`, such as dates. */
export type Data =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly Data[]
  | { readonly [key: string]: Data | undefined }
  | { toJSON(): unknown };

// ---- requests

/** `provider/model`, an alias, a project or a bare model id; a list is tried in order. */
export type Model = string | readonly string[];
export type Role = 'system' | 'developer' | 'user' | 'assistant' | 'tool' | 'function';
export type ReasoningEffort = 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max';

/** Prompt caching mark of a part. */
export type CacheControl = object;

/** Text. */
export interface TextPart {
  type: 'text';
  text: string;
  cache_control?: CacheControl | undefined;
}

/** An image; `image` makes one from a file. */
export interface ImagePart {
  type: 'image_url';
  image_url: string | { url: string; detail?: 'auto' | 'low' | 'high' | undefined };
  cache_control?: CacheControl | undefined;
}

/** Audio in base64. */
export interface AudioPart {
  type: 'input_audio';
  input_audio: { data: string; format: string };
  cache_control?: CacheControl | undefined;
}

/** A file: by the provider's id, as a `data:` URL, or by its own URL; `file` makes one. */
export interface FilePart {
  type: 'file';
  file: {
    file_id?: string | undefined;
    filename?: string | undefined;
    file_data?: string | undefined;
    file_url?: string | undefined;
  };
  cache_control?: CacheControl | undefined;
}

/** A refusal in a replayed assistant turn. */
export interface RefusalPart {
  type: 'refusal';
  refusal: string;
}

/** A part of a message. */
export type Part = TextPart | ImagePart | AudioPart | FilePart | RefusalPart;

/** A message of a request, in OpenAI's shape. A message of an answer may be sent back as it is. */
export interface MessageParam {
  role: Role;
  content?: string | readonly Part[] | null | undefined;
  name?: string | null | undefined;
  tool_calls?: readonly ToolCall[] | null | undefined;
  tool_call_id?: string | null | undefined;
  function_call?: FunctionCall | null | undefined;
  refusal?: string | null | undefined;
  reasoning_content?: string | null | undefined;
  /** Kept on the recording, never sent. */
  metadata?: Readonly<Record<string, Data>> | null | undefined;
  completion_id?: string | null | undefined;
  /** Opaque replay data; sent back only to the family that made it. */
  provider_state?: unknown | null | undefined;
}

/** A string is one user message. */
export type Messages = string | readonly MessageParam[];

/** The definition of a tool; `parameters` is a JSON Schema. */
export interface FunctionTool {
  type: 'function';
  function: {
    name: string;
    description?: string | undefined;
    parameters?: object | undefined;
    strict?: boolean | undefined;
  };
  cache_control?: CacheControl | undefined;
}

/** Switches a tool of the configuration on (the default) or off. */
export interface ToolSwitch {
  id: string;
  enabled?: boolean | undefined;
}

/** A tool of one's own, a registered one, or one that the host itself offers, in its own shape. */
export type Tool = FunctionTool | ToolSwitch | { readonly type: string; readonly [key: string]: unknown };
export type ToolChoice =
  | 'none'
  | 'auto'
  | 'required'
  | { type: 'function'; function: { name: string } };
export type ResponseFormat =
  | { type: 'text' }
  | { type: 'json_object' }
  | {
      type: 'json_schema';
      json_schema: {
        name: string;
        description?: string | undefined;
        /** A JSON Schema. */
        schema: object;
        strict?: boolean | undefined;
      };
    };

/** The options of every call. `undefined` and `null` are absent; 0 is a value. */
export interface CallOptions {
  /** Absent: the prompt's, the project's or the engine's default. */
  model?: Model | null | undefined;
  /** The call's project. */
  project?: string | null | undefined;
  /** 0 to 2. */
  temperature?: number | null | undefined;
  /** 0 to 1. */
  top_p?: number | null | undefined;
  top_k?: number | null | undefined;
  /** -2 to 2. */
  frequency_penalty?: number | null | undefined;
  /** -2 to 2. */
  presence_penalty?: number | null | undefined;
  seed?: number | bigint | null | undefined;
  logprobs?: boolean | null | undefined;
  /** 0 to 20; needs `logprobs`. */
  top_logprobs?: number | null | undefined;
  /** Token id to bias, -100 to 100. */
  logit_bias?: Readonly<Record<string, number>> | null | undefined;
  reasoning_effort?: ReasoningEffort | null | undefined;
  /** Most tokens to think. */
  thinking_budget?: number | null | undefined;
  parallel_tool_calls?: boolean | null | undefined;
  verbosity?: 'low' | 'medium' | 'high' | null | undefined;
  service_tier?: string | null | undefined;
  prediction?: object | null | undefined;
  modalities?: readonly string[] | null | undefined;
  audio?: object | null | undefined;
  prompt_cache_key?: string | null | undefined;
  safety_identifier?: string | null | undefined;
  web_search_options?: object | null | undefined;
  /** How many choices, from 1. */
  n?: number | null | undefined;
  /** Most tokens to answer; -1 leaves it out. */
  max_tokens?: number | null | undefined;
  /** The same under OpenAI's newer name. */
  max_completion_tokens?: number | null | undefined;
  stop?: string | readonly string[] | null | undefined;
  tools?: readonly Tool[] | null | undefined;
  /** `false`: no registered tool is sent. */
  use_tools?: boolean | null | undefined;
  tool_choice?: ToolChoice | null | undefined;
  response_format?: ResponseFormat | null | undefined;
  /** Prompt caching marks. Default "auto". */
  cache?: 'auto' | 'off' | null | undefined;
  stream_options?: { include_usage?: boolean | undefined } | null | undefined;
  /** Groups calls; a UUID v4 when absent. */
  session_id?: string | null | undefined;
  /** End-user id. */
  user?: string | null | undefined;
  /** Key of a campaign to take part in whatever its split. */
  ab_campaign?: string | null | undefined;
  /** Unit of assignment; default `user`, else a given `session_id`, else random. */
  assignment_key?: string | null | undefined;
  /** Kept on the recording: at most 16, of 64 and 512 characters. */
  labels?: Readonly<Record<string, string | number | boolean>> | null | undefined;
  /** Alias of `labels`, which win per key. */
  metadata?: Readonly<Record<string, string | number | boolean>> | null | undefined;
  /** Kept on the recording. */
  tags?: readonly string[] | null | undefined;
  /** Renders the project's system prompt template. */
  system_prompt_args?: object | null | undefined;
  /** `false`: no recording, and not counted anywhere. Default true. */
  store?: boolean | null | undefined;
  /** `true`: a recording without prompt, variables or answer. */
  do_not_record?: boolean | null | undefined;
  /** Milliseconds a target has until its first delta; 0 is absent. */
  max_ttft_ms?: number | null | undefined;
  /** Milliseconds without a first delta until the next target starts beside it; 0 is absent. */
  hedge_after_ms?: number | null | undefined;
  /** Milliseconds for the whole call. */
  timeout_ms?: number | null | undefined;
  /** Milliseconds between events of a stream. */
  idle_timeout_ms?: number | null | undefined;
  /** Retries on one target. */
  max_retries?: number | null | undefined;
  /** What to do about a parameter that the target lacks. */
  unsupported?: 'warn' | 'error' | null | undefined;
  /** Codes of errors that fall back although they would not. */
  fallback_on?: readonly ErrorCode[] | null | undefined;
  /** Merged into the provider's request body last. */
  extra_body?: object | null | undefined;
  /** Sent as headers, checked first. */
  extra_headers?: Readonly<Record<string, string>> | null | undefined;
  /** Aborting it ends the call with the signal's reason, and closes the provider's socket. */
  signal?: AbortSignal | null | undefined;
}

/** The options of `chat` and `chatStream`. */
export interface ChatOptions extends CallOptions {
  messages: Messages;
}

/** The options of `runPrompt`, `runPromptStream` and `renderPrompt`. */
export interface PromptOptions extends CallOptions {
  /**
   * The template's variables: an object of what JSON can hold, BigInts, and objects with `toJSON`. What cannot be
   * sent, such as a function, is refused by name when the call is made.
   */
  variables?: object | null;
  /** Default "production". */
  environment?: string | null | undefined;
  /** A version by number, instead of the environment's. */
  version?: number | null | undefined;
  /** A variant by name. */
  variant?: string | null | undefined;
  /** Appended after the template, not rendered. */
  messages?: Messages | null | undefined;
  /** Replaces the stored template and is rendered; an empty list is no template. */
  template?: readonly MessageParam[] | null | undefined;
}

/** What `buildRequest` takes: the options of `chat`, or with `slug` those of `runPrompt`. */
export type RequestOptions = ChatOptions | ({ slug: string } & PromptOptions);

// ---- configuration

/** A key, or where it is: the literal, `env:NAME`, `file:PATH`, or a function asked at each attempt. */
export type ApiKey = string | (() => string | Promise<string>);

/** A provider of the configuration; see the guide on configuration for every key. */
export interface ProviderConfig {
  preset?: string | null | undefined;
  dialect?: 'openai' | 'anthropic' | 'gemini' | 'bedrock' | 'cohere' | 'test' | null | undefined;
  base_url?: string | null | undefined;
  api_key?: ApiKey | null | undefined;
  [key: string]: unknown;
}

/** The table `[engine]`; see the guide on configuration for every key. */
export interface EngineConfig {
  /** A folder, or texts by the names their files would have: `greet`, `faq.prompt.yaml`, `_voice`. */
  prompts?: string | Readonly<Record<string, string>> | null | undefined;
  [key: string]: Data | undefined;
}

/**
 * A function that templates call by its name: `{{shout name mark="!"}}` is `shout(name, { mark: '!' })`. It is
 * pure and not async; a missing variable is `null`; what it throws is a `TemplateError` with that as `cause`.
 */
export type Helper = { call(...given: unknown[]): unknown }['call'];

/** The configuration as plain data, in the shape of `slugline.toml`. Unknown keys are errors. */
export interface Config {
  engine?: Readonly<EngineConfig> | null | undefined;
  providers?: Readonly<Record<string, ProviderConfig>> | null | undefined;
  /** Aliases: a target, an ordered list of them, or a strategy. */
  models?: Readonly<Record<string, Data>> | null | undefined;
  projects?: Readonly<Record<string, Data>> | null | undefined;
  tools?: Readonly<Record<string, Data>> | null | undefined;
  campaigns?: Readonly<Record<string, Data>> | null | undefined;
  server?: Readonly<Record<string, Data>> | null | undefined;
  /** Helpers for templates. */
  helpers?: Readonly<Record<string, Helper>> | null | undefined;
}

/** Tables of the configuration, or keys of its `[engine]` table. */
export interface Overrides extends Omit<Config, 'engine'> {
  [key: string]: unknown;
}

// ---- answers

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter';

/** Name and arguments of a call, the arguments as the JSON text that the model wrote. */
export interface FunctionCall {
  name: string;
  arguments: string;
}

/** A call that the model makes. */
export interface ToolCall {
  id: string;
  type: 'function';
  function: FunctionCall;
  /** Keys that this library does not know, where a turn was given with them. */
  [key: string]: unknown;
}

/** What the model said. May be sent back in `messages` as it is. */
export interface Message {
  role: Role;
  /** `null` where there are only tool calls. */
  content: string | Part[] | null;
  id?: string;
  name?: string;
  tool_calls?: ToolCall[];
  tool_call_id?: string;
  function_call?: FunctionCall;
  refusal?: string;
  reasoning_content?: string;
  annotations?: Json[];
  audio?: Json;
  metadata?: Record<string, Json>;
  completion_id?: string;
  provider_state?: Json;
  /** Keys that this library does not know, where a turn was given with them. */
  [key: string]: unknown;
}

export interface TopLogprob {
  token: string;
  logprob: number;
  bytes: number[] | null;
}

export interface TokenLogprob extends TopLogprob {
  top_logprobs: TopLogprob[];
}

export interface Logprobs {
  content: TokenLogprob[] | null;
  refusal?: TokenLogprob[];
}

/** One choice of an answer. */
export interface Choice {
  index: number;
  message: Message;
  finish_reason: FinishReason | null;
  /** The provider's own word. */
  native_finish_reason: string | null;
  logprobs: Logprobs | null;
  /** Feedback refers to this. */
  completion_id: string;
  /** The target that served, as `provider/model`. */
  model: string;
  extra?: Record<string, Json>;
}

export interface PromptTokensDetails {
  cached_tokens?: number;
  audio_tokens?: number;
}

export interface CompletionTokensDetails {
  reasoning_tokens?: number;
  audio_tokens?: number;
  accepted_prediction_tokens?: number;
  rejected_prediction_tokens?: number;
}

/** Prompt tokens include cached ones, completion tokens include reasoning. */
export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details?: PromptTokensDetails;
  completion_tokens_details?: CompletionTokensDetails;
  cache_creation_input_tokens?: number;
  cache_read_input_tokens?: number;
  /** Counts this library does not know, as the provider gave them. */
  extra?: Record<string, Json>;
}

/** One attempt against one target. */
export interface Attempt {
  provider: string;
  model: string;
  outcome: 'ok' | 'error' | 'cancelled';
  status: number | null;
  code: ErrorCode | null;
  wait_ms: number;
  duration_ms: number;
  request_id: string | null;
}

/** Which stored prompt was run. */
export interface PromptRef {
  slug: string;
  version: number | null;
  environment: string | null;
  variant: string | null;
  /** SHA-256 over the file and every partial it reaches. */
  hash: string;
}

export interface CampaignRef {
  key: string;
  arm: string;
}

export interface Timing {
  queue_ms: number;
  ttft_ms: number | null;
  total_ms: number;
}

export interface Cost {
  amount: number;
  currency: string;
  source: string;
}

/** Something to know about a call that went through. */
export interface Warning {
  code: string;
  param: string | null;
  message: string;
}

/** How an answer came about. */
export interface Meta {
  provider: string;
  model: string;
  provider_model: string | null;
  attempts: Attempt[];
  prompt: PromptRef | null;
  campaign: CampaignRef | null;
  timing: Timing;
  /** `null` where unknown, never 0 for unknown. */
  cost: Cost | null;
  warnings: Warning[];
  recording_id: string | null;
}

/** A whole answer: an OpenAI `chat.completion`. Numbers beyond 2^53 lose their last digits. */
export class ChatCompletion {
  private constructor();
  readonly object: 'chat.completion';
  readonly id: string;
  readonly created: number;
  /** The target that served, as `provider/model`. */
  readonly model: string;
  readonly choices: Choice[];
  /** `null` where the provider gave none. */
  readonly usage: Usage | null;
  readonly system_fingerprint?: string;
  readonly service_tier?: string;
  readonly session_id: string;
  readonly meta: Meta;
  /** Fields of the provider that this library does not know. */
  readonly extra?: Record<string, Json>;
  /** The first choice's text, `""` where there is none. */
  get text(): string;
  /** The first choice's tool calls. */
  get tool_calls(): ToolCall[];
  toJSON(): Record<string, unknown>;
}

export interface ToolCallDelta {
  index: number;
  id?: string;
  type?: 'function';
  function: { name?: string; arguments: string };
}

/** What is new in a choice. */
export interface ChunkDelta {
  role?: Role;
  content?: string;
  refusal?: string;
  reasoning_content?: string;
  tool_calls?: ToolCallDelta[];
  annotations?: Json[];
  audio?: Json;
  provider_state?: Json;
}

export interface ChunkChoice {
  index: number;
  delta: ChunkDelta;
  finish_reason: FinishReason | null;
  native_finish_reason?: string;
  logprobs: Logprobs | null;
  completion_id: string;
}

/** What is new in a streamed answer: an OpenAI `chat.completion.chunk`. */
export class ChatCompletionChunk {
  private constructor();
  readonly object: 'chat.completion.chunk';
  readonly id: string;
  readonly created: number;
  readonly model: string;
  readonly session_id: string;
  /** None on a chunk that only reports usage. */
  readonly choices: ChunkChoice[];
  readonly usage?: Usage;
  readonly extra?: Record<string, Json>;
  /** The new text of the first choice, `""` where there is none. */
  get text(): string;
  toJSON(): Record<string, unknown>;
}

/**
 * A streamed answer. The call starts at the first read, and every error arrives there. One reader at a
 * time. Leaving the loop, `close()` or an aborted signal closes the provider's socket.
 */
export class ChatStream implements AsyncIterableIterator<ChatCompletionChunk> {
  private constructor();
  [Symbol.asyncIterator](): this;
  next(): Promise<IteratorResult<ChatCompletionChunk, undefined>>;
  /** Leaves the stream, as `break` does: it is closed, and to its reader that is the end. */
  return(value?: unknown): Promise<IteratorResult<ChatCompletionChunk, undefined>>;
  /** The new texts of the first choice. It reads this stream: use one or the other. */
  get textStream(): AsyncIterableIterator<string>;
  /** Reads what is left and gives what `chat` would have given; after a failure, that error. */
  completion(): Promise<ChatCompletion>;
  /** The chunks as lines of JSON, in bytes. */
  toReadableStream(): ReadableStream<Uint8Array>;
  /** Ends the stream; the pending or next read rejects with `CancelledError`. */
  close(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A prompt as it would be sent. */
export class RenderedPrompt {
  private constructor();
  readonly messages: Message[];
  readonly params: Record<string, Json>;
  readonly prompt: PromptRef | null;
  readonly warnings: Warning[];
  toJSON(): Record<string, unknown>;
}

/** A request as it would go to a provider, secrets redacted. */
export class ProviderRequest {
  private constructor();
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly body: Json;
  /** The target, as `provider/model`. */
  readonly model: string;
  readonly warnings: Warning[];
  toJSON(): Record<string, unknown>;
}

// ---- stored prompts

export interface EnvironmentInfo {
  name: string;
  /** `null` where it has a file of its own. */
  version: number | null;
}

export interface VariantInfo {
  name: string;
  weight: number;
  description?: string;
}

/** What is known of a stored prompt. */
export interface PromptInfo {
  slug: string;
  description: string | null;
  /** The file of the environment asked for. */
  file: string;
  /** Ascending; empty where prompts are not numbered. */
  versions: number[];
  environments: EnvironmentInfo[];
  variants: VariantInfo[];
  version: number | null;
  hash: string;
  /** JSON Schema of the variables. */
  schema: Json;
  /** Names of the variables that the template uses, in order of first use. */
  variables: string[];
  /** The file's text; not in lists. */
  source?: string;
  /** Why it does not load. */
  problem?: string;
}

/** The stored prompts of an engine: `engine.prompts`. */
export class Prompts {
  private constructor();
  /** Every prompt, by slug. A broken one is listed all the same. */
  list(): Promise<PromptInfo[]>;
  /** One prompt, with its source. */
  get(slug: string): Promise<PromptInfo>;
  /** Reads every version and variant of every prompt, and gives what is wrong. */
  check(): Promise<SluglineError[]>;
}

// ---- state

/** Which recordings; all that fit every field. Times are `Date`s or Unix times in milliseconds. */
export interface RecordingFilter {
  /** Runs of the prompt with this slug. */
  prompt?: string | null | undefined;
  /** Calls of this session. */
  session_id?: string | null | undefined;
  /** Calls that took part in this campaign. */
  campaign?: string | null | undefined;
  /** Calls of this project. */
  project?: string | null | undefined;
  /** Calls with all of these labels. */
  labels?: Readonly<Record<string, string | number | boolean>> | null | undefined;
  /** Calls that began at this time or later. */
  since?: Date | number | null | undefined;
  /** Calls that began before this time. */
  until?: Date | number | null | undefined;
}

/** Arguments of `recordings.list`. */
export interface ListOptions extends RecordingFilter {
  /** Most recordings of the page, 1 to 1,000; 50 when absent. */
  limit?: number | null | undefined;
  /** `next_cursor` of the page before. */
  cursor?: string | null | undefined;
  /** Whether messages, variables and answers come along, where they were kept. */
  payload?: boolean | null | undefined;
}

/** Arguments of `recordings.delete`. */
export interface DeleteOptions extends RecordingFilter {
  /** These recordings. */
  ids?: readonly string[] | null | undefined;
}

/** Arguments of `usage`. */
export interface UsageOptions extends RecordingFilter {
  /** `model`, `provider`, `prompt`, `campaign`, `arm`, `project`, `day` or `label:KEY`. */
  group_by?: string | readonly string[] | null | undefined;
}

/** What was kept of one call. */
export interface Recording {
  /** `meta.recording_id` of the completion (UUID v4). */
  id: string;
  /** When the call began: Unix time in milliseconds. */
  created_ms: number;
  session_id: string;
  /** The ids feedback refers to, one a choice. */
  completion_ids: string[];
  project: string | null;
  prompt: PromptRef | null;
  campaign: CampaignRef | null;
  /** What the call asked for; empty where a default was taken. */
  requested_models: string[];
  /** The target that served, or the last one tried, as `provider/model`. */
  model: string | null;
  provider: string | null;
  /** The provider's own word for the model that answered. */
  provider_model: string | null;
  /** Whether the caller read a stream. */
  stream: boolean;
  finish_reason: string | null;
  /** The code of the error, where the call failed; `cancelled` where the caller broke it off. */
  error_code: string | null;
  attempts: Attempt[];
  timing: Timing;
  usage: Usage | null;
  /** Cost by the prices of that day; `null` where unknown. */
  cost: Cost | null;
  labels: Record<string, string>;
  tags: string[];
  warnings: Warning[];
  /** Payload: the call as it was composed, in the form `chat` takes. */
  request: Record<string, Json> | null;
  /** Payload: the variables of the prompt. */
  variables: Record<string, Json> | null;
  /** Payload: the choices of the answer; what had arrived, where it broke off. */
  answer: Choice[] | null;
  feedback: Feedback[];
}

/** A page of recordings, newest first. */
export interface RecordingPage {
  recordings: Recording[];
  /** Reads the next page; `null` at the end. */
  next_cursor: string | null;
}

/** What was said of an answer. */
export interface Feedback {
  id: string;
  /** When it was given: Unix time in milliseconds. */
  created_ms: number;
  completion_id: string;
  metric: string;
  value: boolean | number;
  comment: string | null;
  user_id: string | null;
}

/** Calls, tokens and cost of one group. */
export interface UsageRow {
  /** The words of `group_by` and the group's values; `null` where the calls have none. */
  group: Record<string, string | null>;
  calls: number;
  /** Calls that failed. */
  errors: number;
  /** Calls whose provider gave token counts; the sums of tokens are over these. */
  metered_calls: number;
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  /** Known cost, a sum a currency. */
  cost: CostTotal[];
}

/** The known cost of some calls in one currency. */
export interface CostTotal {
  currency: string;
  amount: number;
  /** How many calls it covers. The cost of the others is unknown, not 0. */
  calls: number;
}

/** What a campaign found so far. */
export interface CampaignReport {
  campaign: string;
  metric: string | null;
  goal: 'up' | 'down' | null;
  /** The arms, by name. */
  arms: ArmReport[];
  /** Every pair of arms, where there is a metric. */
  comparisons: Comparison[];
}

/** The figures of one arm. */
export interface ArmReport {
  arm: string;
  calls: number;
  errors: number;
  /** Mean milliseconds of the calls that did not fail. */
  mean_latency_ms: number | null;
  metered_calls: number;
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  cost: CostTotal[];
  /** Completions that were judged. */
  metric_count: number;
  /** Mean of the metric; of yes and no the share of yes. */
  metric_mean: number | null;
  /** Ends of the 95 % interval of the mean. */
  metric_low: number | null;
  metric_high: number | null;
}

/** How the metric differs between two arms. */
export interface Comparison {
  arm: string;
  other: string;
  /** Mean of `other` less mean of `arm`. */
  difference: number | null;
  /** Ends of the 95 % interval of the difference. */
  low: number | null;
  high: number | null;
  /** How likely a difference at least as large is where there is none; `null`: too few values to say. */
  p_value: number | null;
  /** The same, corrected for the number of pairs. */
  p_value_adjusted: number | null;
  /** The name of the test. */
  test: string | null;
}

/** The recordings of an engine: `engine.recordings`. */
export class Recordings {
  private constructor();
  /** A page of recordings, newest first. */
  list(options?: ListOptions | null): Promise<RecordingPage>;
  /** One recording, with its payload where that was kept, and its feedback. */
  get(id: string): Promise<Recording>;
  /** Writes recordings to a file, newest first, one JSON object a line; gives how many. */
  export(path: string, options?: RecordingFilter | null): Promise<number>;
  /** Runs one SQL statement that only reads, on the store's own connection. SQLite only. */
  query(sql: string): Promise<Record<string, Json>[]>;
  /** Deletes recordings with their feedback; gives how many. Some filter must be given. */
  delete(options: DeleteOptions): Promise<number>;
  /**
   * Makes a recorded call again, with another model or the one that served. Needs its payload. The new call is
   * recorded with the label `rerun_of`; it joins no session and no campaign.
   */
  rerun(id: string, options?: { model?: Model | null | undefined } | null): Promise<ChatCompletion>;
  /** How many calls of this engine should have been recorded and were not. */
  get lost(): number;
}

/** A session of an engine: `engine.session(id)`. Calls on it see its earlier turns and add theirs. */
export class Session {
  private constructor();
  /** Its id. */
  get id(): string;
  /**
   * Asks a model, the earlier turns before the new messages. Instructions that these start with go before the
   * turns and are not kept. Rejects with `ConflictError` where another call has appended meanwhile; its
   * `partial` is the answer.
   */
  chat(options: ChatOptions): Promise<ChatCompletion>;
  /** Asks a model and streams the answer; the turn is added when the stream has ended well. */
  chatStream(options: ChatOptions): ChatStream;
  /** Runs a stored prompt: earlier turns between its template and the new messages. */
  runPrompt(slug: string, options?: PromptOptions | null): Promise<ChatCompletion>;
  /** Runs a stored prompt and streams the answer. */
  runPromptStream(slug: string, options?: PromptOptions | null): ChatStream;
  /** The messages of all turns, oldest first; none where the session is new, cleared or too old. */
  history(): Promise<Message[]>;
  /** Forgets all turns. A call under way rejects with `ConflictError`. */
  clear(): Promise<void>;
}

// ---- the engine

/**
 * An embedded prompt engine: open one and share it. Nothing is sent at opening, and an idle engine does
 * not keep the process alive.
 */
export class Engine {
  /**
   * Opens an engine: with nothing, from a file (a path or a `file:` URL), or from plain data. Overrides
   * are tables, or keys of `[engine]`.
   */
  constructor(config?: string | URL | Config | null, overrides?: Overrides | null);
  /** Asks a model. */
  chat(options: ChatOptions): Promise<ChatCompletion>;
  /** Asks a model and streams the answer. Given at once; errors arrive at the first read. */
  chatStream(options: ChatOptions): ChatStream;
  /** Runs a stored prompt. */
  runPrompt(slug: string, options?: PromptOptions | null): Promise<ChatCompletion>;
  /** Runs a stored prompt and streams the answer. */
  runPromptStream(slug: string, options?: PromptOptions | null): ChatStream;
  /** Renders a stored prompt: what would be sent. No network. */
  renderPrompt(slug: string, options?: PromptOptions | null): Promise<RenderedPrompt>;
  /** The request that a call would send, secrets redacted. No network. */
  buildRequest(options: RequestOptions): Promise<ProviderRequest>;
  /** The session with this id: calls on it see its earlier turns and add theirs. */
  session(id: string): Session;
  /** The stored prompts. */
  get prompts(): Prompts;
  /** What was kept of calls. */
  get recordings(): Recordings;
  /**
   * Keeps a judgement of an answer, by a choice's `completion_id`; gives the feedback's id. Rejects with
   * `NotFoundError` where no recorded call has this completion.
   */
  feedback(
    completionId: string,
    metric: string,
    value: boolean | number,
    options?: { comment?: string | null | undefined; user_id?: string | null | undefined } | null,
  ): Promise<string>;
  /**
   * What a campaign found so far: the figures of each arm, and how its metric differs between them. The key is
   * one of `campaigns`, or the slug of a prompt with variants.
   */
  campaignReport(
    key: string,
    options?: {
      metric?: string | null | undefined;
      since?: Date | number | null | undefined;
      until?: Date | number | null | undefined;
    } | null,
  ): Promise<CampaignReport>;
  /** Calls, tokens and cost, a row a group. */
  usage(options?: UsageOptions | null): Promise<UsageRow[]>;
  /** What was odd about the configuration, though not wrong. */
  get warnings(): Warning[];
  /** Whether `close` was called. */
  get closed(): boolean;
  /**
   * Closes connections that no call uses any more; calls under way go on. With storage on disk it waits until
   * what was recorded is written, five seconds at most, else it throws `StoreError`; `await using` does not hold the
   * thread for that.
   */
  close(): void;
  [Symbol.asyncDispose](): Promise<void>;
}

/** An image for a message: the path of a file, its bytes, or a URL. A file is read now. */
export function image(
  source: string | URL | ArrayBuffer | ArrayBufferView,
  options?: {
    detail?: 'auto' | 'low' | 'high' | null | undefined;
    media_type?: string | null | undefined;
    cache_control?: CacheControl | null | undefined;
  } | null,
): ImagePart;

/** A file for a message: the path of a file, its bytes, its URL, or instead a provider's `file_id`. */
export function file(
  source?: string | URL | ArrayBuffer | ArrayBufferView | null,
  options?: {
    file_id?: string | null | undefined;
    filename?: string | null | undefined;
    media_type?: string | null | undefined;
    cache_control?: CacheControl | null | undefined;
  } | null,
): FilePart;

// ---- errors

/** The words of the contract for what went wrong. */
export type ErrorCode =
  | 'config_error'
  | 'invalid_request'
  | 'not_found'
  | 'unknown_model'
  | 'template_error'
  | 'missing_variable'
  | 'invalid_variables'
  | 'authentication'
  | 'permission_denied'
  | 'quota_exceeded'
  | 'rate_limited'
  | 'context_length_exceeded'
  | 'content_filtered'
  | 'request_too_large'
  | 'unsupported'
  | 'timeout'
  | 'ttft_timeout'
  | 'connection'
  | 'overloaded'
  | 'server_error'
  | 'conflict'
  | 'invalid_response'
  | 'stream_interrupted'
  | 'store_error'
  | 'cancelled'
  | 'internal';

/** A place in a prompt or configuration file; lines and columns count from 1. */
export interface Location {
  file?: string;
  line?: number;
  column?: number;
  message?: number;
}

/** What every failing call rejects with. Messages never hold a key, a prompt or an answer. */
export class SluglineError extends Error {
  protected constructor();
  readonly code: ErrorCode;
  readonly provider?: string;
  readonly model?: string;
  readonly status?: number;
  readonly requestId?: string;
  /** How long the provider asks to wait. */
  readonly retryAfterMs?: number;
  /** Whether the same call may work later. */
  readonly retryable: boolean;
  readonly attempts: Attempt[];
  /** The option or path that is wrong. */
  readonly param?: string;
  readonly location?: Location;
  /** More facts, by kind. */
  readonly details: Record<string, Json>;
  /** What had arrived before a stream broke off. */
  readonly partial?: ChatCompletion;
  /** The canonical JSON, with names in snake_case. */
  toJSON(): Record<string, unknown>;
}

/** The configuration is wrong, or names a feature that is not built in. */
export class ConfigError extends SluglineError {
  readonly code: 'config_error';
}

/** The call is wrong: refused here (`param` is set) or by the provider. */
export class InvalidRequestError extends SluglineError {
  readonly code: 'invalid_request';
}

/** A named thing does not exist here: `details.resource` says what, `details.near` what does. */
export class NotFoundError extends SluglineError {
  readonly code: 'not_found';
}

/** No target has this model name, or the provider does not know it. */
export class UnknownModelError extends SluglineError {
  readonly code: 'unknown_model';
}

/** A template does not parse, or passed a limit while rendering; see `location`. */
export class TemplateError extends SluglineError {
  readonly code: 'template_error';
}

/** The template uses variables that were not given: `details.variables` lists them all. */
export class MissingVariableError extends SluglineError {
  readonly code: 'missing_variable';
}

/** The variables do not fit: `details.problems` lists everything that is against the schema. */
export class InvalidVariablesError extends SluglineError {
  readonly code: 'invalid_variables';
}

/** No key is configured (`details.env` names the variable), or the provider refused it. */
export class AuthenticationError extends SluglineError {
  readonly code: 'authentication';
}

/** The key may not do this, or the network is blocked by configuration. */
export class PermissionDeniedError extends SluglineError {
  readonly code: 'permission_denied';
}

/** The account has no credit or quota left. */
export class QuotaExceededError extends SluglineError {
  readonly code: 'quota_exceeded';
}

/** Too many requests or tokens for now. */
export class RateLimitedError extends SluglineError {
  readonly code: 'rate_limited';
}

/** The messages do not fit the model's context window. */
export class ContextLengthExceededError extends SluglineError {
  readonly code: 'context_length_exceeded';
}

/** The provider refused the content. */
export class ContentFilteredError extends SluglineError {
  readonly code: 'content_filtered';
}

/** The request is larger than the provider, or a limit here, allows. */
export class RequestTooLargeError extends SluglineError {
  readonly code: 'request_too_large';
}

/** The target lacks a feature without which the call would mean something else. */
export class UnsupportedError extends SluglineError {
  readonly code: 'unsupported';
}

/** A deadline passed: the call's, a connection's, or the idle limit between events. */
export class RequestTimeoutError extends SluglineError {
  readonly code: 'timeout';
}

/** No first delta came within `max_ttft_ms`. */
export class TtftTimeoutError extends SluglineError {
  readonly code: 'ttft_timeout';
}

/** No answer from the network: `details.stage` is `dns`, `tcp`, `tls` or `http`. */
export class ConnectionFailedError extends SluglineError {
  readonly code: 'connection';
}

/** The provider has no capacity for now. */
export class OverloadedError extends SluglineError {
  readonly code: 'overloaded';
}

/** The provider failed. */
export class ServerError extends SluglineError {
  readonly code: 'server_error';
}

/** Two writers changed one thing. */
export class ConflictError extends SluglineError {
  readonly code: 'conflict';
}

/** The answer cannot be read. */
export class InvalidResponseError extends SluglineError {
  readonly code: 'invalid_response';
}

/** The answer broke off after output had come: `partial` holds what came, `details.cause` why. */
export class StreamInterruptedError extends SluglineError {
  readonly code: 'stream_interrupted';
}

/** Storage failed, where the call itself was about storage. */
export class StoreError extends SluglineError {
  readonly code: 'store_error';
}

/** The stream was closed before its end. (An aborted signal rejects with its own reason.) */
export class CancelledError extends SluglineError {
  readonly code: 'cancelled';
}

/** A bug in this library; other calls are not affected. */
export class InternalError extends SluglineError {
  readonly code: 'internal';
}
