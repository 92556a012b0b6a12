// The Node runner of core/conformance/engine: the cases that drive every language.

import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import test from 'node:test';

import { Engine, SluglineError } from 'slugline';

import { mismatch } from './support/pattern.js';

const ROOT = fileURLToPath(new URL('../../core/conformance/engine/', import.meta.url));
const NAMES = readdirSync(ROOT).sort();
const CASES = new Map(NAMES.map((name) => [name, load(name)]));
const skipped = NAMES.filter((name) => CASES.get(name).skip?.node !== undefined);
const ran = [];

/** A case; whole numbers beyond 2^53 - 1, which a Number cannot hold, become BigInts. */
function load(name) {
  const folder = JSON.stringify(ROOT + name).slice(1, -1);
  const text = readFileSync(`${ROOT}${name}/case.json`, 'utf8')
    .replaceAll('${case}', folder)
    .replaceAll('${temp}', () => JSON.stringify(mkdtempSync(`${tmpdir()}/slugline-`)).slice(1, -1))
    .replace(/^(\s*(?:"[^"]*": )?)(-?\d{16,})(,?)$/gm, '$1"<whole:$2>"$3');
  return JSON.parse(text, wholes);
}

function wholes(_, value) {
  const whole = typeof value === 'string' && /^<whole:(-?\d+)>$/.exec(value);
  if (!whole) return value;
  return Number.isSafeInteger(Number(whole[1])) ? Number(whole[1]) : BigInt(whole[1]);
}

const plain = (value) => JSON.parse(JSON.stringify(value));

/** Makes one call; gives what a case may expect of it. */
async function make(engine, { verb, args }) {
  const { slug, ...options } = args;
  switch (verb) {
    case 'chat':
      return whole(await engine.chat(args));
    case 'run_prompt':
      return whole(await engine.runPrompt(slug, options));
    case 'render_prompt':
      return { rendered: plain(await engine.renderPrompt(slug, options)) };
    case 'build_request':
      return { request: plain(await engine.buildRequest(args)) };
    case 'chat_stream':
      return read(engine.chatStream(args));
    case 'run_prompt_stream':
      return read(engine.runPromptStream(slug, options));
    case 'history':
      return { value: plain(await engine.history()) };
    case 'clear':
      return { value: (await engine.clear()) ?? null };
    case 'recordings.rerun':
      return whole(await engine.recordings.rerun(args.id, withoutId(args)));
    case 'recordings.get':
      return { value: plain(await engine.recordings.get(args.id)) };
    case 'recordings.query':
      return { value: plain(await engine.recordings.query(args.sql)) };
    case 'recordings.list':
      return { value: plain(await engine.recordings.list(args)) };
    case 'recordings.delete':
      return { value: plain(await engine.recordings.delete(args)) };
    case 'usage':
      return { value: plain(await engine.usage(args)) };
    case 'campaign_report': {
      const { key, ...rest } = args;
      return { value: plain(await engine.campaignReport(key, rest)) };
    }
    case 'feedback': {
      const { completion_id: id, metric, value, ...rest } = args;
      return { value: await engine.feedback(id, metric, value, rest) };
    }
    default:
      throw new Error(`no such verb: ${verb}`);
  }
}

function withoutId({ id, ...rest }) {
  return rest;
}

/** A call with the values that earlier ones kept in the places that name them. */
function filled(call, kept) {
  let text = JSON.stringify(call, (_, value) =>
    typeof value === 'bigint' ? `<whole:${value}>` : value,
  );
  for (const [name, value] of kept) text = text.replaceAll(`"\${${name}}"`, JSON.stringify(value));
  return JSON.parse(text, wholes);
}

function keep({ keep: names = {} }, got, kept) {
  for (const [name, path] of Object.entries(names)) {
    kept.set(
      name,
      path.split('.').reduce((value, step) => value[step], got),
    );
  }
}

function whole(answer) {
  return { completion: plain(answer), text: answer.text };
}

async function read(stream) {
  const got = { chunks: [], text: '' };
  try {
    for await (const chunk of stream) {
      got.chunks.push(plain(chunk));
      got.text += chunk.text;
    }
  } catch (error) {
    await assert.rejects(stream.completion(), (again) => again === error);
    return { ...got, error };
  }
  const completion = await stream.completion();
  if (completion.choices.length > 0) assert.equal(completion.text, got.text);
  return { ...got, completion: plain(completion) };
}

function check(expect, got) {
  if (got.error !== undefined) {
    assert.ok(got.error instanceof SluglineError, String(got.error?.stack));
    assert.ok('error' in expect, `failed with ${got.error.code}: ${got.error.message}`);
    got.error = plain(got.error);
  } else {
    assert.ok(!('error' in expect), `did not fail, but gave ${JSON.stringify(got)}`);
  }
  for (const [key, pattern] of Object.entries(expect)) {
    assert.equal(mismatch(key, pattern, got[key]), undefined);
  }
}

for (const name of NAMES.filter((name) => !skipped.includes(name))) {
  test(name, async () => {
    ran.push(name);
    const { config, open, calls } = CASES.get(name);
    if (open !== undefined) {
      assert.throws(
        () => new Engine(config),
        (error) => {
          check(open, { error });
          return true;
        },
      );
      return;
    }
    await using(new Engine(config), async (engine) => {
      const kept = new Map();
      for (const written of calls) {
        const call = filled(written, kept);
        const on = call.session === undefined ? engine : engine.session(call.session);
        const got = await make(on, call).catch((error) => ({ error }));
        keep(call, got, kept);
        check(call.expect, got);
      }
    });
  });
}

test('every case is run, here and in every language, or says why not', (context) => {
  context.diagnostic(`engine cases: ${ran.length} run, ${skipped.length} skipped`);
  assert.deepEqual([...ran, ...skipped].sort(), NAMES);
  assert.ok(ran.length > 60);
  for (const language of ['rust', 'python', 'swift']) {
    const left = NAMES.filter((name) => CASES.get(name).skip?.[language] !== undefined);
    assert.equal(left.length, skipped.length, `${language} runs another number of cases: it leaves out ${left}`);
  }
});

async function using(engine, work) {
  try {
    await work(engine);
  } finally {
    await engine[Symbol.asyncDispose]();
  }
}
