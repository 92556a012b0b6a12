// What a chunk costs on one stream where everything is ready, in microseconds, as medians; the size of the
// native module and the time to load it. Offline: the `test` provider says the words.
//
//     npm run build:dist && node bench/stream.mjs [CHUNKS] [ROUNDS]

import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';

import { Engine } from 'slugline';

const chunks = Number(process.argv[2] ?? 50_000);
const rounds = Number(process.argv[3] ?? 9);

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

const engine = new Engine();
const words = Array.from({ length: chunks }, (_, index) => `word${index % 10} `);
const call = { messages: 'Hi', model: 'test/echo', extra_body: { test: { chunks: words } } };

/** Microseconds a chunk, of the wall and of all the process's threads. */
async function round(read) {
  const stream = engine.chatStream(call);
  // The request is read and the first chunk made before the clock starts.
  await stream.next();
  const cpu = process.cpuUsage();
  const started = performance.now();
  const count = await read(stream);
  const wall = performance.now() - started;
  const { user, system } = process.cpuUsage(cpu);
  return { wall: (wall * 1000) / count, cpu: (user + system) / count };
}

async function measure(name, read) {
  const all = [];
  await round(read);
  for (let index = 0; index < rounds; index += 1) all.push(await round(read));
  const wall = median(all.map((one) => one.wall)).toFixed(2);
  const cpu = median(all.map((one) => one.cpu)).toFixed(2);
  console.log(`${name.padEnd(28)} ${wall} us a chunk (CPU ${cpu})`);
}

await measure('for await (chunk)', async (stream) => {
  let count = 0;
  for await (const chunk of stream) count += chunk.choices.length;
  return count;
});
await measure('for await (text)', async (stream) => {
  let count = 0;
  for await (const text of stream.textStream) count += text === '' ? 0 : 1;
  return count;
});
await measure('completion()', async (stream) => {
  const answer = await stream.completion();
  return answer.usage.completion_tokens;
});

/** Milliseconds of a whole process, and its megabytes, with and without the package. */
function child(source) {
  const started = performance.now();
  const ran = spawnSync(process.execPath, ['--input-type=module', '-e', `${source}; console.log(process.memoryUsage().rss)`], {
    cwd: new URL('.', import.meta.url),
    encoding: 'utf8',
  });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return { ms: performance.now() - started, rss: Number(ran.stdout) / 2 ** 20 };
}
const bare = [];
const loaded = [];
for (let index = 0; index < rounds; index += 1) {
  bare.push(child(''));
  loaded.push(child("import { Engine } from 'slugline'; new Engine()"));
}
const over = (key) => (median(loaded.map((one) => one[key])) - median(bare.map((one) => one[key]))).toFixed(1);
console.log(`import + new Engine()        ${over('ms')} ms and ${over('rss')} MB above bare Node`);

const folder = new URL('..', import.meta.url);
for (const name of readdirSync(folder).filter((name) => name.endsWith('.node'))) {
  console.log(`${name.padEnd(28)} ${(statSync(new URL(name, folder)).size / 2 ** 20).toFixed(1)} MB`);
}
