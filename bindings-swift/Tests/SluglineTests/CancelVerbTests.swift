// Giving up what is no call: every verb that waits minds its task.

import Foundation
import Slugline
import Testing

private let soon = Duration.milliseconds(100)

/// Asserts that a task ends soon after it is cancelled, which happens when `begun` holds.
private func endsSoon<T: Sendable>(_ begun: () -> Bool, _ work: @escaping @Sendable () async throws -> T) async throws {
  let task = Task { try await work() }
  try await eventually(begun)
  let started = ContinuousClock.now
  task.cancel()
  await #expect(throws: CancellationError.self) { try await task.value }
  let took = started.duration(to: .now)
  #expect(took < soon, "it ended after \(took)")
}

@Suite(.serialized) struct CancelVerbTests {
  @Test func aCancelledTaskDoesNothing() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("slugline-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let engine = try Engine(
      config: Config(engine: [
        "prompts": ["p": "Hi"], "recording": "full", "default_model": "test/echo",
        "storage": .string("sqlite:\(folder.path)/s.db"),
      ]))
    let session = engine.session("s")
    let answer = try await session.chat("Hi")
    let id = try #require(answer.meta.recordingId)
    let exported = folder.appendingPathComponent("out.jsonl").path
    let verbs: [(String, @Sendable () async throws -> Void)] = [
      ("chat", { _ = try await engine.chat("Hi") }), ("runPrompt", { _ = try await engine.runPrompt("p") }),
      ("renderPrompt", { _ = try await engine.renderPrompt("p") }), ("buildRequest", { _ = try await engine.buildRequest("Hi") }),
      ("buildRequest slug", { _ = try await engine.buildRequest(slug: "p") }), ("prompts.list", { _ = try await engine.prompts.list() }),
      ("prompts.get", { _ = try await engine.prompts.get("p") }), ("prompts.check", { _ = try await engine.prompts.check() }),
      ("recordings.list", { _ = try await engine.recordings.list() }), ("recordings.get", { _ = try await engine.recordings.get(id) }),
      ("recordings.export", { _ = try await engine.recordings.export(to: exported) }),
      ("recordings.query", { _ = try await engine.recordings.query("SELECT 1") }),
      ("recordings.delete", { _ = try await engine.recordings.delete(RecordingFilter(ids: [id])) }),
      ("recordings.rerun", { _ = try await engine.recordings.rerun(id) }),
      ("feedback", { _ = try await engine.feedback(answer.choices[0].completionId, metric: "m", value: true) }),
      ("usage", { _ = try await engine.usage() }), ("campaignReport", { _ = try await engine.campaignReport("p") }),
      ("history", { _ = try await session.history() }), ("clear", { try await session.clear() }),
      ("session.chat", { _ = try await session.chat("Hi") }), ("session.runPrompt", { _ = try await session.runPrompt("p") }),
    ]
    for (name, verb) in verbs {
      let task = Task {
        while !Task.isCancelled { await Task.yield() }
        await #expect(throws: CancellationError.self, "\(name)") { try await verb() }
      }
      task.cancel()
      await task.value
    }
    #expect(try await engine.recordings.list().recordings.count == 1)
    #expect(try await engine.recordings.get(id).feedback.isEmpty)
    #expect(try await session.history().count == 2)
    #expect(!FileManager.default.fileExists(atPath: exported))
    // Closing is what a cancelled task may still want to do.
    let closing = Task {
      while !Task.isCancelled { await Task.yield() }
      try await engine.close()
    }
    closing.cancel()
    try await closing.value
    #expect(engine.closed)
  }

  @Test func renderingIsNotWaitedFor() async throws {
    let begun = Flag()
    let engine = try Engine(
      config: Config(engine: ["prompts": ["p": "{{slow 1}}"], "default_model": "test/echo"]),
      helpers: [
        "slow": { _, _ in
          begun.raise()
          Thread.sleep(forTimeInterval: 1)
          return 1
        }
      ])
    try await endsSoon({ begun.raised }) { try await engine.renderPrompt("p") }
    begun.lower()
    try await endsSoon({ begun.raised }) { try await engine.buildRequest(slug: "p") }
    begun.lower()
    try await endsSoon({ begun.raised }) { try await engine.runPrompt("p") }
  }

  @Test func aStatementEndsWithItsTask() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("slugline-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let engine = try Engine(config: Config(engine: ["storage": .string("sqlite:\(folder.path)/s.db")]))
    #expect(try await engine.recordings.query("SELECT 1 AS one") == [["one": 1]])
    let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c"
    let before = clock()
    try await endsSoon({ clock() - before > CLOCKS_PER_SEC / 20 }) { try await engine.recordings.query(endless) }
    // Its thread works no more: this process is idle.
    try await Task.sleep(for: .milliseconds(50))
    let after = clock()
    try await Task.sleep(for: .milliseconds(300))
    #expect(clock() - after < CLOCKS_PER_SEC / 10)
    try await engine.close()
  }
}

private final class Flag: @unchecked Sendable {
  private let lock = NSLock()
  private var up = false
  var raised: Bool { lock.withLock { up } }
  func raise() { lock.withLock { up = true } }
  func lower() { lock.withLock { up = false } }
}
