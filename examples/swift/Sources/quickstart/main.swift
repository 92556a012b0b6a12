// Three lines to an answer. The built-in test provider echoes, so that no key is needed:
//
//     swift run quickstart

import Slugline

let engine = try Engine()
let answer = try await engine.chat("Hello from Swift", model: "test/echo")
print(answer.text)
