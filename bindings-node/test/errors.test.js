// Errors: classes, fields and causes; keys from code; what a panic becomes.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';

import * as slugline from 'slugline';

const { Engine, SluglineError } = slugline;
const call = (script, more = {}) => ({ messages: 'Hi', model: 'test/echo', max_retries: 0, extra_body: { test: script }, ...more });

test('every code has its class, and the class its name', () => {
  const classes = Object.values(slugline).filter((kind) => kind.prototype instanceof SluglineError);
  assert.equal(classes.length, 26);
  for (const kind of classes) {
    const words = { timeout: 'RequestTimeout', connection: 'ConnectionFailed' };
    const pascal = words[kind.code] ?? kind.code.replace(/(?:^|_)(\w)/g, (_, letter) => letter.toUpperCase());
    assert.equal(kind.name, pascal.endsWith('Error') ? pascal : `${pascal}Error`);
  }
});

test('an error has the facts of the contract', async () => {
  const engine = new Engine();
  await assert.rejects(engine.chat(call({ status: 429, retry_after: 2 })), (error) => {
    assert.ok(error instanceof slugline.RateLimitedError && error instanceof SluglineError && error instanceof Error);
    assert.equal(error.name, 'RateLimitedError');
    assert.equal(error.code, 'rate_limited');
    assert.equal(error.status, 429);
    assert.equal(error.retryAfterMs, 2000);
    assert.equal(error.retryable, true);
    assert.equal(error.provider, 'test');
    assert.equal(error.attempts.length, 1);
    assert.equal(error.attempts[0].code, 'rate_limited');
    const json = JSON.parse(JSON.stringify(error));
    assert.equal(json.retry_after_ms, 2000);
    assert.equal(json.message, error.message);
    assert.ok(!('partial' in json) && !('stack' in json));
    return true;
  });
});

test('a stream that breaks off has what came', async () => {
  const engine = new Engine();
  const stream = engine.chatStream(call({ content: 'one two three', cut_after: 2 }));
  let text = '';
  await assert.rejects(
    async () => {
      for await (const chunk of stream) text += chunk.text;
    },
    (error) => {
      assert.ok(error instanceof slugline.StreamInterruptedError);
      assert.ok(error.partial instanceof slugline.ChatCompletion);
      assert.equal(error.partial.text, text);
      assert.equal(error.details.cause, 'connection');
      return true;
    },
  );
  assert.equal(text, 'one two ');
});

test('the name of an error is as free as that of any other', () => {
  const error = new slugline.NotFoundError('x');
  error.name = 'Other';
  assert.equal(String(error), 'Other: x');
  assert.ok(!Object.keys(new slugline.NotFoundError('x')).includes('name'));
});

test('the stack of a failed call leads to its caller', async () => {
  const engine = new Engine();
  async function theCaller() {
    await engine.chat(call({ status: 400 }));
  }
  async function theLister() {
    await engine.recordings.get('no such');
  }
  await assert.rejects(theCaller, ({ stack }) => /theCaller/.test(stack));
  await assert.rejects(theLister, ({ stack }) => /theLister/.test(stack));
});

test('require gives the same classes', async () => {
  const required = createRequire(import.meta.url)('slugline');
  assert.equal(required.SluglineError, SluglineError);
  await assert.rejects(new required.Engine().chat({ messages: 'Hi' }), slugline.UnknownModelError);
});

test('a panic in the core is internal, and the next call works', async () => {
  const engine = new Engine();
  for (let round = 0; round < 3; round += 1) {
    await assert.rejects(engine.chat(call({ panic: true })), slugline.InternalError);
    const stream = engine.chatStream(call({ panic: true }));
    await assert.rejects(stream.next(), slugline.InternalError);
    await assert.rejects(stream.completion(), slugline.InternalError);
    assert.equal((await engine.chat(call({}))).text, 'Hi');
    assert.equal((await engine.chatStream(call({})).completion()).text, 'Hi');
  }
});

test('a closed engine says so; calls under way go on', async () => {
  const engine = new Engine();
  const running = engine.chat(call({ ttft_ms: 50 }));
  engine.close();
  engine.close();
  assert.equal(engine.closed, true);
  assert.equal((await running).text, 'Hi');
  await assert.rejects(engine.chat(call({})), /closed/);
  await assert.rejects(engine.chatStream(call({})).next(), /closed/);
  await assert.rejects(engine.prompts.list(), /closed/);
});

test('keys come from code, at each attempt', async () => {
  let asked = 0;
  const keys = [() => `key-${(asked += 1)}`, async () => `key-${(asked += 1)}`];
  for (const api_key of keys) {
    const engine = new Engine({ providers: { up: { dialect: 'openai', base_url: 'http://127.0.0.1:9', api_key } } });
    const before = asked;
    const failing = engine.chat({ messages: 'Hi', model: 'up/m', max_retries: 1 });
    await assert.rejects(failing, slugline.ConnectionFailedError);
    assert.equal(asked, before + 2);
  }
});

test('a callable that fails is the cause, and its words stay with it', async () => {
  const thrown = new Error('secret words');
  for (const [api_key, says, cause] of [
    [() => { throw thrown; }, 'threw', thrown],
    [async () => { throw thrown; }, 'threw', thrown],
    [() => 7, 'number', undefined],
    [() => undefined, 'undefined', undefined],
    [() => 'half \ud83d', 'string', undefined],
  ]) {
    const engine = new Engine({ providers: { up: { dialect: 'openai', base_url: 'http://127.0.0.1:9', api_key } } });
    for (const failing of [
      () => engine.chat({ messages: 'Hi', model: 'up/m' }),
      () => engine.chatStream({ messages: 'Hi', model: 'up/m' }).next(),
    ]) {
      await assert.rejects(failing, (error) => {
        assert.ok(error instanceof slugline.AuthenticationError, error.stack);
        assert.ok(error.message.includes(says), error.message);
        assert.ok(!JSON.stringify(error).includes('secret'));
        assert.equal(error.cause, cause);
        return true;
      });
    }
  }
});

test('the configuration is refused by name', () => {
  for (const [config, overrides, says] of [
    [{ engines: {} }, undefined, 'engine'],
    ['no/such/file.toml', undefined, 'no/such/file.toml'],
    [new URL('file:///no/such/file.toml'), undefined, '/no/such/file.toml'],
    [undefined, { promts: 'x' }, 'prompts'],
    [7, undefined, 'table'],
    [new URL('https://x.example/slugline.toml'), undefined, 'file:'],
    [undefined, { providers: { x: { api_key: () => 'k', dialekt: 'openai' } } }, 'dialect'],
  ]) {
    assert.throws(
      () => new Engine(config, overrides),
      (error) => {
        assert.ok(error instanceof slugline.ConfigError, error.stack);
        assert.ok(error.message.includes(says), error.message);
        return true;
      },
    );
  }
});

test('stored prompts are listed, got and checked', async () => {
  const engine = new Engine(new URL('../../examples/slugline.toml', import.meta.url));
  const slugs = (await engine.prompts.list()).map(({ slug }) => slug);
  assert.ok(slugs.includes('greet'), String(slugs));
  const greet = await engine.prompts.get('greet');
  assert.deepEqual(greet.variables, ['name']);
  assert.equal(typeof greet.source, 'string');
  assert.deepEqual(await engine.prompts.check(), []);
  await assert.rejects(engine.prompts.get('gret'), (error) => {
    assert.ok(error instanceof slugline.NotFoundError);
    assert.deepEqual(error.details.near, ['greet']);
    return true;
  });
});
