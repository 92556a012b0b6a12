// Every public name: what api.json lists, what `index.js` gives and what `index.d.ts` says are the same.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'node:test';

import ts from 'typescript';

import * as slugline from 'slugline';

const API = new URL('../../core/conformance/api.json', import.meta.url);
const listed = JSON.parse(readFileSync(API, 'utf8')).node?.slugline ?? {};

/**
 * The names that `index.d.ts` exports, with the public members of each, `[]` for what has none; and which of
 * the names are values.
 */
function declared() {
  const path = fileURLToPath(new URL('../index.d.ts', import.meta.url));
  const program = ts.createProgram([path], { target: ts.ScriptTarget.ES2022, lib: ['lib.es2024.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts'], types: [] });
  const checker = program.getTypeChecker();
  const ours = (symbol) => symbol.declarations?.every((declaration) => declaration.getSourceFile().fileName === path);
  const names = {};
  const values = [];
  for (const symbol of checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(path)))) {
    const named = symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface);
    const members = named ? checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol)) : [];
    if (symbol.flags & ts.SymbolFlags.Value) values.push(symbol.name);
    names[symbol.name] = members
      .filter((member) => ours(member) && !member.name.startsWith('__@'))
      .map((member) => member.name)
      .sort();
  }
  return { names, values: values.sort() };
}

const SORTED = (names) => Object.fromEntries(Object.entries(names).sort(([a], [b]) => (a < b ? -1 : 1)));

test('index.d.ts declares what api.json lists', () => {
  assert.deepEqual(SORTED(declared().names), SORTED(listed));
});

test('index.js gives every value that is declared, and nothing else', async () => {
  const values = Object.keys(slugline).sort();
  assert.deepEqual(values, declared().values);
  const engine = new slugline.Engine();
  const call = { messages: 'Hi', model: 'test/echo' };
  const completion = await engine.chat(call);
  const stream = engine.chatStream({ ...call, stream_options: { include_usage: true } });
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  const samples = {
    Engine: [engine],
    Prompts: [engine.prompts],
    ChatStream: [stream],
    ChatCompletion: [completion],
    ChatCompletionChunk: chunks,
    ProviderRequest: [await engine.buildRequest(call)],
    Choice: completion.choices,
    ChunkChoice: chunks.flatMap(({ choices }) => choices),
    Meta: [completion.meta],
    Timing: [completion.meta.timing],
    Attempt: completion.meta.attempts,
  };
  const optional = {
    ChatCompletion: ['extra', 'service_tier', 'system_fingerprint'],
    ChatCompletionChunk: ['extra'],
    Choice: ['extra'],
    ChunkChoice: ['native_finish_reason'],
  };
  for (const [name, objects] of Object.entries(samples)) {
    const has = (member) => objects.some((object) => member in object);
    const missing = listed[name].filter((member) => !has(member) && !optional[name]?.includes(member));
    assert.deepEqual(missing, [], name);
    if (slugline[name] !== undefined) assert.ok(objects[0] instanceof slugline[name], name);
  }
  // And no field of an answer that no type tells of.
  for (const name of ['ChatCompletion', 'Choice', 'Meta', 'Timing', 'Attempt', 'ProviderRequest', 'ChatCompletionChunk', 'ChunkChoice']) {
    const unknown = samples[name].flatMap(Object.keys).filter((key) => !listed[name].includes(key));
    assert.deepEqual(unknown, [], name);
  }
});

test('every typed option is one of the core', async () => {
  const engine = new slugline.Engine(new URL('../../examples/slugline.toml', import.meta.url));
  const absent = (names) => Object.fromEntries(names.filter((name) => name !== 'signal').map((name) => [name, null]));
  const answer = await engine.chat({ ...absent(listed.CallOptions), messages: 'Hi', model: 'test/echo' });
  assert.equal(answer.text, 'Hi');
  const options = { ...absent(listed.PromptOptions), variables: { name: 'Ada' } };
  assert.equal((await engine.renderPrompt('greet', options)).messages.length, 1);
});
