// Requests out of JavaScript: one walk that writes JSON text and refuses what that cannot hold. Each value is
// read once, so that what was checked is what is sent. The words of the errors are the core's.

import { fromNative, SluglineError } from './errors.js';
import { native } from './native.js';

/** As deep as the core reads. */
const MAX_DEPTH = 127;
const MAX_U64 = 2n ** 64n - 1n;
const MIN_I64 = -(2n ** 63n);
const { toString } = Object.prototype;

/** The JSON text of a request; with `reals`, Numbers stand for themselves and need not be exact wholes. */
export function requestJSON(request, { reals = false } = {}) {
  return text(request, { reals });
}

/** The JSON text of plain data of a configuration. */
export function configJSON(config) {
  return text(config, { ofConfig: true });
}

/** The JSON text of a value from code, or in `refused` the error that says why there is none. */
export function valueJSON(value) {
  const walk = start({});
  const json = write(value, walk);
  return json === undefined ? { refused: refusal(walk) } : { json };
}

/** A text that crosses as it is. */
export function word(name, value) {
  if (typeof value !== 'string') throw invalid(name, `\`${name}\`: expected a string`);
  if (!value.isWellFormed()) throw refusal({ ...start({}), why: 'lone_surrogate', steps: [name] });
  return value;
}

function text(value, how) {
  const walk = start(how);
  const json = write(value, walk);
  if (json === undefined) throw refusal(walk);
  return json;
}

/** `steps` leads through the objects of `stack` to what is being read. */
function start({ reals = false, ofConfig = false }) {
  return { reals, ofConfig, stack: [], steps: [], why: 'kind', kind: '' };
}

/** The text of a value; nothing where it cannot be sent: then `walk` tells why. */
function write(value, walk) {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? JSON.stringify(value) : no(walk, 'lone_surrogate');
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      if (!Number.isFinite(value)) return no(walk, 'not_finite');
      if (Number.isSafeInteger(value) || walk.reals || !Number.isInteger(value)) return `${value}`;
      return no(walk, value >= 2 ** 64 || value < -(2 ** 63) ? 'out_of_range' : 'inexact');
    case 'bigint':
      return value > MAX_U64 || value < MIN_I64 ? no(walk, 'out_of_range') : `${value}`;
    case 'object':
      return value === null ? 'null' : writeObject(value, walk);
    case 'undefined':
      return no(walk, 'kind', '`undefined`');
    default:
      return no(walk, 'kind', typeof value === 'function' ? 'a function' : 'a symbol');
  }
}

function no(walk, why, kind = '') {
  walk.why = why;
  walk.kind = kind;
  return undefined;
}

function writeObject(value, walk) {
  const { stack, steps } = walk;
  if (stack.length >= MAX_DEPTH) return tooDeep(value, walk);
  stack.push(value);
  steps.push(undefined);
  const json = Array.isArray(value) ? writeItems(value, walk) : writeEntries(value, walk);
  if (json !== undefined) {
    stack.pop();
    steps.pop();
  }
  return json;
}

function writeItems(items, walk) {
  const at = walk.steps.length - 1;
  let json = '';
  for (let index = 0; index < items.length; index += 1) {
    walk.steps[at] = index;
    const item = write(items[index], walk);
    if (item === undefined) return undefined;
    json += index === 0 ? item : `,${item}`;
  }
  return `[${json}]`;
}

function writeEntries(object, walk) {
  if (ArrayBuffer.isView(object) || object instanceof ArrayBuffer) {
    return no(walk, 'kind', 'bytes (a part made by `image` or `file` may hold them)');
  }
  const { toJSON } = object;
  if (typeof toJSON === 'function') return write(toJSON.call(object), walk);
  const proto = Object.getPrototypeOf(object);
  if (proto !== Object.prototype && proto !== null && toString.call(object) !== '[object Object]') {
    return no(walk, 'kind', `\`${toString.call(object).slice(8, -1)}\``);
  }
  const at = walk.steps.length - 1;
  let json = '';
  for (const key of Object.keys(object)) {
    const value = object[key];
    if (value === undefined) continue;
    walk.steps[at] = key;
    const entry = key.isWellFormed() ? write(value, walk) : no(walk, 'lone_surrogate');
    if (entry === undefined) return undefined;
    json += json === '' ? `${JSON.stringify(key)}:${entry}` : `,${JSON.stringify(key)}:${entry}`;
  }
  return `{${json}}`;
}

/** Too deep, or a value that holds itself: then the path ends where it comes round for the first time. */
function tooDeep(value, walk) {
  const seen = new Set();
  const round = [...walk.stack, value].findIndex((link) => seen.size === seen.add(link).size);
  if (round < 0) return no(walk, 'too_deep');
  walk.steps.length = round;
  return no(walk, 'cycle');
}

/** The error for what a walk could not send. */
function refusal({ why, kind, steps, ofConfig }) {
  // A lone surrogate would not come through as it is; it is marked where it stood.
  const path = steps.filter((step) => step !== undefined).map((step) =>
    typeof step === 'string' ? step.toWellFormed() : step,
  );
  return refused(() => native.refuse(why, kind, path, ofConfig));
}

/** The error for a call that is wrong in a way only JavaScript knows. */
export function invalid(param, message) {
  return refused(() => native.invalid(param, message));
}

/** What native code throws, as an error. */
function refused(says) {
  try {
    says();
  } catch (thrown) {
    return fromNative(thrown);
  }
  return new SluglineError('refused');
}

/** The options that a call must have, checked to be an object. */
export function neededOf(verb, options, shape) {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalid('', `${verb} takes its options as an object: ${verb}${shape}`);
  }
  return options;
}

/** The options that a call may have; `taken` are the names of what is given before them. */
export function optionsOf(verb, given, shape, taken = []) {
  const options = neededOf(verb, given ?? {}, shape);
  for (const name of taken) {
    if (options[name] !== undefined && options[name] !== null) {
      throw invalid(name, `\`${name}\` is given twice: before the options and among them`);
    }
  }
  return options;
}
