// Packs what is published: one package per platform for which there is a native module, and the package
// `slugline`, which names all platforms as optional dependencies. They are written only here: a committed
// list of packages that are not published yet breaks `npm ci`.
//
//     node npm/pack.mjs OUT [FOLDER_OF_NATIVE_MODULES]
//
// gives OUT/slugline-VERSION.tgz and its kin. Publish the platforms first, `slugline` last.

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const licences = ['LICENSE-APACHE', 'LICENSE-MIT'].map((name) => join(root, '..', name));
const read = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** Lays the packages out as folders of `out`; gives their names. */
export function stage(out, artifacts = root) {
  const whole = read(root);
  const platforms = readdirSync(join(root, 'npm'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ folder: join(root, 'npm', name), manifest: read(join(root, 'npm', name)) }));
  const staged = [];
  const lay = (name, manifest, files) => {
    const folder = join(out, name);
    mkdirSync(folder, { recursive: true });
    for (const file of files) cpSync(file, join(folder, file.split(/[\\/]/).at(-1)), { recursive: true });
    writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    staged.push(name);
  };
  for (const { folder, manifest } of platforms) {
    if (manifest.version !== whole.version) {
      throw new Error(`${manifest.name} is ${manifest.version}, but slugline ${whole.version}: they go together`);
    }
    const native = join(artifacts, manifest.main);
    if (existsSync(native)) lay(manifest.name, manifest, [native, join(folder, 'README.md'), ...licences]);
  }
  const { scripts, devDependencies, napi, ...published } = whole;
  const optionalDependencies = Object.fromEntries(platforms.map(({ manifest }) => [manifest.name, whole.version]));
  const files = ['index.js', 'index.d.ts', 'lib', 'README.md'].map((name) => join(root, name));
  lay('slugline', { ...published, optionalDependencies }, [...files, ...licences]);
  return staged;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [out, artifacts] = process.argv.slice(2);
  if (out === undefined) throw new Error('node npm/pack.mjs OUT [FOLDER_OF_NATIVE_MODULES]');
  const folder = resolve(out);
  for (const name of stage(folder, artifacts && resolve(artifacts))) {
    execFileSync('npm', ['pack', '--silent', `./${name}`], { cwd: folder, stdio: 'inherit' });
  }
}
