// A stored prompt, run by its slug with variables.

import { Engine } from 'slugline';

const engine = new Engine(new URL('../slugline.toml', import.meta.url));
const answer = await engine.runPrompt('greet', { variables: { name: 'Ada' } });
console.log(answer.text);
const { prompt } = answer.meta;
if (prompt !== null) {
  console.log(`prompt ${prompt.slug} ${prompt.hash.slice(0, 8)}, answered by ${answer.model}`);
}
