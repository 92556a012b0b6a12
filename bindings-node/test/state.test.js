// Sessions, recordings, feedback and campaigns, where Node adds something to what the shared cases check.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { ConfigError, ConflictError, Engine, InvalidRequestError, NotFoundError } from 'slugline';

const VECTORS = new URL('../../core/conformance/template/variants.json', import.meta.url);
const folder = () => mkdtempSync(join(tmpdir(), 'slugline-'));
const stored = (path) => ({ engine: { storage: `sqlite:${join(path, 'state.db')}` } });
const echo = (messages, more) => ({ messages, model: 'test/echo', ...more });

test('two writers in one session get one conflict, with the answer in it', async () => {
  const session = new Engine().session('s');
  const slow = (text) => session.chat(echo(text, { extra_body: { test: { ttft_ms: 50 } } }));
  const outcomes = await Promise.allSettled([slow('one'), slow('two')]);
  const lost = outcomes.filter(({ status }) => status === 'rejected').map(({ reason }) => reason);
  assert.equal(lost.length, 1);
  assert.ok(lost[0] instanceof ConflictError);
  assert.ok(['one', 'two'].includes(lost[0].partial.text));
  assert.equal((await session.history()).length, 2);
});

test('a session stream that is left early adds no turn', async () => {
  const session = new Engine().session('s');
  const options = echo('a b c', { extra_body: { test: { chunk_delay_ms: 20 } } });
  for await (const chunk of session.chatStream(options)) {
    assert.equal(chunk.session_id, 's');
    break;
  }
  assert.deepEqual(await session.history(), []);
  const stream = session.chatStream(echo('a b c'));
  assert.equal((await stream.completion()).text, 'a b c');
  assert.equal((await session.history()).length, 2);
});

test('an answer of the history goes back into a call', async () => {
  const engine = new Engine();
  const session = engine.session('s');
  assert.equal(session.id, 's');
  await session.chat(echo('one'));
  const history = await session.history();
  const answer = await engine.chat(echo([...history, { role: 'user', content: 'two' }]));
  assert.equal(answer.text, 'two');
});

test('times are dates or milliseconds', async () => {
  const engine = new Engine();
  await engine.chat(echo('Hi'));
  const at = (ms) => new Date(Date.now() + ms);
  assert.equal((await engine.recordings.list({ since: at(-60_000) })).recordings.length, 1);
  assert.equal((await engine.recordings.list({ since: at(60_000) })).recordings.length, 0);
  assert.equal((await engine.usage({ until: Date.now() + 60_000 }))[0].calls, 1);
});

test('what does not fit is told with its name', async () => {
  const engine = new Engine();
  const refused = (param) => (error) => error instanceof InvalidRequestError && error.param === param;
  await assert.rejects(engine.recordings.list({ promt: 'greet' }), refused('promt'));
  await assert.rejects(engine.feedback('x', 'thumbs', true, { coment: 'x' }), refused('coment'));
  await assert.rejects(engine.usage({ group_by: 'model', form: 1 }), refused('form'));
  await assert.rejects(engine.recordings.get(3), refused('id'));
  await assert.rejects(engine.feedback('x', 'thumbs', 'yes'), refused('value'));
  await assert.rejects(engine.feedback('x', 'thumbs', true), NotFoundError);
  assert.throws(() => engine.session(3), refused('id'));
});

test('an export is complete', async () => {
  const path = join(folder(), 'calls.jsonl');
  const engine = new Engine({ engine: { recording: 'full' } });
  await engine.chat(echo('one'));
  await engine.chat(echo('two'));
  assert.equal(await engine.recordings.export(path), 2);
  const lines = readFileSync(path, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(lines.map((line) => line.answer[0].message.content), ['two', 'one']);
});

test('closing writes what was recorded, in both ways, and so does a process that just ends', async () => {
  const path = folder();
  const first = new Engine(stored(path));
  for (let n = 0; n < 20; n += 1) await first.chat(echo('Hi'));
  first.close();
  const second = new Engine(stored(path));
  await second.chat(echo('Hi'));
  await second[Symbol.asyncDispose]();
  const program = `
    import { Engine } from 'slugline';
    const engine = new Engine(${JSON.stringify(stored(path))});
    await engine.chat({ messages: 'Hi', model: 'test/echo' });
    await engine.recordings.list();
  `;
  const ended = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    cwd: new URL('.', import.meta.url),
    timeout: 20_000,
  });
  assert.equal(ended.status, 0, String(ended.stderr));
  const third = new Engine(stored(path));
  assert.equal((await third.usage())[0].calls, 22);
  assert.equal(third.recordings.lost, 0);
  third.close();
});

test('campaigns draw as the vectors say', async (context) => {
  const vectors = JSON.parse(readFileSync(VECTORS, 'utf8'));
  const groups = new Map();
  for (const vector of [...vectors.arms, ...vectors.traffic]) {
    const name = JSON.stringify([vector.id, vector.salt, vector.arms ?? vector.share]);
    groups.set(name, [...(groups.get(name) ?? []), vector]);
  }
  let run = 0;
  for (const group of groups.values()) {
    const { id, salt, arms: weights = { only: 1 }, share = 1 } = group[0];
    const arms = Object.entries(weights).map(([name, weight]) => ({ name, weight }));
    const config = {
      projects: { p: { default_model: 'test/echo' } },
      campaigns: { [id]: { applies_to: { project: 'p' }, salt, traffic_split: share, arms } },
    };
    if (!arms.some(({ weight }) => weight > 0)) {
      assert.throws(() => new Engine(config), ConfigError);
      assert.ok(group.every(({ arm }) => arm === null));
      run += group.length;
      continue;
    }
    const engine = new Engine(config);
    for (const { key, arm, takes_part: takesPart = true } of group) {
      const { meta } = await engine.chat({ messages: 'Hi', project: 'p', assignment_key: key });
      if (arm !== undefined) assert.deepEqual({ ...meta.campaign }, { key: id, arm });
      else assert.equal(meta.campaign !== null, takesPart);
      run += 1;
    }
  }
  context.diagnostic(`${run} vectors`);
  assert.equal(run, vectors.arms.length + vectors.traffic.length);
});
