// Parts of a message from files, bytes and URLs. A file is read now and travels in the request.

import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

import { invalid } from './input.js';

const FILE_TYPES = {
  csv: 'text/csv', gif: 'image/gif', html: 'text/html', jpeg: 'image/jpeg', jpg: 'image/jpeg',
  json: 'application/json', md: 'text/markdown', mp3: 'audio/mpeg', mp4: 'video/mp4',
  pdf: 'application/pdf', png: 'image/png', txt: 'text/plain', wav: 'audio/wav', webp: 'image/webp',
  xml: 'application/xml',
};

/**
 * An image for a message: the path of a file, its bytes, or an `https:` or `data:` URL. Its type is
 * told by its first bytes; give `media_type` for others than PNG, JPEG, GIF and WebP.
 */
export function image(source, { detail, media_type, cache_control } = {}) {
  let url = urlOf(source);
  if (url === undefined) {
    const { data, name } = read('image', source);
    const type = media_type ?? imageType(data);
    if (type === undefined) {
      throw invalid('image', `\`image\`: ${name ?? 'the bytes'} is no PNG, JPEG, GIF or WebP image: give its \`media_type\``);
    }
    url = dataURL(data, type);
  }
  const part = { type: 'image_url', image_url: { url } };
  if (detail !== undefined) part.image_url.detail = detail;
  if (cache_control !== undefined) part.cache_control = cache_control;
  return part;
}

/**
 * A file for a message: the path of a file, its bytes, its URL, or with `file_id` alone the id a
 * provider gave it. Bytes need a `filename` or a `media_type`.
 */
export function file(source, { file_id, filename, media_type, cache_control } = {}) {
  const part = { type: 'file', file: {} };
  const url = urlOf(source);
  if (file_id !== undefined) {
    part.file.file_id = file_id;
  } else if (source === undefined || source === null) {
    throw invalid('file', '`file` needs a path, bytes, a URL or a `file_id`');
  } else if (url?.startsWith('data:')) {
    part.file.file_data = url;
  } else if (url !== undefined) {
    part.file.file_url = url;
  } else {
    const { data, name } = read('file', source);
    filename ??= name;
    const type = media_type ?? fileType(filename);
    if (type === undefined) {
      throw invalid('file', '`file`: the type of bytes is not known: give a `filename` or a `media_type`');
    }
    part.file.file_data = dataURL(data, type);
  }
  if (filename !== undefined) part.file.filename = filename;
  if (cache_control !== undefined) part.cache_control = cache_control;
  return part;
}

function urlOf(source) {
  if (source instanceof URL && source.protocol !== 'file:') return source.href;
  return typeof source === 'string' && /^(https?|data):/.test(source) ? source : undefined;
}

function read(what, source) {
  if (ArrayBuffer.isView(source)) {
    return { data: Buffer.from(source.buffer, source.byteOffset, source.byteLength) };
  }
  if (source instanceof ArrayBuffer) return { data: Buffer.from(source) };
  const path = source instanceof URL ? fileURLToPath(source) : source;
  if (typeof path !== 'string') throw invalid(what, `\`${what}\`: expected a path, bytes or a URL`);
  return { data: readFileSync(path), name: basename(path) };
}

function imageType(data) {
  const starts = (text, from = 0) => data.toString('latin1', from, from + text.length) === text;
  if (starts('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (starts('\xff\xd8\xff')) return 'image/jpeg';
  if (starts('GIF87a') || starts('GIF89a')) return 'image/gif';
  return starts('RIFF') && starts('WEBP', 8) ? 'image/webp' : undefined;
}

function fileType(filename) {
  if (filename === undefined) return undefined;
  const ending = /\.([^.]+)$/.exec(filename)?.[1].toLowerCase();
  return FILE_TYPES[ending] ?? 'application/octet-stream';
}

function dataURL(data, type) {
  return `data:${type};base64,${data.toString('base64')}`;
}
