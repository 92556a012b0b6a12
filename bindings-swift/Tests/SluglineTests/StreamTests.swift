// Who reads a stream: several iterators, a completion beside them, a stream closed between two reads.

import Foundation
import Slugline
import Testing

private let once = Options(maxRetries: 0)

@Suite(.serialized) struct StreamTests {
  private static func words() throws -> ChatStream {
    try Engine().chatStream("one two three four", model: "test/echo")
  }

  @Test func nothingComesAfterClosing() async throws {
    let upstream = try Upstream(say: 40)
    let stream = try Engine(config: upstream.config).chatStream("Hi", model: "up/m", options: once)
    var reader = stream.makeAsyncIterator()
    while try await reader.next()?.text != "w0 " {}
    // Most of the others came with it.
    try await Task.sleep(for: .milliseconds(20))
    #expect(try await reader.next()?.text == "w1 ")
    stream.close()
    for _ in 0..<2 {
      let error = await failure { try await reader.next() }
      #expect(error?.code == .cancelled)
    }
    var texts = stream.textStream.makeAsyncIterator()
    let error = await failure { try await texts.next() }
    #expect(error?.code == .cancelled)
  }

  @Test func anIteratorThatReadNothingClosesNothing() async throws {
    let stream = try Self.words()
    _ = stream.makeAsyncIterator()
    _ = stream.textStream.makeAsyncIterator()
    #expect(try await stream.completion().text == "one two three four")
  }

  @Test func aCompletionGoesOnWhereAnIteratorStopped() async throws {
    let stream = try Self.words()
    var reader = stream.makeAsyncIterator()
    #expect(try await reader.next() != nil)
    #expect(try await stream.completion().text == "one two three four")
    #expect(try await reader.next() != nil)
  }

  @Test func anIteratorThatGoesDuringACompletionClosesNothing() async throws {
    let engine = try Engine()
    let slow = Options(extraBody: ["test": ["chunk_delay_ms": 30]])
    let stream = engine.chatStream("one two three four", model: "test/echo", options: slow)
    var reader: ChatStream.Iterator? = stream.makeAsyncIterator()
    #expect(try await reader?.next() != nil)
    let whole = Task { try await stream.completion() }
    try await Task.sleep(for: .milliseconds(30))
    reader = nil
    #expect(try await whole.value.text == "one two three four")
  }

  @Test func theLastOfTwoIteratorsTakesTheStreamAlong() async throws {
    let engine = try Engine()
    let slow = Options(extraBody: ["test": ["chunk_delay_ms": 30]])
    let stream = engine.chatStream("one two three four five six", model: "test/echo", options: slow)
    var first: ChatStream.Iterator? = stream.makeAsyncIterator()
    var second: ChatStream.Iterator? = stream.makeAsyncIterator()
    while try await first?.next()?.text.isEmpty == true {}
    #expect(try await second?.next() != nil)
    first = nil
    #expect(try await second?.next() != nil)
    second = nil
    let error = await failure { try await stream.completion() }
    #expect(error?.code == .cancelled)
  }

  @Test func anIteratorOfAnInnerScopeIsALoopLeftEarly() async throws {
    let upstream = try Upstream(say: 3)
    let stream = try Engine(config: upstream.config).chatStream("Hi", model: "up/m", options: once)
    do {
      var reader = stream.makeAsyncIterator()
      #expect(try await reader.next() != nil)
    }
    let error = await failure { try await stream.completion() }
    #expect(error?.code == .cancelled)
    try await eventually { upstream.openSockets == 0 }
  }
}
