// An upstream on loopback that speaks just enough HTTP: answers what it is told, and knows when its
// sockets close.

import { createServer } from 'node:net';
import { once } from 'node:events';

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n';

/** One event of an OpenAI stream, as an HTTP chunk. */
function event(delta, finish = null) {
  const data = { id: 'c', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] };
  const text = `data: ${JSON.stringify(data)}\n\n`;
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

/**
 * Starts it. `say` is how many words a stream says before it stalls; without it nothing is answered at
 * all. `opened()` and `closed()` wait for the next socket to open or close.
 */
export async function upstream({ say } = {}) {
  const sockets = new Set();
  const waiting = { opened: [], closed: [] };
  const tell = (what) => waiting[what].splice(0).forEach((resolve) => resolve(performance.now()));
  let requests = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      tell('closed');
    });
    socket.on('data', (data) => {
      if (!data.includes('HTTP/1.1')) return;
      requests += 1;
      if (say !== undefined) {
        socket.write(HEAD + event({ role: 'assistant' }));
        for (let word = 0; word < say; word += 1) socket.write(event({ content: `w${word} ` }));
      }
      tell('opened');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    config: {
      providers: {
        up: { dialect: 'openai', base_url: `http://127.0.0.1:${server.address().port}/v1`, api_key: 'k' },
      },
    },
    sockets,
    requests: () => requests,
    opened: () => new Promise((resolve) => waiting.opened.push(resolve)),
    closed: () => new Promise((resolve) => waiting.closed.push(resolve)),
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
