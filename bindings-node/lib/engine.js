// The engine: the verbs of the contract over the native core. Arguments cross as JSON text and are
// checked there, so that there is one place that knows the options and one wording for what is wrong.

import { fileURLToPath } from 'node:url';

import { ConfigError, fromJSON } from './errors.js';
import { asked, hub, keep, number, settle } from './hub.js';
import { configJSON, invalid, neededOf, optionsOf, requestJSON, word } from './input.js';
import { native } from './native.js';
import { question, Recordings } from './recordings.js';
import { Session } from './session.js';
import { isSignal, reasonOf } from './signal.js';
import { ChatStream } from './stream.js';
import { ChatCompletion, ProviderRequest, RenderedPrompt } from './types.js';

/**
 * An embedded prompt engine: open one and share it. It needs no file; a path or a `file:` URL names one, an
 * object is the same as plain data. Overrides are top-level tables or keys of `[engine]`. Nothing is
 * sent at opening. An idle engine does not keep the process alive.
 */
export class Engine {
  #core;
  #prompts;
  #recordings;
  #own = this.#verbs();

  constructor(config, overrides) {
    const code = { keys: [], helpers: [] };
    const file = pathOf(config);
    const data =
      config === undefined || config === null || file !== undefined
        ? undefined
        : configJSON(withoutCallables(config, code));
    const over =
      overrides === undefined ? undefined : configJSON(withoutCallables(overrides, code));
    const keys = code.keys.map(({ provider, callable }) => ({ provider, slot: keep(callable) }));
    const helpers = code.helpers.map(({ name, callable }) => ({ name, slot: keep(callable) }));
    this.#core = asked(() => new native.Core(hub, file, data, over, keys, helpers));
  }

  /** Asks a model. */
  chat(options) {
    return this.#own.chat(options);
  }

  /** Asks a model and streams the answer. Given at once; what is wrong is told at the first read. */
  chatStream(options) {
    return this.#own.chatStream(options);
  }

  /** Runs a stored prompt. */
  runPrompt(slug, options) {
    return this.#own.runPrompt(slug, options);
  }

  /** Runs a stored prompt and streams the answer. */
  runPromptStream(slug, options) {
    return this.#own.runPromptStream(slug, options);
  }

  /** The session with this id: calls on it see its earlier turns and add theirs. */
  session(id) {
    return new Session(word('id', id), this.#verbs(id));
  }

  /** What was kept of calls. */
  get recordings() {
    const lost = () => asked(() => this.#core.lost());
    this.#recordings ??= new Recordings((method, options) => this.#state(method, options), lost);
    return this.#recordings;
  }

  /** Keeps a judgement of an answer, by a choice's `completion_id`; gives the feedback's id. */
  async feedback(completionId, metric, value, options) {
    const shape = '("completion id", "metric", value, { comment, ... })';
    const given = optionsOf('feedback', options, shape, ['completion_id', 'metric', 'value']);
    // A value is a measurement, not a name: a Number of any size is what it is.
    const reals = typeof value === 'number';
    return await this.#state('feedback', { ...given, completion_id: completionId, metric, value }, { reals });
  }

  /** What a campaign found so far: the figures of each arm, and how its metric differs between them. */
  async campaignReport(key, options) {
    const given = question('campaignReport', options, '("key", { metric, since, ... })', ['key']);
    return await this.#state('campaign_report', { ...given, key });
  }

  /** Calls, tokens and cost, a row a group. */
  async usage(options) {
    return await this.#state('usage', question('usage', options, '({ group_by, since, ... })'));
  }

  /** Renders a stored prompt: what would be sent. No network. */
  async renderPrompt(slug, options) {
    const { signal, request } = split('renderPrompt', options, slug);
    const answer = await this.#call('renderPrompt', request, signal);
    return new RenderedPrompt(JSON.parse(answer));
  }

  /** The request that `chat` would send, or with `slug` `runPrompt`; secrets redacted. No network. */
  async buildRequest(options) {
    const { signal, request } = split('buildRequest', options);
    const ofPrompt = request.slug !== undefined && request.slug !== null;
    const answer = await this.#call('buildRequest', request, signal, ofPrompt);
    return new ProviderRequest(JSON.parse(answer));
  }

  /** The stored prompts. */
  get prompts() {
    this.#prompts ??= new Prompts((verb, ...rest) => this.#ask(verb, ...rest));
    return this.#prompts;
  }

  /** What was odd about the configuration, though not wrong. */
  get warnings() {
    return JSON.parse(asked(() => this.#core.warnings()));
  }

  /** Whether `close` was called. */
  get closed() {
    return this.#core.closed;
  }

  /**
   * Closes connections that no call uses any more; calls under way go on. With storage on disk it waits until
   * what was recorded is written; `await using` does not hold the thread for that.
   */
  close() {
    asked(() => this.#core.close());
  }

  async [Symbol.asyncDispose]() {
    await this.#ask('closeAside');
  }

  /** The verbs that answer, in a session where one is named. */
  #verbs(session) {
    const whole = async (verb, ...given) => {
      const { signal, request } = split(verb, ...given);
      const answer = await this.#call(verb, request, signal, session);
      return new ChatCompletion(JSON.parse(answer));
    };
    return {
      chat: (options) => whole('chat', options),
      chatStream: (options) =>
        this.#stream('chatStream', session, () => split('chatStream', options)),
      runPrompt: (slug, options) => whole('runPrompt', options, slug),
      runPromptStream: (slug, options) =>
        this.#stream('runPromptStream', session, () => split('runPromptStream', options, slug)),
      ask: (verb, ...rest) => this.#ask(verb, ...rest),
    };
  }

  async #ask(verb, ...rest) {
    const id = number();
    const told = await settle(id, asked(() => this.#core[verb](hub, id, ...rest)));
    return told();
  }

  async #state(method, given, how) {
    return JSON.parse(await this.#ask('state', method, requestJSON(given, how)));
  }

  async #call(verb, request, signal, ...rest) {
    const text = requestJSON(request);
    if (signal?.aborted) throw reasonOf(signal);
    const id = number();
    const told = await settle(id, asked(() => this.#core[verb](hub, id, text, ...rest)), signal);
    return told();
  }

  #stream(verb, session, take) {
    let text;
    let signal;
    let problem;
    // Arguments are read now, as they are; what is wrong with them waits for the first read.
    try {
      const taken = take();
      signal = taken.signal;
      text = requestJSON(taken.request);
    } catch (error) {
      problem = { error };
    }
    return new ChatStream((id) => {
      if (problem !== undefined) throw problem.error;
      return asked(() => this.#core[verb](hub, id, text, session));
    }, signal);
  }
}

/** The stored prompts of an engine: `engine.prompts`. */
export class Prompts {
  #ask;

  constructor(ask) {
    this.#ask = ask;
  }

  /** Every prompt, by slug. A broken one is listed all the same, with its `problem`. */
  async list() {
    return JSON.parse(await this.#ask('promptsList'));
  }

  /** One prompt: source, schema, variables used, versions and environments. */
  async get(slug) {
    return JSON.parse(await this.#ask('promptsGet', word('slug', slug)));
  }

  /** Reads every version and variant of every prompt, and gives what is wrong as errors. */
  async check() {
    return JSON.parse(await this.#ask('promptsCheck')).map((problem) => fromJSON(problem));
  }
}

/** The request and the signal of a call's options; of a stored prompt there is a slug before them. */
function split(verb, options, ...ofPrompt) {
  const { signal, ...request } =
    ofPrompt.length > 0
      ? optionsOf(verb, options, '("slug", { variables, ... })', ['slug'])
      : neededOf(verb, options, '({ messages, model, ... })');
  if (ofPrompt.length > 0) [request.slug] = ofPrompt;
  if (signal === undefined || signal === null) return { request };
  if (!isSignal(signal)) throw invalid('signal', '`signal`: expected an AbortSignal');
  return { signal, request };
}

function pathOf(config) {
  if (typeof config === 'string') {
    if (config.isWellFormed()) return config;
    throw refused('config', '`config`: a path with a lone surrogate is not Unicode');
  }
  if (!(config instanceof URL)) return undefined;
  try {
    return fileURLToPath(config);
  } catch (error) {
    throw refused('config', '`config`: a URL of a configuration begins with `file:` and names a file here', error);
  }
}

/** The configuration without its functions: those under `api_key` and `helpers` go to `code`. */
function withoutCallables(config, code) {
  const { helpers, ...rest } = config ?? {};
  if (helpers !== undefined && helpers !== null) {
    if (typeof helpers !== 'object' || Array.isArray(helpers)) {
      throw refused('helpers', '`helpers` must be an object of functions by their names');
    }
    for (const [name, callable] of Object.entries(helpers)) {
      const at = `helpers.${name.toWellFormed()}`;
      if (typeof callable !== 'function') throw refused(at, `\`${at}\` must be a function`);
      if (!name.isWellFormed()) throw refused(at, `\`${at}\`: a name with a lone surrogate is not Unicode`);
      code.helpers.push({ name, callable });
    }
    config = rest;
  }
  const providers = config?.providers;
  if (typeof providers !== 'object' || providers === null) return config;
  const kept = {};
  let found = false;
  for (const [provider, settings] of Object.entries(providers)) {
    kept[provider] = settings;
    if (typeof settings?.api_key === 'function') {
      const { api_key: callable, ...others } = settings;
      code.keys.push({ provider, callable });
      kept[provider] = others;
      found = true;
    }
  }
  return found ? { ...config, providers: kept } : config;
}

function refused(param, message, cause) {
  return new ConfigError(message, { param, cause });
}
