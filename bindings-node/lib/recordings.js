// What was kept of calls. The core knows the arguments; a `Date` becomes its time in milliseconds.

import { optionsOf } from './input.js';
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
    return await this.#ask('recordings.list', question('list', options, '({ prompt, since, ... })'));
  }

  /** One recording, with its payload where that was kept, and its feedback. */
  async get(id) {
    return await this.#ask('recordings.get', { id });
  }

  /** Writes recordings to a file, one JSON object a line; gives how many. */
  async export(path, options) {
    const given = question('export', options, '("path", { prompt, since, ... })', ['path']);
    return await this.#ask('recordings.export', { ...given, path });
  }

  /** Runs one SQL statement that only reads. SQLite only. */
  async query(sql) {
    return await this.#ask('recordings.query', { sql });
  }

  /** Deletes recordings with their feedback; gives how many. */
  async delete(options) {
    return await this.#ask('recordings.delete', question('delete', options, '({ ids, until, ... })'));
  }

  /** Makes a recorded call again, with another model or the one that served. */
  async rerun(id, options) {
    const given = optionsOf('rerun', options, '("id", { model })', ['id']);
    return new ChatCompletion(await this.#ask('recordings.rerun', { ...given, id }));
  }

  /** How many calls of this engine should have been recorded and were not. */
  get lost() {
    return this.#lost();
  }
}

/** Options of a question about the state. */
export function question(...asked) {
  const given = { ...optionsOf(...asked) };
  for (const name of ['since', 'until']) {
    if (given[name] instanceof Date) given[name] = given[name].getTime();
  }
  return given;
}
