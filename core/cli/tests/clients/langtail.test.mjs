// langtail's package, pointed at the server: with a workspace and project, and without.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Langtail } from 'langtail';
import { getOpenAIBody } from 'langtail/getOpenAIBody';

const options = { apiKey: process.env.KEY, baseURL: process.env.SERVER };
const plain = new Langtail(options);
const shop = new Langtail({ ...options, organization: 'acme', project: 'shop' });

test('invoke', async () => {
  const answer = await plain.prompts.invoke({
    prompt: 'greet', variables: { name: 'Ada' }, doNotRecord: true, metadata: { team: 'blue' },
  });
  assert.equal(answer.choices[0].message.content, 'Say hello to Ada.');
  const welcome = await shop.prompts.invoke({
    prompt: 'welcome', environment: 'production', variables: { customer: 'Ada' }, max_tokens: 5,
  });
  assert.equal(welcome.choices[0].message.content, 'Welcome Ada to the shop.');
});

test('stream', async () => {
  const stream = await shop.prompts.invoke({ prompt: 'welcome', variables: { customer: 'Ada' }, stream: true });
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
  assert.equal(text, 'Welcome Ada to the shop.');
});

test('get', async () => {
  const stored = await plain.prompts.get({ prompt: 'greet', environment: 'production' });
  assert.equal(stored.state.type, 'chat');
  const body = getOpenAIBody(stored, { variables: { name: 'Ada' } });
  assert.equal(body.messages[1].content, 'Say hello to Ada.');
  assert.equal(body.temperature, 0.4);
});

test('deployments and errors', async () => {
  const deployments = await plain.prompts.listDeployments();
  assert.ok(deployments.some((one) => one.promptSlug === 'greet' && one.environment === 'production'));
  await assert.rejects(plain.prompts.invoke({ prompt: 'nothing' }), /404/);
});
