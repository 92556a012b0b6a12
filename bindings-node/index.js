// Slugline: an embedded prompt engine.
//
//     import { Engine } from 'slugline';
//
//     const engine = new Engine({ engine: { prompts: 'prompts' } });
//     const answer = await engine.runPrompt('greet', { variables: { name: 'Ada' } });
//     console.log(answer.text);

export { Engine, Prompts } from './lib/engine.js';
export {
  AuthenticationError,
  CancelledError,
  ConfigError,
  ConflictError,
  ConnectionFailedError,
  ContentFilteredError,
  ContextLengthExceededError,
  InternalError,
  InvalidRequestError,
  InvalidResponseError,
  InvalidVariablesError,
  MissingVariableError,
  NotFoundError,
  OverloadedError,
  PermissionDeniedError,
  QuotaExceededError,
  RateLimitedError,
  RequestTimeoutError,
  RequestTooLargeError,
  ServerError,
  SluglineError,
  StoreError,
  StreamInterruptedError,
  TemplateError,
  TtftTimeoutError,
  UnknownModelError,
  UnsupportedError,
} from './lib/errors.js';
export { file, image } from './lib/parts.js';
export { Recordings } from './lib/recordings.js';
export { Session } from './lib/session.js';
export { ChatStream } from './lib/stream.js';
export { ChatCompletion, ChatCompletionChunk, ProviderRequest, RenderedPrompt } from './lib/types.js';
