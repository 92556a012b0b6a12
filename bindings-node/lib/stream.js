// A streamed answer: an async iterator that gives what is there without waiting, and is woken by the
// hub where nothing is.

import { CancelledError, fromNative } from './errors.js';
import { asked, leave, number, wait } from './hub.js';
import { invalid } from './input.js';
import { listen, reasonOf } from './signal.js';
import { ChatCompletion, ChatCompletionChunk } from './types.js';

/** How many deltas cross at once at most. */
const BATCH = 64;
const END = Object.freeze({ value: undefined, done: true });

/** Takes what a stream that nobody reads any more has left at a signal that lives on. */
const abandoned = new FinalizationRegistry((unlisten) => unlisten());

/** A streamed answer. Made by `engine.chatStream` and `engine.runPromptStream`. */
export class ChatStream {
  #begin;
  #signal;
  #unlisten;
  #id = 0;
  #native;
  #head;
  #deltas = [];
  #place = 0;
  #waiting;
  #draining = false;
  #ended = false;
  /** Why it failed, as `{ error }`: what is thrown may be anything. */
  #failure;
  #told = false;
  #completion;

  /** `begin` opens the native stream under a number; it may throw what is wrong with the call. */
  constructor(begin, signal) {
    this.#begin = begin;
    this.#signal = signal;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /** The next chunk. One at a time: a second call while one is pending is refused. */
  next() {
    if (this.#draining) return Promise.reject(secondReader());
    if (this.#place < this.#deltas.length) return Promise.resolve(this.#step());
    return this.#pull();
  }

  /** Ends the loop early: closes the stream, and to its reader that is the end. */
  return(value) {
    this.#leave(true);
    return Promise.resolve({ value, done: true });
  }

  /** Ends the stream and closes the provider's socket; the pending or next read rejects with `CancelledError`. */
  close() {
    this.#leave(false);
  }

  async [Symbol.asyncDispose]() {
    this.close();
  }

  /** The new texts of the first choice. It reads this stream: use one or the other. */
  get textStream() {
    return this.#texts();
  }

  /** Reads what is left and gives what `chat` would have given; after a failure, that error. */
  completion() {
    if (this.#waiting !== undefined && !this.#draining) return Promise.reject(secondReader());
    this.#completion ??= this.#drain();
    return this.#completion;
  }

  /** The chunks as lines of JSON, in bytes: the form that OpenAI's client reads again. */
  toReadableStream() {
    const encoder = new TextEncoder();
    return new ReadableStream(
      {
        pull: async (controller) => {
          const { value, done } = await this.next();
          if (done) controller.close();
          else controller.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
        },
        cancel: () => void this.return(),
      },
      { highWaterMark: 0 },
    );
  }

  // Not a generator, whose `return` waits until a pending `next` is done.
  #texts() {
    return {
      [Symbol.asyncIterator]() {
        return this;
      },
      next: async () => {
        for (;;) {
          const { value, done } = await this.next();
          if (done) return END;
          const { text } = value;
          if (text !== '') return { value: text, done: false };
        }
      },
      return: (value) => this.return(value),
    };
  }

  async #drain() {
    this.#draining = true;
    try {
      while (!this.#ended) {
        this.#deltas = [];
        await this.#pull();
      }
    } finally {
      this.#draining = false;
      this.#deltas = [];
      this.#told = true;
    }
    if (this.#failure !== undefined) throw this.#failure.error;
    return new ChatCompletion(JSON.parse(asked(() => this.#native.completion())));
  }

  /** The step to what was read last: a chunk, or the end. */
  #step() {
    const delta = this.#deltas[this.#place];
    if (delta === undefined) return END;
    this.#place += 1;
    const value =
      typeof delta === 'string'
        ? ChatCompletionChunk.ofText(this.#head, delta)
        : ChatCompletionChunk.of(this.#head, delta);
    return { value, done: false };
  }

  #pull() {
    if (this.#waiting !== undefined) return Promise.reject(secondReader());
    if (this.#failure !== undefined && !this.#told) return this.#tell();
    if (this.#ended) return Promise.resolve(END);
    if (this.#tryBatch()) return this.#failure === undefined ? Promise.resolve(this.#step()) : this.#tell();
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      wait(this.#id, () => this.#woken());
    });
  }

  #tell() {
    this.#told = true;
    return Promise.reject(this.#failure.error);
  }

  /** Takes over what is ready; true where a pull may go on, to a delta, the end or a failure. */
  #tryBatch() {
    try {
      if (this.#native === undefined) this.#open();
      const text = this.#native.poll(BATCH);
      if (text === null) return false;
      if (text === '') {
        this.#end();
      } else {
        const { head, deltas } = JSON.parse(text);
        if (head !== undefined) this.#head = head;
        this.#deltas = deltas;
        this.#place = 0;
      }
    } catch (error) {
      this.#failure = { error: this.#native === undefined ? error : fromNative(error) };
      this.#end();
    }
    return true;
  }

  #open() {
    if (this.#signal?.aborted) throw reasonOf(this.#signal);
    const id = number();
    this.#native = this.#begin(id);
    this.#id = id;
    if (this.#signal === undefined) return;
    // A signal may live long: it must not keep alive a stream that nobody reads any more.
    const stream = new WeakRef(this);
    const signal = this.#signal;
    this.#unlisten = listen(signal, () => stream.deref()?.#cancel(reasonOf(signal), false));
    abandoned.register(this, this.#unlisten, this);
  }

  #woken() {
    if (!this.#tryBatch()) return;
    const { resolve, reject } = this.#unwait();
    if (this.#failure === undefined) {
      resolve(this.#step());
    } else {
      this.#told = true;
      reject(this.#failure.error);
    }
  }

  #unwait() {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    leave(this.#id);
    return waiting;
  }

  #end() {
    this.#ended = true;
    this.#deltas = [];
    this.#place = 0;
    if (this.#unlisten === undefined) return;
    abandoned.unregister(this);
    this.#unlisten();
    this.#unlisten = undefined;
  }

  #leave(quietly) {
    if (!this.#ended) this.#cancel(new CancelledError('the call was cancelled'), quietly);
    else if (quietly) this.#told = true;
  }

  /** Gives the call up; a reader that itself does so quietly is told of an end. */
  #cancel(error, quietly) {
    this.#native?.cancel();
    this.#failure = { error };
    this.#told = quietly;
    this.#end();
    if (this.#waiting === undefined) return;
    this.#told = true;
    const { resolve, reject } = this.#unwait();
    if (quietly) resolve(END);
    else reject(error);
  }
}

function secondReader() {
  return invalid('', 'the stream is being read already: one reader at a time');
}
