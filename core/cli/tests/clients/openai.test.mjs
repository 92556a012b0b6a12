// OpenAI's own package for Node, pointed at the server.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: `${process.env.SERVER}/v1`, apiKey: process.env.KEY });
const messages = [{ role: 'user', content: 'How is the weather?' }];
const weather = {
  type: 'function',
  function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
};

test('chat', async () => {
  const answer = await client.chat.completions.create({ model: 'test/echo', messages });
  assert.equal(answer.choices[0].message.content, 'How is the weather?');
  assert.equal(answer.model, 'test/echo');
  assert.equal(answer.usage.total_tokens, 8);
  assert.ok(answer._request_id);
});

test('stream', async () => {
  const stream = await client.chat.completions.create({
    model: 'up/text', messages, stream: true, stream_options: { include_usage: true },
  });
  let text = '';
  const usage = [];
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? '';
    if (chunk.usage) usage.push(chunk.usage.total_tokens);
  }
  assert.equal(text, 'It is warm.');
  assert.deepEqual(usage, [12]);
});

test('tools', async () => {
  const body = { model: 'up/tools', messages, tools: [weather] };
  const one = await client.chat.completions.create({ ...body, parallel_tool_calls: false });
  assert.equal(one.choices[0].message.tool_calls.length, 1);
  const final = await client.chat.completions.stream(body).finalChatCompletion();
  const cities = final.choices[0].message.tool_calls.map((call) => JSON.parse(call.function.arguments).city);
  assert.deepEqual(cities, ['Paris', 'Oslo']);
});

test('json_schema and logprobs', async () => {
  const answer = await client.chat.completions.parse({
    model: 'up/json', messages, logprobs: true,
    response_format: { type: 'json_schema', json_schema: { name: 'place', schema: { type: 'object' } } },
  });
  assert.equal(JSON.parse(answer.choices[0].message.content).schema, 'place');
  assert.equal(answer.choices[0].logprobs.content[0].token, 'It ');
});

test('errors', async () => {
  const wrong = client.chat.completions.create({ model: 'test/echo', messages, temperature: 9 });
  await assert.rejects(wrong, (error) => {
    assert.ok(error instanceof OpenAI.BadRequestError);
    assert.equal(error.code, 'invalid_request');
    assert.equal(error.param, 'temperature');
    return true;
  });
  const other = new OpenAI({ baseURL: `${process.env.SERVER}/v1`, apiKey: 'wrong' });
  await assert.rejects(other.models.list(), OpenAI.AuthenticationError);
  const cut = await client.chat.completions.create({
    model: 'test/echo', messages, stream: true, test: { content: 'a b c', cut_after: 1 },
  });
  await assert.rejects(async () => {
    for await (const _ of cut);
  }, OpenAI.APIError);
});

test('timeouts', async () => {
  const late = client.chat.completions.create({ model: 'up/slow', messages }, { timeout: 200, maxRetries: 0 });
  await assert.rejects(late, OpenAI.APIConnectionTimeoutError);
});
