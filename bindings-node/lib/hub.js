// The hub: every pending call and stream of this thread, under its number. The native side rings once
// for all that may go on; each is then polled. While something is pending the process stays alive.

import { fromNative, raised } from './errors.js';
import { valueJSON } from './input.js';
import { native } from './native.js';
import { listen } from './signal.js';

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

// Never throws: an exception in here would be nobody's.
function ring() {
  for (const id of hub.woken()) {
    if (id === 0) answerQuestions();
    else pending.get(id)?.();
  }
}

function answerQuestions() {
  for (const { id, slot, arguments: given } of hub.questions()) {
    if (given === undefined || given === null) answer(id, callables.get(slot));
    else compute(id, callables.get(slot), given);
  }
  letGo();
}

/** The value of a helper: its arguments in order, and an object of the `key=value` ones where there are any. */
function compute(id, helper, given) {
  let value;
  try {
    const [list, keys] = JSON.parse(given);
    if (Object.keys(keys).length > 0) list.push(keys);
    value = helper(...list) ?? null;
    if (typeof value?.then === 'function') {
      value.then(undefined, () => {});
      hub.refuse(id, 'gave a promise: a helper is a plain function');
      return;
    }
  } catch (error) {
    refuse(id, `threw ${called(error)}`, error);
    return;
  }
  try {
    hub.answer(id, valueJSON(value));
  } catch (error) {
    refuse(id, `gave what is no JSON: ${error.message}`, error);
  }
}

function refuse(id, says, error) {
  const slot = number();
  raised.set(slot, error);
  hub.refuse(id, says, slot);
}

/** What kind of thing was thrown; its message may hold anything. */
function called(error) {
  const name = error instanceof Error ? error.constructor?.name : undefined;
  return typeof name === 'string' && name.isWellFormed() ? name : 'an exception';
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

/** Waits for a native call; an aborted signal gives it up. */
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
      reject(signal.reason);
    };
    const woken = () => {
      let answer;
      try {
        answer = call.poll();
      } catch (thrown) {
        end();
        reject(fromNative(thrown));
        return;
      }
      if (answer === null) return;
      end();
      resolve(answer);
    };
    wait(id, woken);
    if (signal !== undefined) unlisten = listen(signal, abort);
    woken();
  });
}
