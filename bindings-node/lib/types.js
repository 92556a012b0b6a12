// Answers: the wire's objects with a few conveniences. Fields keep their wire names.

/** The text of a message's content, `""` where there is none. */
function textOf(content) {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('');
}

/** A whole answer: an OpenAI `chat.completion`. */
export class ChatCompletion {
  constructor(fields) {
    Object.assign(this, fields);
  }

  /** The first choice's text, `""` where there is none. */
  get text() {
    return textOf(this.choices[0]?.message.content);
  }

  /** The first choice's tool calls. */
  get tool_calls() {
    return this.choices[0]?.message.tool_calls ?? [];
  }

  toJSON() {
    return { ...this };
  }
}

/** What is new in a streamed answer: an OpenAI `chat.completion.chunk`. */
export class ChatCompletionChunk {
  constructor(head, choices) {
    this.object = 'chat.completion.chunk';
    this.id = head.id;
    this.created = head.created;
    this.model = head.model;
    this.session_id = head.session_id;
    this.choices = choices;
  }

  /** A chunk with nothing but new text of the first choice. */
  static ofText(head, text) {
    return new ChatCompletionChunk(head, [
      {
        index: 0,
        delta: { content: text },
        finish_reason: null,
        logprobs: null,
        completion_id: head.completion_ids[0] ?? '',
      },
    ]);
  }

  /** A chunk from everything that is not the same on all. */
  static of(head, { choices, usage, extra }) {
    const chunk = new ChatCompletionChunk(head, choices);
    if (usage !== undefined) chunk.usage = usage;
    if (extra !== undefined) chunk.extra = extra;
    return chunk;
  }

  /** The new text of the first choice, `""` where there is none. */
  get text() {
    const choices = this.choices;
    const first = choices[0]?.index === 0 ? choices[0] : choices.find((choice) => choice.index === 0);
    return first?.delta.content ?? '';
  }

  toJSON() {
    return { ...this };
  }
}

/** A prompt as it would be sent. */
export class RenderedPrompt {
  constructor(fields) {
    Object.assign(this, fields);
  }

  toJSON() {
    return { ...this };
  }
}

/** A request as it would go to a provider, secrets redacted. */
export class ProviderRequest {
  constructor(fields) {
    Object.assign(this, fields);
  }

  toJSON() {
    return { ...this };
  }
}
