// Parts of a message from files, bytes and URLs. A file is read now and travels in the request.

import { fileURLToPath } from 'node:url';

import { asked } from './hub.js';
import { invalid, optionsOf, requestJSON, word } from './input.js';
import { native } from './native.js';

/**
 * An image for a message: the path of a file, its bytes, or an `https:` or `data:` URL. Its type is
 * told by its first bytes; give `media_type` for others than PNG, JPEG, GIF and WebP.
 */
export function image(source, options) {
  const json = requestJSON(optionsOf('image', options, '(source, { detail, ... })'));
  const from = read('image', source);
  return JSON.parse(asked(() => native.image(from, json)));
}

/**
 * A file for a message: the path of a file, its bytes, its URL, or with `file_id` alone the id a
 * provider gave it. Bytes need a `filename` or a `media_type`.
 */
export function file(source, options) {
  const json = requestJSON(optionsOf('file', options, '(source, { filename, ... })'));
  const from = source === undefined || source === null ? undefined : read('file', source);
  return JSON.parse(asked(() => native.file(from, json)));
}

/** What the native module takes: a path or URL as text, or bytes. */
function read(what, source) {
  if (ArrayBuffer.isView(source)) return Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  if (source instanceof ArrayBuffer) return Buffer.from(source);
  if (source instanceof URL) return source.protocol === 'file:' ? pathOf(what, source) : source.href;
  if (typeof source !== 'string') throw invalid(what, `\`${what}\`: expected a path, bytes or a URL`);
  return word(what, source);
}

function pathOf(what, url) {
  try {
    return fileURLToPath(url);
  } catch {
    throw invalid(what, `\`${what}\`: the \`file:\` URL names no file here`);
  }
}
