// A session: the verbs of the engine with the conversation so far.

/** A session of an engine: `engine.session(id)`. Calls on it see its earlier turns and add theirs. */
export class Session {
  #verbs;
  #id;

  constructor(id, verbs) {
    this.#id = id;
    this.#verbs = verbs;
  }

  /** Its id. */
  get id() {
    return this.#id;
  }

  /** Asks a model, the earlier turns before the new messages. */
  chat(options) {
    return this.#verbs.chat(options);
  }

  /** Asks a model and streams the answer; the turn is added when the stream has ended well. */
  chatStream(options) {
    return this.#verbs.chatStream(options);
  }

  /** Runs a stored prompt: earlier turns between its template and the new messages. */
  runPrompt(slug, options) {
    return this.#verbs.runPrompt(slug, options);
  }

  /** Runs a stored prompt and streams the answer. */
  runPromptStream(slug, options) {
    return this.#verbs.runPromptStream(slug, options);
  }

  /** The messages of all turns, oldest first. */
  async history() {
    return JSON.parse(await this.#verbs.ask('history', this.#id));
  }

  /** Forgets all turns. */
  async clear() {
    await this.#verbs.ask('clear', this.#id);
  }
}
