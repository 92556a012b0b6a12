// Two ways to greet, tested against each other; people's judgement decides.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Engine } from 'slugline';

const tone = {
  applies_to: { prompts: ['greet'] },
  metric: { key: 'thumbs', goal: 'up' },
  arms: [{ name: 'plain' }, { name: 'cool', params: { temperature: 0 } }],
};
const folder = mkdtempSync(join(tmpdir(), 'slugline-'));
const engine = new Engine(new URL('../slugline.toml', import.meta.url), {
  campaigns: { tone },
  storage: `sqlite:${join(folder, 'state.db')}`,
});
for (let number = 0; number < 40; number += 1) {
  const { choices, meta } = await engine.runPrompt('greet', { variables: { name: 'Ada' }, user: `user-${number}` });
  const likesIt = meta.campaign?.arm === 'cool' || number % 3 === 0;
  for (const { completion_id: id } of choices) await engine.feedback(id, 'thumbs', likesIt);
}
const { arms, comparisons } = await engine.campaignReport('tone');
for (const { arm, calls, metric_mean: mean } of arms) console.log(`${arm}: ${calls} calls, ${mean?.toFixed(2)} liked it`);
const p = comparisons[0]?.p_value ?? 1;
console.log(p < 0.05 ? 'a difference' : 'no difference to speak of');
engine.close();
rmSync(folder, { recursive: true });
