// A stored prompt, run by its slug with variables.

import Foundation
import Slugline

// The folder above `swift`, from this file up.
let examples = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { path, _ in path.deletingLastPathComponent() }
let engine = try Engine(config: .file(examples.appendingPathComponent("slugline.toml")))
let answer = try await engine.runPrompt("greet", variables: ["name": "Ada"])
print(answer.text)
if let prompt = answer.meta.prompt {
  print("prompt \(prompt.slug) \(prompt.hash.prefix(8)), answered by \(answer.model)")
}
