// The hub: every pending call and stream of this thread, under its number. The native side rings once
// for all that may go on; each is then polled. While something is pending the process stays alive.

import { fromNative, raised } from './errors.js';
import { valueJSON } from './input.js';
import { native } from './native.js';
import { listen, reasonOf } from './signal.js';

const pending = new Map();
const callables = new Map();
let numbers = 0;

/** The native end. */
export const hub = new native.Hub(ring);

/** The number of a new call. */
export function number() {
  numbers = numbers >= 0xffffffff ? 1 : numbers + 1;
  return pending.has(numbers) ? number() : numbers;
}

/** Has `woken` called whenever the call with this number may go on. */
export function wait(id, woken) {
  if (pending.size === 0) hub.hold(true);
  pending.set(id, woken);
}

/** Is no longer told of this call. */
export function leave(id) {
  if (pending.delete(id) && pending.size === 0) hub.hold(false);
}

/** Keeps a callable that gives a key, or a helper; gives its slot. */
export function keep(callable) {
  letGo();
  const slot = number();
  callables.set(slot, callable);
  return slot;
}

// Never throws: an exception in here would be nobody's, and end the process.
function ring() {
  for (const id of hub.woken()) {
    if (id === 0) answerQuestions();
    else guarded(() => pending.get(id)?.());
  }
}

function answerQuestions() {
  for (const { id, slot, arguments: given } of hub.questions()) {
    if (given === undefined || given === null) answer(id, callables.get(slot));
    else guarded(() => compute(id, callables.get(slot), given), () => hub.refuse(id, 'gave no value'));
  }
  guarded(letGo);
}

/** Does one thing of several: what goes wrong with it must not take the others down. */
function guarded(work, otherwise) {
  try {
    work();
  } catch {
    otherwise?.();
  }
}

/** The value of a helper: its arguments in order, and an object of the `key=value` ones where there are any. */
function compute(id, helper, given) {
  let written;
  try {
    const [list, keys] = JSON.parse(given);
    if (Object.keys(keys).length > 0) list.push(keys);
    const value = helper(...list) ?? null;
    const then = value?.then;
    if (typeof then === 'function') {
      then.call(value, undefined, () => {});
      hub.refuse(id, 'gave a promise: a helper is a plain function');
      return;
    }
    written = valueJSON(value);
  } catch (error) {
    refuse(id, `threw ${called(error)}`, error);
    return;
  }
  const { json, refused } = written;
  if (refused === undefined) hub.answer(id, json);
  else refuse(id, `gave what is no JSON: ${refused.message}`, refused);
}

function refuse(id, says, error) {
  const slot = number();
  raised.set(slot, error);
  hub.refuse(id, says, slot);
}

const NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$]{0,63}$/u;

/** What kind of thing was thrown; its message may hold anything, and to look at it may throw again. */
function called(error) {
  try {
    const name = error instanceof Error ? error.constructor?.name : undefined;
    return typeof name === 'string' && NAME.test(name) ? name : 'an exception';
  } catch {
    return 'an exception';
  }
}

async function answer(id, callable) {
  try {
    const key = await callable();
    if (typeof key === 'string' && key.isWellFormed()) hub.answer(id, key);
    else hub.refuse(id, `gave ${key === null ? 'null' : `a value of type ${typeof key}`} instead of a string`);
  } catch (error) {
    refuse(id, 'threw an exception', error);
  }
}

function letGo() {
  for (const slot of hub.forgotten()) {
    callables.delete(slot);
    raised.delete(slot);
  }
}

/** What a native function gives, or throws as one of our errors. */
export function asked(work) {
  try {
    return work();
  } catch (thrown) {
    throw fromNative(thrown);
  }
}

/**
 * Waits for a native call; an aborted signal gives it up. Resolves to what gives the answer or throws: an error
 * that is made where a call is awaited has the caller in its stack.
 */
export function settle(id, call, signal) {
  return new Promise((resolve, reject) => {
    let unlisten;
    const end = () => {
      leave(id);
      unlisten?.();
    };
    const abort = () => {
      end();
      call.cancel();
      reject(reasonOf(signal));
    };
    const woken = () => {
      let answer;
      try {
        answer = call.poll();
      } catch (thrown) {
        end();
        resolve(() => {
          throw fromNative(thrown);
        });
        return;
      }
      if (answer === null) return;
      end();
      resolve(() => answer);
    };
    wait(id, woken);
    if (signal !== undefined) unlisten = listen(signal, abort);
    woken();
  });
}
