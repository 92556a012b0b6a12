// Processes: an idle engine lets one end, a pending call does not; worker threads come and go.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import test from 'node:test';
import { Worker } from 'node:worker_threads';

const here = new URL('.', import.meta.url);

/** Runs a module in a process of its own. */
function run(source) {
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', source], { cwd: here, encoding: 'utf8', timeout: 20_000 });
  assert.equal(child.status, 0, child.stderr || String(child.signal ?? child.error));
  return child.stdout.trim();
}

const OPEN = `import { Engine } from 'slugline'; const engine = new Engine();`;
const SLOW = `{ messages: 'Hi', model: 'test/echo', extra_body: { test: { ttft_ms: 300 } } }`;
const STALLED = `{ messages: 'Hi', model: 'test/echo', extra_body: { test: { stall_after: 1 } } }`;

test('an idle engine does not keep the process alive', () => {
  const started = performance.now();
  assert.equal(run(`${OPEN} await engine.chat({ messages: 'Hi', model: 'test/echo' }); console.log('idle');`), 'idle');
  assert.ok(performance.now() - started < 10_000);
});

test('a pending call keeps it alive', () => {
  assert.equal(run(`${OPEN} engine.chat(${SLOW}).then(({ text }) => console.log(text));`), 'Hi');
  assert.equal(run(`${OPEN} engine.chatStream(${SLOW}).completion().then(({ text }) => console.log(text));`), 'Hi');
});

test('a stream that nobody reads does not', () => {
  assert.equal(run(`${OPEN} const stream = engine.chatStream(${STALLED}); await stream.next(); console.log('left');`), 'left');
});

test('a process may exit with calls in flight', () => {
  assert.equal(run(`${OPEN} for (let i = 0; i < 20; i += 1) engine.chat(${SLOW}); console.log('out'); setTimeout(() => process.exit(0), 50);`), 'out');
});

test('a stream that is collected closes its socket', () => {
  const source = `${OPEN}
    import { setFlagsFromString } from 'node:v8';
    import { runInNewContext } from 'node:vm';
    import { upstream } from './support/server.js';
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc');
    const up = await upstream({ say: 1 });
    const other = new Engine(up.config);
    const { signal } = new AbortController();
    await (async () => { await other.chatStream({ messages: 'Hi', model: 'up/m', signal }).next(); })();
    const closed = up.closed();
    const collecting = setInterval(gc, 20);
    await closed;
    clearInterval(collecting);
    await up.close();
    console.log('closed');`;
  assert.equal(run(source), 'closed');
});

test('worker threads come and go, with calls in flight and without', async () => {
  const work = (rest) =>
    new Worker(
      `import { parentPort } from 'node:worker_threads'; ${OPEN}
       const { text } = await engine.chat({ messages: 'from a worker', model: 'test/echo' });
       parentPort.postMessage(text);
       ${rest}`.replace("'slugline'", JSON.stringify(import.meta.resolve('slugline'))),
      { eval: true, execArgv: ['--input-type=module'] },
    );
  const flying = `
    for (let i = 0; i < 10; i += 1) engine.chat(${SLOW}).catch(() => {});
    const stream = engine.chatStream(${STALLED}); await stream.next(); await stream.next(); stream.next().catch(() => {});`;
  for (let round = 0; round < 5; round += 1) {
    const ending = work('');
    const ended = once(ending, 'exit');
    const terminated = work(flying);
    const texts = await Promise.all([ending, terminated].map((worker) => once(worker, 'message')));
    assert.deepEqual(texts.flat(), ['from a worker', 'from a worker']);
    await ended;
    await new Promise((resolve) => setTimeout(resolve, 20));
    await terminated.terminate();
  }
});
