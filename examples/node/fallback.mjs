// A fallback list: the first target is down, the second answers, and every attempt is told.

import { Engine } from 'slugline';

const engine = new Engine({
  providers: { down: { dialect: 'openai', base_url: 'http://127.0.0.1:9/v1' } },
  engine: { max_retries: 0 },
});
const answer = await engine.chat({
  messages: 'Is anybody there?',
  model: ['down/some-model', 'test/echo'],
});
console.log(`${answer.model}: ${answer.text}`);
for (const attempt of answer.meta.attempts) {
  console.log(`  ${attempt.provider}/${attempt.model}: ${attempt.code ?? 'ok'}`);
}
