// What is kept of calls, as it comes back.

import Foundation
import Slugline
import Testing

@Suite struct RecordingTests {
  @Test func columnsAndVariablesKeepTheirOrder() async throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("slugline-\(UUID()).db").path
    defer { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }
    let engine = try Engine(
      config: Config(engine: [
        "prompts": ["p": "{{z}}{{a}}"], "recording": "full", "default_model": "test/echo", "storage": .string("sqlite:\(path)"),
      ]))
    let answer = try await engine.runPrompt("p", variables: ["z": 1, "m": ["y": 1, "b": 2], "a": 2])
    let kept = try await engine.recordings.get(try #require(answer.meta.recordingId))
    #expect(kept.variables?.keys == ["z", "m", "a"])
    #expect(kept.variables?["m"]?.objectValue?.keys == ["y", "b"])
    let rows = try await engine.recordings.query("SELECT 1 AS z, 'x' AS m, NULL AS a, 2.5 AS k")
    #expect(rows.map(\.keys) == [["z", "m", "a", "k"]])
    #expect(rows == [["z": 1, "m": "x", "a": .null, "k": 2.5]])
    try await engine.close()
  }
}
