// Prompts as every language sees them: the template cases as prompts in memory, helpers, and reload.
// The recipe for the cases is in core/conformance/README.md.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { Worker } from 'node:worker_threads';

import { ConfigError, Engine, SluglineError, TemplateError } from 'slugline';

const ROOT = new URL('../../core/conformance/template/', import.meta.url);
const load = (name) => JSON.parse(readFileSync(new URL(name, ROOT), 'utf8'));
const VECTORS = load('variants.json');
const CASES = readdirSync(ROOT)
  .filter((name) => name.endsWith('.json') && name !== 'variants.json')
  .flatMap((file) => load(file).cases.map((one) => ({ ...one, name: `${file}: ${one.name}` })));
const skipped = CASES.filter((one) => one.no_prompt !== undefined || one.skip?.node !== undefined);

const plain = (value) => JSON.parse(JSON.stringify(value));

async function using(config, work) {
  const engine = new Engine(config);
  try {
    return await work(engine);
  } finally {
    engine.close();
  }
}

const partial = (name) => name.replace(/[^/]*$/, '_$&');

async function check({ template, partials = {}, data = {}, missing, expect }) {
  const prompts = { p: template };
  for (const [name, text] of Object.entries(partials)) prompts[partial(name)] = text;
  const engine = missing === undefined ? { prompts } : { prompts, missing };
  await using({ engine }, async (engine) => {
    const rendering = engine.renderPrompt('p', { variables: data });
    if (expect.error === undefined) {
      const user = expect.text?.trim() ? [{ role: 'user', content: expect.text }] : [];
      assert.deepEqual(plain((await rendering).messages), expect.messages ?? user);
      return;
    }
    const error = await rendering.then(
      (rendered) => assert.fail(JSON.stringify(rendered)),
      (error) => error,
    );
    assert.ok(error instanceof SluglineError, String(error));
    const { code, line, column, says = '', variables } = expect.error;
    assert.equal(error.code, code);
    assert.deepEqual([error.location.line, error.location.column], [line, column]);
    assert.ok(error.message.includes(says), error.message);
    assert.deepEqual(error.details.variables, variables);
  });
}

let run = 0;
for (const one of CASES.filter((one) => !skipped.includes(one))) {
  test(one.name, async () => {
    run += 1;
    await check(one);
  });
}

test('every template case is run or says why not', (context) => {
  context.diagnostic(`template cases: ${run} run, ${skipped.length} skipped`);
  assert.equal(run + skipped.length, CASES.length);
  assert.ok(CASES.length > 370 && skipped.length < 20);
});

/** The seed that a call of a prompt gets from the campaign it takes part in. */
function seed({ id, salt, key }, campaign) {
  const campaigns = { [id]: { ...campaign, applies_to: { prompts: ['p'] }, salt } };
  return using({ engine: { prompts: { p: 'Hi' } }, campaigns }, async (engine) => {
    const { params } = await engine.renderPrompt('p', { assignment_key: key });
    return params.seed;
  });
}

const arms = (weights) =>
  Object.entries(weights).map(([name, weight], at) => ({ name, weight, params: { seed: at } }));

test('draws', async () => {
  for (const vector of VECTORS.draws) {
    for (const [edge, below] of [
      [vector.draw - 1e-9, false],
      [vector.draw + 1e-9, true],
    ]) {
      const split =
        vector.kind === 'arm'
          ? { arms: arms({ a: edge, b: 1 - edge }) }
          : { traffic_split: edge, arms: arms({ one: 1 }) };
      assert.equal((await seed(vector, split)) === 0, below, JSON.stringify(vector));
    }
  }
});

test('traffic', async () => {
  for (const vector of VECTORS.traffic) {
    const split = { traffic_split: vector.share, arms: arms({ one: 1 }) };
    assert.equal((await seed(vector, split)) === 0, vector.takes_part, JSON.stringify(vector));
  }
});

test('arms', async () => {
  for (const vector of VECTORS.arms) {
    const campaign = { arms: arms(vector.arms) };
    if (vector.arm === null) {
      await assert.rejects(async () => seed(vector, campaign), ConfigError);
    } else {
      const arm = Object.keys(vector.arms)[await seed(vector, campaign)];
      assert.equal(arm, vector.arm, JSON.stringify(vector));
    }
  }
});

test('hashes', async () => {
  for (const { name, files, slug, hash } of VECTORS.hashes) {
    await using({ engine: { prompts: files } }, async (engine) => {
      assert.equal((await engine.prompts.get(slug)).hash, hash, name);
    });
  }
});

const shout = (text, mark = '!') =>
  text.toUpperCase() + (typeof mark === 'string' ? mark : JSON.stringify(mark));

const opened = (prompts, helpers, work) => using({ engine: { prompts }, helpers }, work);

async function content(engine, variables) {
  return (await engine.renderPrompt('p', { variables })).messages[0].content;
}

test('a helper is called', async () => {
  const p = '{{shout name}} {{shout name "?"}} {{shout (shout name) mark=x}}';
  await opened({ p }, { shout }, async (engine) => {
    assert.equal(await content(engine, { name: 'Ada', x: '#' }), 'ADA! ADA? ADA!{"mark":"#"}');
  });
});

test('helpers get and give plain data', async () => {
  const seen = [];
  const look = (...given) => {
    seen.push(given);
    return { list: [1, 2.5, null, true], text: 'é', big: 2n ** 64n - 1n };
  };
  await opened({ p: '{{look a nope k=b}}' }, { look }, async (engine) => {
    const rendered = await content(engine, { a: [1, { x: 'y' }], b: null });
    assert.equal(rendered, '{"list":[1,2.5,null,true],"text":"é","big":18446744073709551615}');
  });
  assert.deepEqual(seen, [[[1, { x: 'y' }], null, { k: null }]]);
});

test('helpers given as overrides are called by every verb', async () => {
  const p = '---\nmodel: test/echo\n---\n{{shout name}}';
  const engine = new Engine(undefined, { prompts: { p }, helpers: { shout } });
  const call = { variables: { name: 'Ada' } };
  assert.equal((await engine.runPrompt('p', call)).text, 'ADA!');
  const many = Array.from({ length: 50 }, () => engine.runPrompt('p', call));
  assert.deepEqual(new Set((await Promise.all(many)).map(({ text }) => text)), new Set(['ADA!']));
  let text = '';
  for await (const piece of engine.runPromptStream('p', call).textStream) text += piece;
  assert.equal(text, 'ADA!');
  const { body } = await engine.buildRequest({ slug: 'p', ...call });
  assert.deepEqual(body.messages, [{ role: 'user', content: 'ADA!' }]);
  engine.close();
});

const boom = new Error('a value that no message may show');
const throwing = (thrown) => () => { throw thrown; };
const reading = (thrown) => () => Object.defineProperty({}, 'a', { get: throwing(thrown), enumerable: true });
const touchy = new Proxy(new Error('x'), { getPrototypeOf: throwing(boom), get: throwing(boom) });
const nameless = Object.defineProperty(new Error('x'), 'constructor', { get: throwing(boom) });
class Exploding extends Error {}
const failing = {
  'one that throws': [throwing(boom), 'it threw Error', boom],
  'one that throws text': [throwing('a value that no message may show'), 'it threw an exception'],
  'one that throws null': [throwing(null), 'it threw an exception'],
  'one that throws nothing': [throwing(undefined), 'it threw an exception'],
  'one that throws a class of its own': [throwing(new Exploding('x')), 'it threw Exploding'],
  'one that throws what cannot be looked at': [throwing(touchy), 'it threw an exception', touchy],
  'one that throws what has no class': [throwing(nameless), 'it threw an exception', nameless],
  'one that recurses': [function deep() { return deep() + 1; }, 'it threw RangeError'],
  'one that gives a function': [() => () => 1, 'it gave what is no JSON'],
  'one that gives NaN': [() => ({ deep: [NaN] }), 'it gave what is no JSON: `deep[0]`'],
  'one that gives what throws when read': [reading(boom), 'it threw Error', boom],
  'one that gives what throws nothing when read': [reading(undefined), 'it threw an exception'],
  'one that gives what throws null as JSON': [() => ({ toJSON: throwing(null) }), 'it threw an exception'],
  'one that gives a proxy': [() => new Proxy({}, { ownKeys: throwing(boom) }), 'it threw Error', boom],
  'one that gives what is gone': [() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; }, 'it threw TypeError'],
  'one that gives a promise': [async () => { throw boom; }, 'it gave a promise'],
  'one that gives a promise that throws': [() => ({ get then() { throw null; } }), 'it threw an exception'],
};

for (const [name, [helper, says, cause]] of Object.entries(failing)) {
  test(`a failing helper is a template error: ${name}`, async () => {
    await opened({ 'dir/p': 'one\n {{it 1}}', p: '{{shout "x"}}' }, { it: helper, shout }, async (engine) => {
      // Another call waits for the same thread, and must not be held up.
      const others = [1, 2, 3].map(() => content(engine, {}));
      await assert.rejects(engine.renderPrompt('dir/p'), (error) => {
        assert.ok(error instanceof TemplateError);
        assert.ok(error.message.startsWith('dir/p.prompt:2:4: the helper `it` failed: '), error.message);
        assert.ok(error.message.includes(says), error.message);
        assert.ok(!error.message.includes('no message may show'));
        assert.deepEqual(error.details, { helper: 'it' });
        if (cause !== undefined) assert.ok(error.cause === cause);
        return true;
      });
      assert.deepEqual(await Promise.all(others), ['X!', 'X!', 'X!']);
    });
  });
}

test('whole numbers that a Number cannot hold are refused', async () => {
  await opened({ p: '{{same x}}' }, { same: (x) => x }, async (engine) => {
    assert.equal(await content(engine, { x: Number.MAX_SAFE_INTEGER }), '9007199254740991');
    await assert.rejects(content(engine, { x: { y: [2n ** 53n] } }), /not exact in JavaScript/);
  });
});

test('nothing and undefined are null', async () => {
  await opened({ p: '[{{none 1}}]' }, { none: () => {} }, async (engine) => {
    assert.equal(await content(engine, {}), '[]');
  });
});

test('helpers are checked at opening', () => {
  for (const [helpers, param] of [
    [{ shout: 'shout' }, 'helpers.shout'],
    [{ upper: shout }, 'helpers.upper'],
    [{ 'a b': shout }, 'helpers.a b'],
    [{ 'a\ud800': shout }, 'helpers.a\ufffd'],
    [[], 'helpers'],
    [() => 1, 'helpers'],
    ['shout', 'helpers'],
  ]) {
    assert.throws(
      () => new Engine({ helpers }),
      (error) => error instanceof ConfigError && error.param === param,
    );
  }
});

test('a worker that ends while a helper is asked leaves nothing behind', async () => {
  const code = `
    import { Engine } from ${JSON.stringify(new URL('../index.js', import.meta.url).href)};
    import { parentPort } from 'node:worker_threads';
    const helpers = { last: () => { parentPort.postMessage('asked'); process.exit(); } };
    const engine = new Engine({ engine: { prompts: { p: '{{last 1}}' } }, helpers });
    await engine.renderPrompt('p');
  `;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const heard = [];
  worker.on('message', (message) => heard.push(message));
  await new Promise((resolve, reject) => worker.on('exit', resolve).on('error', reject));
  assert.deepEqual(heard, ['asked']);
});

test('a changed prompt is read again and a broken one is not', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'slugline-'));
  const file = join(folder, 'p.prompt');
  writeFileSync(file, 'One');
  await using({ engine: { prompts: folder } }, async (engine) => {
    assert.equal(await content(engine), 'One');
    writeFileSync(file, 'Two!');
    assert.equal(await content(engine), 'Two!');
    writeFileSync(file, '{{#if x}}');
    const kept = await engine.renderPrompt('p');
    assert.equal(kept.messages[0].content, 'Two!');
    assert.deepEqual(kept.warnings.map(({ code }) => code), ['prompt_not_reloaded']);
    assert.ok(kept.warnings[0].message.includes('p.prompt:1:1'));
    assert.deepEqual((await engine.prompts.check()).map(({ code }) => code), ['template_error']);
    writeFileSync(file, 'Mended');
    assert.equal(await content(engine), 'Mended');
  });
  rmSync(folder, { recursive: true });
});
