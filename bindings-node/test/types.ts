// What must type-check, and what must not: read by tsc, never run.

import {
  ChatCompletion,
  ChatCompletionChunk,
  ChatStream,
  Engine,
  file,
  image,
  Json,
  RateLimitedError,
  SluglineError,
} from 'slugline';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <T extends true>(_?: T): void => {};

export async function calls(engine: Engine, signal: AbortSignal): Promise<void> {
  const answer = await engine.chat({ messages: 'Hi', model: ['a/b', 'c/d'], temperature: 0, signal });
  is<Same<typeof answer, ChatCompletion>>();
  is<Same<typeof answer.text, string>>();
  is<Same<typeof answer.usage, import('slugline').Usage | null>>();
  const first = answer.choices[0];
  // An answer's message goes back as it is.
  await engine.chat({ messages: [{ role: 'user', content: 'Hi' }, ...(first ? [first.message] : [])] });

  await engine.chat({
    messages: [{ role: 'user', content: [{ type: 'text', text: 'x' }, image('a.png'), file(new Uint8Array(), { filename: 'a' })] }],
    tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }, { id: 'g' }],
    labels: { tier: 'gold', paid: true, age: 3 },
    extra_body: { test: { content: 'x' } },
    fallback_on: ['content_filtered'],
  });
  await engine.runPrompt('greet', { variables: { name: 'Ada', id: 2n ** 63n, when: new Date(), none: undefined } });
  await engine.runPrompt('greet');
  await engine.buildRequest({ messages: 'Hi' });
  await engine.buildRequest({ slug: 'greet', variables: {} });

  // @ts-expect-error messages are needed
  await engine.chat({ model: 'a/b' });
  // @ts-expect-error no such option
  await engine.chat({ messages: 'Hi', temprature: 1 });
  // @ts-expect-error streams have a verb of their own
  await engine.chat({ messages: 'Hi', stream: true });
  // @ts-expect-error not a role
  await engine.chat({ messages: [{ role: 'robot', content: 'Hi' }] });
  // @ts-expect-error variables are an object
  await engine.runPrompt('greet', { variables: 'Ada' });
}

interface Settings {
  temperature?: number;
  user?: string;
}

interface Person {
  name: string;
}

class Order {
  id = 1;
  toJSON = () => ({ id: this.id });
}

/** What programs have at hand, under `exactOptionalPropertyTypes`. */
export async function given(engine: Engine, settings: Settings, person: Person, some: Record<string, unknown>): Promise<void> {
  await engine.chat({ messages: 'Hi', temperature: settings.temperature, user: settings.user, model: undefined });
  await engine.chat({ messages: [{ role: 'user', content: 'Hi', name: settings.user, tool_calls: null }] });
  await engine.runPrompt('greet', { variables: person });
  await engine.runPrompt('greet', { variables: new Order(), environment: settings.user });
  await engine.runPrompt('greet', { variables: some, extra_body: some, system_prompt_args: person });
  await engine.runPrompt('greet', null);
  const schema: object = JSON.parse('{}');
  const response_format = { type: 'json_schema', json_schema: { name: 'x', schema } } as const;
  await engine.chat({ messages: 'Hi', response_format, tools: [{ type: 'web_search' }, { type: 'web_search', max: 3 }] });
  await engine.chat({ messages: 'Hi', tools: [{ type: 'function', function: { name: 'f', parameters: schema } }] });
  const ids: readonly string[] = ['a'];
  await engine.recordings.delete({ ids, prompt: settings.user });
  await engine.usage({ group_by: ['model', 'day'] as const });
  image('a.png', { detail: undefined, media_type: settings.user });
  file(undefined, { file_id: 'f', filename: settings.user });
}

export function reached(message: import('slugline').Message): unknown[] {
  const [call] = message.tool_calls ?? [];
  return [message.reasoning, call?.['extra_content']];
}

export async function state(engine: Engine): Promise<void> {
  const session = engine.session('s');
  is<Same<typeof session, import('slugline').Session>>();
  const answer = await session.chat({ messages: 'Hi' });
  is<Same<Awaited<ReturnType<typeof session.history>>, import('slugline').Message[]>>();
  const given = await engine.feedback(answer.choices[0]?.completion_id ?? '', 'thumbs', true, { comment: 'x' });
  is<Same<typeof given, string>>();
  const page = await engine.recordings.list({ labels: { tier: 'gold' }, since: new Date(), limit: 10 });
  is<Same<typeof page, import('slugline').RecordingPage>>();
  await engine.recordings.rerun('id', { model: ['a/b', 'c/d'] });
  const rows = await engine.usage({ group_by: ['model', 'label:tier'] });
  is<Same<typeof rows, import('slugline').UsageRow[]>>();
  const report = await engine.campaignReport('tone', { since: 0 });
  is<Same<typeof report, import('slugline').CampaignReport>>();
  // @ts-expect-error feedback is true, false or a number
  await engine.feedback('id', 'thumbs', 'yes');
  // @ts-expect-error something must say which
  await engine.recordings.delete();
}

export async function streams(engine: Engine): Promise<void> {
  const stream = engine.chatStream({ messages: 'Hi' });
  is<Same<typeof stream, ChatStream>>();
  for await (const chunk of stream) {
    is<Same<typeof chunk, ChatCompletionChunk>>();
    const text: string = chunk.text;
    void text;
  }
  for await (const text of engine.runPromptStream('greet').textStream) is<Same<typeof text, string>>();
  new Response(stream.toReadableStream());
  const { text } = await stream.completion();
  is<Same<typeof text, string>>();
}

export function errors(error: unknown): number | undefined {
  if (error instanceof RateLimitedError) {
    is<Same<typeof error.code, 'rate_limited'>>();
    return error.retryAfterMs;
  }
  if (error instanceof SluglineError) {
    is<Same<typeof error.details, Record<string, Json>>>();
    switch (error.code) {
      case 'timeout':
        return error.status;
      // @ts-expect-error no such code
      case 'time_out':
        return 0;
    }
  }
  return undefined;
}

export function engines(): Engine[] {
  return [
    new Engine(),
    new Engine('slugline.toml'),
    new Engine(new URL('file:///slugline.toml'), { prompts: 'prompts' }),
    new Engine({
      engine: { default_model: 'fast', timeout_ms: 1000 },
      providers: { openai: { api_key: async () => 'k' }, local: { dialect: 'openai', base_url: 'http://127.0.0.1:1/v1' } },
      models: { fast: ['openai/gpt-5-mini', 'local/x'] },
    }),
    new Engine({
      helpers: {
        shout: (text: string, mark = '!') => text + mark,
        person: ({ name }: Person) => name,
        count: (...given) => given.length,
        // @ts-expect-error what a template gives may be anything
        bare: (text) => text.length,
      },
    }),
    // @ts-expect-error no such table
    new Engine({ model: {} }),
  ];
}
