// An answer as it comes, chunk by chunk, and the whole of it at the end.

import Slugline

let engine = try Engine()
let stream = engine.chatStream("One word at a time", model: "test/echo")
for try await chunk in stream {
  print(chunk.text, terminator: "")
}
print()
let answer = try await stream.completion()
print("\(answer.usage?.totalTokens ?? 0) tokens")
