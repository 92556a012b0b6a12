// What goes into a call: plain data, and every way in which it can be wrong.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';

import { ConfigError, Engine, file, image, InvalidRequestError, InvalidVariablesError } from 'slugline';

const folder = mkdtempSync(join(tmpdir(), 'slugline-'));
writeFileSync(join(folder, 'show.prompt'), '{{#each items}}{{this}};{{/each}}{{value}}');
const engine = new Engine({ engine: { prompts: folder, default_model: 'test/echo', missing: 'empty' } });
after(() => {
  engine.close();
  rmSync(folder, { recursive: true });
});

const render = async (value) => (await engine.renderPrompt('show', { variables: { value } })).messages[0].content;

test('values are exact', async () => {
  for (const [value, text] of [
    [2n ** 64n - 1n, '18446744073709551615'],
    [-(2n ** 63n), '-9223372036854775808'],
    [2n ** 53n + 1n, '9007199254740993'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
    [Number.MIN_SAFE_INTEGER, '-9007199254740991'],
    [1.5, '1.5'],
    [-0, '0'],
    [true, 'true'],
    ['Ada \u{1f642}', 'Ada \u{1f642}'],
    [new Date(0), '1970-01-01T00:00:00.000Z'],
  ]) {
    assert.equal(await render(value), text);
  }
});

test('BigInts, dates and undefined are found in any depth', async () => {
  const items = [1n, 'a"b', new Date(0), [[2n ** 60n]], { toJSON: () => 7n }];
  const variables = { items, value: undefined };
  const { messages } = await engine.renderPrompt('show', { variables });
  assert.equal(messages[0].content, '1;a"b;1970-01-01T00:00:00.000Z;[[1152921504606846976]];7;');
});

test('objects of many kinds are objects', async () => {
  class Turn {
    role = 'user';
    content = 'Hi';
  }
  const bare = Object.assign(Object.create(null), { role: 'user', content: 'Hi' });
  for (const message of [new Turn(), bare, new Proxy({ role: 'user', content: 'Hi' }, {})]) {
    assert.equal((await engine.chat({ messages: [message] })).text, 'Hi');
  }
  const answer = await engine.chat({ messages: 'Again' });
  const again = await engine.chat({ messages: [{ role: 'user', content: 'A' }, answer.choices[0].message] });
  assert.equal(again.text, 'A');
});

const cycle = {};
cycle.self = [cycle];
let deep = [];
for (let depth = 0; depth < 200; depth += 1) deep = [deep];

for (const [name, value, says, param = 'variables.value'] of [
  ['NaN', NaN, 'NaN and infinities'],
  ['Infinity', -Infinity, 'NaN and infinities'],
  ['2^53', 2 ** 53, 'BigInt'],
  ['-2^53', -(2 ** 53), 'BigInt'],
  ['-2^63 less a bit', -(2 ** 63) - 2048, '64 bits'],
  ['1e300', 1e300, '64 bits'],
  ['2^64', 2n ** 64n, '64 bits'],
  ['below i64', -(2n ** 63n) - 1n, '64 bits'],
  ['a lone surrogate', 'half \ud83d', 'surrogate'],
  ['a lone surrogate in a key', { '\udc00': 1 }, 'surrogate', 'variables.value.\ufffd'],
  ['a cycle', cycle, 'holds itself', 'variables.value.self[0]'],
  ['depth', deep, '128', `variables.value${'[0]'.repeat(125)}`],
  ['a function', () => 1, 'a function'],
  ['a symbol', Symbol('s'), 'a symbol'],
  ['undefined in a list', [1, undefined], '`undefined`', 'variables.value[1]'],
  ['a hole', [1, , 3], '`undefined`', 'variables.value[1]'],
  ['a Map', new Map([[1, 2]]), '`Map`'],
  ['a Set', new Set(), '`Set`'],
  ['a promise', Promise.resolve(1), '`Promise`'],
  ['an error', new Error('x'), '`Error`'],
  ['bytes', new Uint8Array(3), 'bytes'],
  ['a Buffer', Buffer.from('x'), 'bytes'],
]) {
  test(`${name} cannot be sent`, async () => {
    await assert.rejects(render(value), (error) => {
      assert.ok(error instanceof InvalidVariablesError, error.stack);
      assert.ok(error.message.includes(says), error.message);
      assert.equal(error.param, param);
      return true;
    });
    const refused = engine.chat({ messages: 'Hi', extra_body: { test: { x: value } } });
    await assert.rejects(refused, InvalidRequestError);
    assert.throws(() => new Engine({ engine: { prompts: value } }), ConfigError);
    const stream = engine.runPromptStream('show', { variables: { value } });
    await assert.rejects(stream.next(), InvalidVariablesError);
  });
}

test('wrong options are named', async () => {
  for (const [options, param, says] of [
    [{ messages: 'Hi', temprature: 1 }, 'temprature', '`temperature`'],
    [{ messages: 'Hi', stream: true }, 'stream', 'chat_stream'],
    [{ messages: 'Hi', temperature: 'hot' }, 'temperature', 'a number'],
    [{ messages: 'Hi', n: 2 ** 60 }, 'n', 'BigInt'],
    [{ messages: [{ role: 'robot', content: 'x' }] }, 'messages[0].role', 'one of'],
    [{ messages: 'Hi', signal: {} }, 'signal', 'AbortSignal'],
    [{ messages: 'Hi', labels: { a: [] } }, 'labels.a', ''],
    ['Hi', undefined, 'as an object'],
    [undefined, undefined, 'as an object'],
    [null, undefined, 'as an object'],
  ]) {
    for (const failing of [() => engine.chat(options), () => engine.chatStream(options).next()]) {
      await assert.rejects(failing, (error) => {
        assert.ok(error instanceof InvalidRequestError, error.stack);
        assert.equal(error.param, param);
        assert.ok(error.message.includes(says), error.message);
        return true;
      });
    }
  }
  await assert.rejects(engine.runPrompt(7), { code: 'invalid_request', param: 'slug' });
  await assert.rejects(engine.prompts.get(), { code: 'invalid_request', param: 'slug' });
});

test('what is checked is what is sent', async () => {
  let read = 0;
  const shifty = { get value() { return (read += 1) === 1 ? 1 : NaN; } };
  const { messages } = await engine.renderPrompt('show', { variables: shifty });
  assert.equal(messages[0].content, '1');
  assert.equal(read, 1);
});

test('texts that are not Unicode are refused wherever they cross', async () => {
  const half = 'x\ud800';
  for (const [param, work] of [
    ['id', () => engine.session(half)],
    ['slug', () => engine.prompts.get(half)],
    ['slug', () => engine.renderPrompt(half)],
    ['session_id', () => engine.chat({ messages: 'Hi', session_id: half })],
    ['id', () => engine.recordings.get(half)],
    ['path', () => engine.recordings.export(half)],
    ['completion_id', () => engine.feedback(half, 'thumbs', 1)],
    ['key', () => engine.campaignReport(half)],
    ['image', () => image(half)],
    ['file', () => file(half)],
    ['detail', () => image('https://x/a.png', { detail: half })],
    ['filename', () => file(Buffer.from('x'), { filename: half })],
  ]) {
    await assert.rejects(async () => work(), (error) => {
      assert.ok(error instanceof InvalidRequestError, error.stack);
      assert.equal(error.param, param);
      assert.match(error.message, /surrogate/);
      return true;
    });
  }
  for (const config of [half, { providers: { [half]: { api_key: () => 'k' } } }, { engine: { storage: half } }]) {
    assert.throws(() => new Engine(config), (error) => error instanceof ConfigError && /surrogate/.test(error.message));
  }
});

test('what is given twice is refused', async () => {
  for (const [param, work] of [
    ['slug', () => engine.runPrompt('show', { slug: 'b' })],
    ['slug', () => engine.runPromptStream('show', { slug: 'b' }).next()],
    ['slug', () => engine.session('s').runPrompt('show', { slug: 'b' })],
    ['metric', () => engine.feedback('id', 'thumbs', true, { metric: 'other' })],
    ['id', () => engine.recordings.rerun('a', { id: 'b' })],
    ['path', () => engine.recordings.export('a', { path: 'b' })],
    ['key', () => engine.campaignReport('a', { key: 'b' })],
  ]) {
    await assert.rejects(work, { code: 'invalid_request', param });
  }
});

test('options that are no object are refused', async () => {
  for (const options of [5, 'model', ['model'], true]) {
    for (const work of [
      () => engine.recordings.list(options),
      () => engine.recordings.delete(options),
      () => engine.recordings.export('x', options),
      () => engine.recordings.rerun('x', options),
      () => engine.usage(options),
      () => engine.campaignReport('x', options),
      () => engine.feedback('x', 'thumbs', true, options),
      () => engine.renderPrompt('show', options),
      async () => image('https://x/a.png', options),
      async () => file('https://x/a.pdf', options),
    ]) {
      await assert.rejects(work, (error) => {
        assert.ok(error instanceof InvalidRequestError, error.stack);
        assert.match(error.message, /takes its options as an object/);
        return true;
      });
    }
  }
});

test('a request is read when the call is made', async () => {
  const messages = [{ role: 'user', content: 'before' }];
  const stream = engine.chatStream({ messages });
  messages[0].content = 'after';
  assert.equal((await stream.completion()).text, 'before');
});

test('parts hold files and bytes', () => {
  const png = Buffer.from('\x89PNG\r\n\x1a\nrest', 'latin1');
  const path = join(folder, 'dot.png');
  writeFileSync(path, png);
  const url = `data:image/png;base64,${png.toString('base64')}`;
  assert.deepEqual(image(path, { detail: 'low' }), { type: 'image_url', image_url: { url, detail: 'low' } });
  for (const bytes of [png, new Uint8Array(png), new Uint8Array(png).buffer]) {
    assert.equal(image(bytes).image_url.url, url);
  }
  assert.equal(image('https://x/a.png').image_url.url, 'https://x/a.png');
  assert.equal(image(Buffer.from('x'), { media_type: 'image/avif' }).image_url.url, 'data:image/avif;base64,eA==');
  assert.throws(() => image(Buffer.from('x')), { code: 'invalid_request', param: 'image' });
  assert.throws(() => image(7), { code: 'invalid_request', param: 'image' });
  assert.deepEqual(file(path), { type: 'file', file: { filename: 'dot.png', file_data: url } });
  assert.deepEqual(file(undefined, { file_id: 'f' }), { type: 'file', file: { file_id: 'f' } });
  assert.deepEqual(file('https://x/a.pdf').file, { file_url: 'https://x/a.pdf' });
  assert.equal(file(Buffer.from('x'), { filename: 'a.pdf' }).file.file_data, 'data:application/pdf;base64,eA==');
  assert.throws(() => file(Buffer.from('x')), { code: 'invalid_request', param: 'file' });
  assert.throws(() => file(), { code: 'invalid_request', param: 'file' });
  assert.deepEqual(image('https://x/a.png', null), image('https://x/a.png'));
  const cache_control = { type: 'ephemeral' };
  assert.deepEqual(image('https://x/a.png', { cache_control }).cache_control, cache_control);
  assert.deepEqual(file('https://x/a.pdf', { cache_control }).cache_control, cache_control);
});

test('wrong options of parts are named', () => {
  const pdf = Buffer.from('x');
  for (const [param, says, work] of [
    ['detail', 'expected a string', () => image('https://x/a.png', { detail: 5 })],
    ['media_type', 'expected a string', () => image(pdf, { media_type: [] })],
    ['mediaType', 'did you mean `media_type`', () => image('https://x/a.png', { mediaType: 'image/png' })],
    ['filename', 'expected a string', () => file(pdf, { filename: 5 })],
    ['media_type', 'expected a string', () => file(pdf, { media_type: {} })],
    ['file_id', 'expected a string', () => file(undefined, { file_id: 5 })],
    ['file_id', 'not both', () => file(pdf, { file_id: 'f' })],
    ['fileId', 'did you mean `file_id`', () => file(undefined, { fileId: 'f' })],
    ['cache_control.at', 'a function', () => image('https://x/a.png', { cache_control: { at: () => 1 } })],
    ['image', 'names no file', () => image(new URL('file://host/a%2Fb.png'))],
  ]) {
    assert.throws(work, (error) => {
      assert.ok(error instanceof InvalidRequestError, error.stack);
      assert.equal(error.param, param);
      assert.ok(error.message.includes(says), error.message);
      return true;
    });
  }
});
