// What was kept of calls. The core knows the arguments; a `Date` becomes its time in milliseconds.

import { ChatCompletion } from './types.js';

/** The recordings of an engine: `engine.recordings`. */
export class Recordings {
  #ask;
  #lost;

  constructor(ask, lost) {
    this.#ask = ask;
    this.#lost = lost;
  }

  /** A page of recordings, newest first. */
  async list(options) {
    return this.#ask('recordings.list', asked(options));
  }

  /** One recording, with its payload where that was kept, and its feedback. */
  async get(id) {
    return this.#ask('recordings.get', { id });
  }

  /** Writes recordings to a file, one JSON object a line; gives how many. */
  async export(path, options) {
    return this.#ask('recordings.export', { ...asked(options), path });
  }

  /** Runs one SQL statement that only reads. SQLite only. */
  async query(sql) {
    return this.#ask('recordings.query', { sql });
  }

  /** Deletes recordings with their feedback; gives how many. */
  async delete(options) {
    return this.#ask('recordings.delete', asked(options));
  }

  /** Makes a recorded call again, with another model or the one that served. */
  async rerun(id, options) {
    return new ChatCompletion(await this.#ask('recordings.rerun', { ...options, id }));
  }

  /** How many calls of this engine should have been recorded and were not. */
  get lost() {
    return this.#lost();
  }
}

/** Options of a question about the state. */
export function asked(options) {
  const given = { ...options };
  for (const name of ['since', 'until']) {
    if (given[name] instanceof Date) given[name] = given[name].getTime();
  }
  return given;
}
