// Finds the native module: the local build in the package's folder first, then the package of this
// platform, which npm installs beside this one.

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

// Where two are named, both are tried: old versions of npm install them side by side.
const PLATFORMS = {
  'linux-x64': ['linux-x64-gnu', 'linux-x64-musl'],
  'linux-arm64': ['linux-arm64-gnu', 'linux-arm64-musl'],
  'darwin-x64': ['darwin-x64'],
  'darwin-arm64': ['darwin-arm64'],
  'win32-x64': ['win32-x64-msvc'],
  'win32-arm64': ['win32-arm64-msvc'],
};

function load() {
  const here = `${process.platform}-${process.arch}`;
  const names = PLATFORMS[here];
  if (names === undefined) {
    throw new Error(
      `slugline has no native module for ${here}; there is one for ${Object.keys(PLATFORMS).join(', ')}`,
    );
  }
  const problems = [];
  for (const name of names) {
    const local = fileURLToPath(new URL(`../slugline.${name}.node`, import.meta.url));
    for (const place of existsSync(local) ? [local] : [`slugline-${name}`]) {
      try {
        return require(place);
      } catch (error) {
        problems.push(error);
      }
    }
  }
  const broken = problems.find((error) => error.code !== 'MODULE_NOT_FOUND');
  const packages = names.map((name) => `slugline-${name}`).join(' or ');
  throw new Error(
    broken
      ? `slugline's native module for ${here} does not load: ${broken.message}`
      : `slugline's native module is missing: the package ${packages} is not installed. npm leaves it out ` +
          'where package-lock.json was written on another platform or optional dependencies are off ' +
          '(--omit=optional): remove node_modules and package-lock.json and install again.',
    { cause: broken ?? problems[0] },
  );
}

export const native = load();
