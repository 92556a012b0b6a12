// Builds the native module of this machine into the package's folder, where the loader looks first.
//
//     node npm/build.mjs [PROFILE]
//
// The default profile is `dev`, which shares what the workspace has built before; `npm run build:dist` builds
// what is released.

import { execFileSync } from 'node:child_process';
import { copyFileSync, renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const profile = process.argv[2] ?? 'dev';
const cargo = (...args) => execFileSync('cargo', args, { cwd: root, maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'] });

const built = cargo('build', '-q', '-p', 'slugline-node', '--profile', profile, '--message-format', 'json-render-diagnostics')
  .toString()
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))
  .findLast(({ reason, target }) => reason === 'compiler-artifact' && target.name === 'slugline_node');

const abi = {
  linux: () => (process.report.getReport().header.glibcVersionRuntime === undefined ? '-musl' : '-gnu'),
  win32: () => '-msvc',
}[process.platform];
const name = `slugline.${process.platform}-${process.arch}${abi?.() ?? ''}.node`;
// Put in place whole: a process may have the old one loaded.
copyFileSync(built.filenames[0], `${root}${name}.new`);
renameSync(`${root}${name}.new`, `${root}${name}`);
