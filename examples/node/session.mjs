// A conversation that the engine keeps: each call sees the turns before it.

import { Engine } from 'slugline';

const engine = new Engine(new URL('../slugline.toml', import.meta.url));
const session = engine.session('ada');
await session.chat({ messages: 'My name is Ada.' });
await session.chat({ messages: 'What is my name?' });
for (const { role, content } of await session.history()) console.log(`${role}: ${content}`);
for (const { calls } of await engine.usage()) console.log(`${calls} calls recorded`);
