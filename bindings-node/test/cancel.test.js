// Cancellation: a signal before, during and after; `break`, `close` and `await using`; what is left behind.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import test from 'node:test';

import { CancelledError, Engine, InvalidRequestError } from 'slugline';

import { upstream } from './support/server.js';

const call = { messages: 'Hi', model: 'up/m', max_retries: 0 };

/** Sets up an upstream and an engine on it. */
function upTest(name, options, body) {
  test(name, async () => {
    const up = await upstream(options);
    const engine = new Engine(up.config);
    try {
      await body(engine, up);
    } finally {
      engine.close();
      await up.close();
    }
  });
}

/** How long after `act` the upstream's socket closes, at most 100 ms. */
async function closesAfter(up, act) {
  const closed = up.closed();
  const started = performance.now();
  await act();
  const took = (await closed) - started;
  assert.ok(took < 100, `the socket closed after ${took} ms`);
}

upTest('an aborted signal rejects before anything is sent', { say: 1 }, async (engine, up) => {
  const reason = new Error('not today');
  const signal = AbortSignal.abort(reason);
  await assert.rejects(engine.chat({ ...call, signal }), (error) => error === reason);
  const stream = engine.chatStream({ ...call, signal });
  await assert.rejects(stream.next(), (error) => error === reason);
  assert.deepEqual(await stream.next(), { value: undefined, done: true });
  await assert.rejects(stream.completion(), (error) => error === reason);
  assert.equal(up.requests(), 0);
});

upTest('aborting a call closes the socket and rejects with the reason', {}, async (engine, up) => {
  const abort = new AbortController();
  const opened = up.opened();
  const answer = engine.chat({ ...call, signal: abort.signal });
  await opened;
  await closesAfter(up, async () => {
    abort.abort();
    await assert.rejects(answer, { name: 'AbortError' });
  });
});

upTest('aborting a stream wakes its reader', { say: 2 }, async (engine, up) => {
  const abort = new AbortController();
  const stream = engine.chatStream({ ...call, signal: abort.signal });
  const texts = [];
  await closesAfter(up, async () => {
    await assert.rejects(
      async () => {
        for await (const { text } of stream) {
          texts.push(text);
          if (text === 'w1 ') setImmediate(() => abort.abort());
        }
      },
      { name: 'AbortError' },
    );
  });
  assert.deepEqual(texts, ['', 'w0 ', 'w1 ']);
  await assert.rejects(stream.completion(), { name: 'AbortError' });
});

upTest('aborting between reads closes the socket and tells the next one', { say: 2 }, async (engine, up) => {
  const abort = new AbortController();
  const stream = engine.chatStream({ ...call, signal: abort.signal });
  await stream.next();
  await closesAfter(up, async () => abort.abort('enough'));
  await assert.rejects(stream.next(), (error) => error === 'enough');
  assert.equal((await stream.next()).done, true);
});

upTest('break closes the socket', { say: 2 }, async (engine, up) => {
  const stream = engine.chatStream(call);
  await closesAfter(up, async () => {
    for await (const chunk of stream) {
      if (chunk.text) break;
    }
  });
  await assert.rejects(stream.completion(), CancelledError);
});

upTest('break out of textStream closes the socket', { say: 2 }, async (engine, up) => {
  const stream = engine.chatStream(call);
  await closesAfter(up, async () => {
    for await (const text of stream.textStream) {
      assert.equal(text, 'w0 ');
      break;
    }
  });
});

upTest('close wakes a pending read, and ends the stream', { say: 1 }, async (engine, up) => {
  const stream = engine.chatStream(call);
  await stream.next();
  await stream.next();
  const pending = stream.next();
  await assert.rejects(stream.next(), (error) => {
    assert.ok(error instanceof InvalidRequestError);
    return error.message.includes('one reader');
  });
  await assert.rejects(stream.completion(), InvalidRequestError);
  await closesAfter(up, async () => {
    stream.close();
    await assert.rejects(pending, CancelledError);
  });
  assert.equal((await stream.next()).done, true);
  await stream[Symbol.asyncDispose]();
});

upTest('a stream that is closed while it is read does not end as if it were whole', { say: 3 }, async (engine) => {
  for (const read of [(stream) => stream, (stream) => stream.textStream, (stream) => stream.toReadableStream()]) {
    const stream = engine.chatStream(call);
    let count = 0;
    await assert.rejects(async () => {
      for await (const _ of read(stream)) {
        count += 1;
        if (count === 2) stream.close();
      }
    }, CancelledError);
    assert.equal(count, 2);
    assert.equal((await stream.next()).done, true);
    await assert.rejects(stream.completion(), CancelledError);
  }
  const unread = engine.chatStream(call);
  unread.close();
  await assert.rejects(unread.next(), CancelledError);
});

upTest('who leaves a stream is told of its end', { say: 3 }, async (engine) => {
  const stream = engine.chatStream(call);
  await stream.next();
  assert.deepEqual(await stream.return(7), { value: 7, done: true });
  assert.deepEqual(await stream.next(), { value: undefined, done: true });
  const closed = engine.chatStream(call);
  for await (const _ of closed) {
    closed.close();
    break;
  }
  assert.equal((await closed.next()).done, true);
});

upTest('leaving textStream closes the socket, read or not, waiting or not', { say: 1 }, async (engine, up) => {
  const unread = engine.chatStream(call);
  await unread.next();
  await closesAfter(up, () => unread.textStream.return());

  const stream = engine.chatStream(call);
  const texts = stream.textStream;
  assert.equal((await texts.next()).value, 'w0 ');
  const pending = texts.next();
  await assert.rejects(texts.next(), InvalidRequestError);
  await closesAfter(up, async () => {
    assert.deepEqual(await texts.return('left'), { value: 'left', done: true });
    assert.deepEqual(await pending, { value: undefined, done: true });
  });
  await assert.rejects(stream.completion(), CancelledError);

  const readable = Readable.from(engine.chatStream(call).textStream);
  assert.equal((await once(readable, 'data'))[0], 'w0 ');
  await new Promise((resolve) => setTimeout(resolve, 20));
  await closesAfter(up, async () => readable.destroy());
});

/** A signal as old polyfills have it: without a reason. */
class OldSignal extends EventTarget {
  aborted = false;
  abort() {
    this.aborted = true;
    this.dispatchEvent(new Event('abort'));
  }
}

upTest('a signal without a reason rejects with an AbortError', { say: 1 }, async (engine, up) => {
  const aborted = new OldSignal();
  aborted.abort();
  await assert.rejects(engine.chat({ ...call, signal: aborted }), { name: 'AbortError' });
  const before = engine.chatStream({ ...call, signal: aborted });
  await assert.rejects(before.next(), { name: 'AbortError' });
  await assert.rejects(before.completion(), { name: 'AbortError' });

  const during = new OldSignal();
  const opened = up.opened();
  const answer = engine.chat({ ...call, signal: during });
  await opened;
  during.abort();
  await assert.rejects(answer, { name: 'AbortError' });

  const between = new OldSignal();
  const stream = engine.chatStream({ ...call, signal: between });
  await stream.next();
  await closesAfter(up, async () => between.abort());
  await assert.rejects(stream.next(), { name: 'AbortError' });
  await assert.rejects(stream.completion(), { name: 'AbortError' });
});

upTest('cancelling a ReadableStream closes the socket', { say: 3 }, async (engine, up) => {
  const reader = engine.chatStream(call).toReadableStream().getReader();
  const { value } = await reader.read();
  assert.equal(JSON.parse(Buffer.from(value).toString()).object, 'chat.completion.chunk');
  await closesAfter(up, () => reader.cancel());
});

test('a signal that outlives its calls keeps nothing of them', async () => {
  const engine = new Engine();
  const { signal } = new AbortController();
  let listening = 0;
  signal.addEventListener = new Proxy(signal.addEventListener, {
    apply: (target, self, args) => ((listening += 1), Reflect.apply(target, self, args)),
  });
  signal.removeEventListener = new Proxy(signal.removeEventListener, {
    apply: (target, self, args) => ((listening -= 1), Reflect.apply(target, self, args)),
  });
  const options = { messages: 'one two', model: 'test/echo', signal };
  assert.equal((await engine.chat(options)).text, 'one two');
  for await (const _ of engine.chatStream(options));
  for await (const _ of engine.chatStream(options)) break;
  await assert.rejects(engine.chat({ ...options, extra_body: { test: { status: 400 } } }));
  assert.equal(listening, 0);
  engine.close();
});

test('streams that nobody reads to their end leave nothing at a signal', async () => {
  const source = `
    import { Engine } from ${JSON.stringify(new URL('../index.js', import.meta.url).href)};
    const engine = new Engine();
    const { signal } = new AbortController();
    let listening = 0;
    const count = (target, by) => new Proxy(target, { apply: (...given) => ((listening += by), Reflect.apply(...given)) });
    signal.addEventListener = count(signal.addEventListener, 1);
    signal.removeEventListener = count(signal.removeEventListener, -1);
    const begin = () => engine.chatStream({ messages: 'a b c', model: 'test/echo', signal }).next();
    for (let at = 0; at < 50; at += 1) await begin();
    const most = listening;
    for (let at = 0; at < 100 && listening > 0; at += 1) {
      globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    console.log(most, listening);
  `;
  const ran = spawnSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', source], { encoding: 'utf8' });
  assert.equal(ran.stdout, '1 0\n', ran.stderr);
});

test('an abort after the end changes nothing', async () => {
  const engine = new Engine();
  const abort = new AbortController();
  const stream = engine.chatStream({ messages: 'Hi', model: 'test/echo', signal: abort.signal });
  for await (const _ of stream);
  abort.abort();
  assert.equal((await stream.completion()).text, 'Hi');
});

upTest('1,000 cancelled calls leave nothing behind', { say: 1 }, async (engine, up) => {
  const before = process.getActiveResourcesInfo().length;
  for (let round = 0; round < 20; round += 1) {
    const abort = new AbortController();
    const calls = Array.from({ length: 25 }, () => engine.chat({ ...call, signal: abort.signal }));
    const streams = Array.from({ length: 25 }, () => engine.chatStream(call));
    await Promise.all(streams.map((stream) => stream.next()));
    abort.abort();
    streams.forEach((stream) => stream.close());
    const outcomes = await Promise.allSettled(calls);
    assert.ok(outcomes.every(({ status }) => status === 'rejected'));
  }
  const deadline = Date.now() + 5_000;
  while (up.sockets.size > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(up.sockets.size, 0);
  assert.ok(process.getActiveResourcesInfo().length <= before, String(process.getActiveResourcesInfo()));
});
