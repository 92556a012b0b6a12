// Three lines to an answer. The built-in test provider echoes, so that no key is needed:
//
//     node examples/node/quickstart.mjs

import { Engine } from 'slugline';

const engine = new Engine();
const answer = await engine.chat({ messages: 'Hello from Node', model: 'test/echo' });
console.log(answer.text);
