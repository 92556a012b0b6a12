// The package as it is published: which files it has, how it finds its native module, and what it says
// where there is none.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';

import { stage } from '../npm/pack.mjs';

function installed(body) {
  const folder = mkdtempSync(join(tmpdir(), 'slugline-'));
  try {
    const staged = stage(join(folder, 'node_modules'));
    const run = (type, source) =>
      spawnSync(process.execPath, [`--input-type=${type}`, '-e', source], { cwd: folder, encoding: 'utf8' });
    body({ folder, staged, run });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('an installed package finds the package of its platform, imported and required', () => {
  installed(({ folder, staged, run }) => {
    assert.equal(staged.length, 2, String(staged));
    const manifest = JSON.parse(readFileSync(join(folder, 'node_modules/slugline/package.json'), 'utf8'));
    assert.equal(Object.keys(manifest.optionalDependencies).length, 8);
    assert.ok(manifest.scripts === undefined && manifest.devDependencies === undefined);
    const chat = `new Engine().chat({ messages: 'found', model: 'test/echo' }).then(({ text }) => console.log(text))`;
    for (const [type, load] of [
      ['module', `import { Engine } from 'slugline';`],
      ['commonjs', `const { Engine } = require('slugline');`],
    ]) {
      const ran = run(type, `${load} ${chat}`);
      assert.equal(ran.stdout, 'found\n', ran.stderr);
    }
  });
});

test('what is published has its licences, its page and what its manifest names', () => {
  installed(({ folder, staged }) => {
    for (const name of staged) {
      const at = join(folder, 'node_modules', name);
      const packed = spawnSync('npm', ['pack', '--dry-run', '--json', '--silent'], { cwd: at, encoding: 'utf8' });
      const files = JSON.parse(packed.stdout)[0].files.map(({ path }) => path);
      const { main, types = main } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'));
      const needed = ['LICENSE-APACHE', 'LICENSE-MIT', 'README.md', 'package.json', main, types];
      const missing = needed.filter((file) => !files.includes(file.replace(/^\.\//, '')));
      assert.deepEqual(missing, [], name);
      assert.deepEqual(files.filter((file) => /test|node_modules|src\//.test(file)), []);
    }
  });
});

test('a missing native module is named, with the usual cause', () => {
  installed(({ folder, staged, run }) => {
    const platform = staged.find((name) => name !== 'slugline');
    rmSync(join(folder, 'node_modules', platform), { recursive: true });
    const ran = run('module', `await import('slugline').catch(({ message }) => console.log(message))`);
    assert.ok(ran.stdout.includes(platform), ran.stderr);
    assert.match(ran.stdout, /package-lock\.json/);
  });
});

test('the lock file names no registry', () => {
  const lock = readFileSync(new URL('../package-lock.json', import.meta.url), 'utf8');
  assert.doesNotMatch(lock, /https?:\/\/[^"]*\.tgz/);
});
