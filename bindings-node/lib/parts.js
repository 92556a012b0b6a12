// Parts of a message from files, bytes and URLs. A file is read now and travels in the request.

import { fileURLToPath } from 'node:url';

import { fromNative } from './errors.js';
import { invalid } from './input.js';
import { native } from './native.js';

/**
 * An image for a message: the path of a file, its bytes, or an `https:` or `data:` URL. Its type is
 * told by its first bytes; give `media_type` for others than PNG, JPEG, GIF and WebP.
 */
export function image(source, { detail, media_type, cache_control } = {}) {
  const from = read('image', source);
  return part(() => native.image(from, detail, media_type), cache_control);
}

/**
 * A file for a message: the path of a file, its bytes, its URL, or with `file_id` alone the id a
 * provider gave it. Bytes need a `filename` or a `media_type`.
 */
export function file(source, { file_id, filename, media_type, cache_control } = {}) {
  const from = source === undefined || source === null ? undefined : read('file', source);
  return part(() => native.file(from, file_id, filename, media_type), cache_control);
}

function part(make, cache_control) {
  let made;
  try {
    made = JSON.parse(make());
  } catch (error) {
    throw fromNative(error);
  }
  if (cache_control !== undefined) made.cache_control = cache_control;
  return made;
}

/** What the native module takes: a path or URL as text, or bytes. */
function read(what, source) {
  if (ArrayBuffer.isView(source)) return Buffer.from(source.buffer, source.byteOffset, source.byteLength);
  if (source instanceof ArrayBuffer) return Buffer.from(source);
  if (source instanceof URL) return source.protocol === 'file:' ? fileURLToPath(source) : source.href;
  if (typeof source !== 'string') throw invalid(what, `\`${what}\`: expected a path, bytes or a URL`);
  return source;
}
