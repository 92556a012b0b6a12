// An answer as it comes, chunk by chunk, and the whole of it at the end.

import { Engine } from 'slugline';

const engine = new Engine();
const stream = engine.chatStream({ messages: 'One word at a time', model: 'test/echo' });
for await (const chunk of stream) {
  process.stdout.write(chunk.text);
}
console.log();
const answer = await stream.completion();
console.log(`${answer.usage?.total_tokens ?? 0} tokens`);
