// The examples run offline and say what they say in every language.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import test from 'node:test';

const examples = fileURLToPath(new URL('../../examples/node/', import.meta.url));
const SAYS = {
  'quickstart.mjs': /^Hello from Node\n$/,
  'stream.mjs': /^One word at a time\n\d+ tokens\n$/,
  'run_prompt.mjs': /^Say hello to Ada.*\nprompt greet [0-9a-f]{8}, answered by test\/echo\n$/s,
  'session.mjs': /^user: My name is Ada\.\nassistant: My name is Ada\.\nuser: What is my name\?\nassistant: What is my name\?\n2 calls recorded\n$/,
  'campaign.mjs': /^cool: 18 calls, 1\.00 liked it\nplain: 22 calls, 0\.27 liked it\na difference\n$/,
  'fallback.mjs': /^test\/echo: Is anybody there\?\n  down\/some-model: connection\n  test\/echo: ok\n$/,
};

/** They import the package by its name, as a program of one's own would. */
function link() {
  const modules = `${examples}node_modules/`;
  if (existsSync(`${modules}slugline`)) return;
  mkdirSync(modules, { recursive: true });
  symlinkSync(fileURLToPath(new URL('..', import.meta.url)), `${modules}slugline`, 'junction');
}

test('every example is known here', () => {
  const found = readdirSync(examples).filter((name) => name.endsWith('.mjs'));
  assert.deepEqual(found.sort(), Object.keys(SAYS).sort());
});

for (const [name, says] of Object.entries(SAYS)) {
  test(name, () => {
    link();
    const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.endsWith('_API_KEY')));
    const ran = spawnSync(process.execPath, [examples + name], { encoding: 'utf8', env });
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout, says);
  });
}
