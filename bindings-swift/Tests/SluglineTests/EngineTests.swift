import Slugline
import Testing

@Test func echoes() async throws {
  let engine = try Engine()
  let answer = try await engine.chat("Hello", model: "test/echo")
  #expect(answer.text == "Hello")
}
