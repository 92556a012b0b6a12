// Requests out of JavaScript: one walk that finds what JSON text cannot hold, then one `JSON.stringify`.
// The words of the errors are the core's.

import { fromNative, SluglineError } from './errors.js';
import { native } from './native.js';

/** As deep as the core reads. */
const MAX_DEPTH = 127;
const MAX_U64 = 2n ** 64n - 1n;
const MIN_I64 = -(2n ** 63n);
const { toString } = Object.prototype;

/** The JSON text of a request. */
export function requestJSON(request) {
  return text(request, false);
}

/** The JSON text of plain data of a configuration. */
export function configJSON(config) {
  return text(config, true);
}

/** The JSON text of a value from code. */
export function valueJSON(value) {
  return text(value, false);
}

function text(value, ofConfig) {
  const walk = { stack: [], path: [], rewrites: false };
  const why = check(value, walk);
  if (why !== undefined) refuse(why, walk, ofConfig);
  return walk.rewrites ? write(value) : JSON.stringify(value);
}

/** Why a value cannot be sent, if so: then `walk.path` leads to it, from the inside out. */
function check(value, walk) {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : { why: 'lone_surrogate' };
    case 'boolean':
      return undefined;
    case 'number':
      if (!Number.isFinite(value)) return { why: 'not_finite' };
      return Number.isInteger(value) && !Number.isSafeInteger(value) ? { why: 'inexact' } : undefined;
    case 'bigint':
      walk.rewrites = true;
      return value > MAX_U64 || value < MIN_I64 ? { why: 'out_of_range' } : undefined;
    case 'object':
      return value === null ? undefined : checkObject(value, walk);
    case 'undefined':
      return { kind: '`undefined`' };
    default:
      return { kind: typeof value === 'function' ? 'a function' : 'a symbol' };
  }
}

function checkObject(value, walk) {
  const { stack } = walk;
  if (stack.length >= MAX_DEPTH) return tooDeep(value, walk);
  stack.push(value);
  const why = Array.isArray(value) ? checkItems(value, walk) : checkEntries(value, walk);
  if (why === undefined) stack.pop();
  return why;
}

function checkItems(items, walk) {
  for (let index = 0; index < items.length; index += 1) {
    const why = check(items[index], walk);
    if (why !== undefined) {
      walk.path.push(index);
      return why;
    }
  }
  return undefined;
}

function checkEntries(object, walk) {
  if (ArrayBuffer.isView(object) || object instanceof ArrayBuffer) {
    return { kind: 'bytes (a part made by `image` or `file` may hold them)' };
  }
  if (typeof object.toJSON === 'function') {
    walk.rewrites = true;
    return check(object.toJSON(), walk);
  }
  const proto = Object.getPrototypeOf(object);
  if (proto !== Object.prototype && proto !== null && toString.call(object) !== '[object Object]') {
    return { kind: `\`${toString.call(object).slice(8, -1)}\`` };
  }
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value === undefined) continue;
    const why = key.isWellFormed() ? check(value, walk) : { why: 'lone_surrogate' };
    if (why !== undefined) {
      walk.path.push(key);
      return why;
    }
  }
  return undefined;
}

/** Too deep, or a value that holds itself: then the path ends where it comes round for the first time. */
function tooDeep(value, walk) {
  const chain = [...walk.stack, value];
  const seen = new Set();
  const round = chain.findIndex((link) => seen.size === seen.add(link).size);
  if (round < 0) return { why: 'too_deep' };
  return { why: 'cycle', depth: round };
}

function refuse({ why = 'kind', kind = '', depth }, walk, ofConfig) {
  const path = walk.path.reverse();
  // A lone surrogate would not come through as it is; it is marked where it stood.
  const shown = (depth === undefined ? path : path.slice(0, depth)).map((step) =>
    typeof step === 'string' ? step.toWellFormed() : step,
  );
  try {
    native.refuse(why, kind, shown, ofConfig);
  } catch (thrown) {
    throw fromNative(thrown);
  }
}

/** The error for a call that is wrong in a way only JavaScript knows. */
export function invalid(param, message) {
  try {
    native.invalid(param, message);
  } catch (thrown) {
    return fromNative(thrown);
  }
  return new SluglineError(message);
}

/** `JSON.stringify` of a checked value, with exact BigInts. */
function write(value) {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (typeof value.toJSON === 'function') return write(value.toJSON());
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`;
  const entries = Object.entries(value).filter(([, entry]) => entry !== undefined);
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${write(entry)}`).join(',')}}`;
}
