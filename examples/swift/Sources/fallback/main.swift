// A fallback list: the first target is down, the second answers, and every attempt is told.

import Slugline

let config = Config(
  engine: ["max_retries": 0],
  providers: ["down": ["dialect": "openai", "base_url": "http://127.0.0.1:9/v1"]])
let engine = try Engine(config: config)
let answer = try await engine.chat("Is anybody there?", model: ["down/some-model", "test/echo"])
print("\(answer.model): \(answer.text)")
for attempt in answer.meta.attempts {
  print("  \(attempt.provider)/\(attempt.model): \(attempt.code ?? "ok")")
}
