// Giving up: a cancelled task, a loop left early, a stream closed or dropped; what is left behind.

import Foundation
import Slugline
import Testing

private let soon = Duration.milliseconds(100)
private let once = Options(maxRetries: 0)

/// Asserts that the one open socket of an upstream closes soon after `act` begins.
private func closes(
  _ upstream: Upstream, isolation: isolated (any Actor)? = #isolation, _ act: () async throws -> Void
) async throws {
  let before = upstream.closed.count
  let started = ContinuousClock.now
  try await act()
  try await eventually { upstream.closed.count > before }
  let took = started.duration(to: upstream.closed[before])
  #expect(took < soon, "the socket closed after \(took)")
}

@Suite(.serialized) struct CancelTests {
  @Test func aTaskCancelledBeforeSendsNothing() async throws {
    let upstream = try Upstream(say: 1)
    let engine = try Engine(config: upstream.config)
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      await #expect(throws: CancellationError.self) { try await engine.chat("Hi", model: "up/m", options: once) }
      let stream = engine.chatStream("Hi", model: "up/m", options: once)
      await #expect(throws: CancellationError.self) { for try await _ in stream {} }
      await #expect(throws: CancellationError.self) { try await engine.chatStream("Hi", model: "up/m").completion() }
    }
    task.cancel()
    await task.value
    #expect(upstream.requests == 0)
  }

  @Test func aCancelledCall() async throws {
    let upstream = try Upstream()
    let engine = try Engine(config: upstream.config)
    let task = Task { try await engine.chat("Hi", model: "up/m", options: once) }
    try await eventually { upstream.requests == 1 }
    try await closes(upstream) {
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test func aCancelledLoop() async throws {
    let upstream = try Upstream(say: 2)
    let engine = try Engine(config: upstream.config)
    let stream = engine.chatStream("Hi", model: "up/m", options: once)
    let texts = Texts()
    let task = Task { for try await chunk in stream { texts.add(chunk.text) } }
    try await eventually { texts.all == ["", "w0 ", "w1 "] }
    try await closes(upstream) {
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
    let error = await failure { try await stream.completion() }
    #expect(error?.code == .cancelled)
  }

  @Test func aCancelledLoopOverTexts() async throws {
    let upstream = try Upstream(say: 2)
    let engine = try Engine(config: upstream.config)
    let texts = Texts()
    let task = Task {
      for try await text in engine.chatStream("Hi", model: "up/m", options: once).textStream { texts.add(text) }
    }
    try await eventually { texts.all == ["w0 ", "w1 "] }
    try await closes(upstream) {
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test func aCancelledCompletion() async throws {
    let upstream = try Upstream(say: 2)
    let engine = try Engine(config: upstream.config)
    let task = Task { try await engine.chatStream("Hi", model: "up/m", options: once).completion() }
    try await eventually { upstream.requests == 1 }
    try await closes(upstream) {
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test func aTimeoutOfTheCallersOwn() async throws {
    let upstream = try Upstream()
    let engine = try Engine(config: upstream.config)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { _ = try await engine.chat("Hi", model: "up/m", options: once) }
      try await eventually { upstream.requests == 1 }
      try await closes(upstream) { group.cancelAll() }
    }
  }

  @Test func aLoopLeftEarly() async throws {
    let upstream = try Upstream(say: 2)
    let engine = try Engine(config: upstream.config)
    let stream = engine.chatStream("Hi", model: "up/m", options: once)
    try await closes(upstream) {
      for try await chunk in stream where !chunk.text.isEmpty { break }
    }
    let error = await failure { try await stream.completion() }
    #expect(error?.code == .cancelled)
  }

  @Test @MainActor func aLoopOverTextsLeftEarlyOnTheMainActor() async throws {
    let upstream = try Upstream(say: 2)
    let engine = try Engine(config: upstream.config)
    let stream = engine.chatStream("Hi", model: "up/m", options: once)
    try await closes(upstream) {
      for try await text in stream.textStream {
        #expect(text == "w0 ")
        break
      }
    }
  }

  @Test func aStreamDropped() async throws {
    let upstream = try Upstream(say: 2)
    let engine = try Engine(config: upstream.config)
    var stream: ChatStream? = engine.chatStream("Hi", model: "up/m", options: once)
    var reader = stream?.makeAsyncIterator()
    _ = try await reader?.next()
    try await closes(upstream) {
      reader = nil
      stream = nil
    }
  }

  @Test func closingWakesAReader() async throws {
    let upstream = try Upstream(say: 1)
    let engine = try Engine(config: upstream.config)
    let stream = engine.chatStream("Hi", model: "up/m", options: once)
    let texts = Texts()
    let reading = Task { for try await chunk in stream { texts.add(chunk.text) } }
    try await eventually { texts.all.count == 2 }
    try await Task.sleep(for: .milliseconds(20))
    // One reader at a time: a second one is told so, and does not disturb the first.
    var second = stream.makeAsyncIterator()
    let refused = await failure { try await second.next() }
    #expect(refused?.code == .invalidRequest)
    #expect(refused?.message.contains("one reader") == true)
    try await closes(upstream) {
      stream.close()
      let error = await failure { try await reading.value }
      #expect(error?.code == .cancelled)
    }
  }

  @Test func cancellingAfterTheEndChangesNothing() async throws {
    let engine = try Engine()
    let stream = engine.chatStream("Hi", model: "test/echo")
    for try await _ in stream {}
    stream.close()
    #expect(try await stream.completion().text == "Hi")
  }

  @Test func aThousandCancelledCallsLeaveNoClosure() async throws {
    let running = Tally()
    let engine = try Engine(
      config: Config(providers: ["up": ["dialect": "openai", "base_url": "http://127.0.0.1:9"]]),
      apiKeys: [
        "up": .closure {
          running.add(1)
          defer { running.add(-1) }
          try await Task.sleep(for: .seconds(60))
          return "late"
        }
      ])
    for _ in 0..<20 {
      let calls = (0..<25).map { _ in Task { try await engine.chat("Hi", model: "up/m", options: once) } }
      let streams = (0..<25).map { _ in engine.chatStream("Hi", model: "up/m", options: once) }
      let readers = streams.map { stream in Task { try await stream.completion() } }
      try await eventually { running.count == 50 }
      calls.forEach { $0.cancel() }
      for call in calls { await #expect(throws: CancellationError.self) { try await call.value } }
      streams.forEach { $0.close() }
      for reader in readers { #expect(await failure { try await reader.value }?.code == .cancelled) }
      try await eventually { running.count == 0 }
    }
    #expect(running.all == 1000)
    // A deadline takes the closure along as well.
    let late = await failure { try await engine.chat("Hi", model: "up/m", options: Options(timeoutMs: 50, maxRetries: 0)) }
    #expect(late?.code == .timeout)
    try await eventually { running.count == 0 }
  }

  @Test func aThousandCancelledCallsLeaveNothing() async throws {
    let upstream = try Upstream(say: 1)
    let engine = try Engine(config: upstream.config)
    func round() async throws {
      let calls = (0..<25).map { _ in Task { try await engine.chat("Hi", model: "up/m", options: once) } }
      var readers = (0..<25).map { _ in engine.chatStream("Hi", model: "up/m", options: once).makeAsyncIterator() }
      for index in readers.indices { _ = try await readers[index].next() }
      calls.forEach { $0.cancel() }
      for call in calls { await #expect(throws: CancellationError.self) { try await call.value } }
    }
    try await round()
    try await eventually { upstream.openSockets == 0 }
    let before = descriptors()
    for _ in 0..<20 { try await round() }
    try await eventually { upstream.openSockets == 0 }
    try await eventually { descriptors() <= before }
  }
}

/// How many descriptors this process has open, where that can be told.
private func descriptors() -> Int {
  (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
}

/// Texts that one task collects and another looks at.
private final class Texts: @unchecked Sendable {
  private let lock = NSLock()
  private var texts: [String] = []
  var all: [String] { lock.withLock { texts } }
  func add(_ text: String) { lock.withLock { texts.append(text) } }
}

/// How many there are now, and were in all.
private final class Tally: @unchecked Sendable {
  private let lock = NSLock()
  private var now = 0, ever = 0
  var count: Int { lock.withLock { now } }
  var all: Int { lock.withLock { ever } }
  func add(_ change: Int) {
    lock.withLock {
      now += change
      ever += max(change, 0)
    }
  }
}
