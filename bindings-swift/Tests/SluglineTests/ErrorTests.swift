// Errors: fields and causes; keys from code; what a panic becomes.

import Foundation
import Slugline
import Testing

private func scripted(_ script: JSONObject) -> Options {
  Options(maxRetries: 0, extraBody: ["test": .object(script)])
}

@Suite struct ErrorTests {
  @Test func everyCodeIsKnown() throws {
    let codes = try #require(json("core/conformance/errors.json").objectValue).keys
    #expect(SluglineError.Code.allCases.map(\.rawValue) == codes)
  }

  @Test func anErrorHasTheFactsOfTheContract() async throws {
    let engine = try Engine()
    let options = scripted(["status": 429, "retry_after": 2])
    let error = try #require(
      await failure { try await engine.chat("Hi", model: "test/echo", options: options) })
    #expect(error.code == .rateLimited)
    #expect(error.status == 429)
    #expect(error.retryAfterMs == 2000)
    #expect(error.retryable)
    #expect(error.provider == "test")
    #expect(error.attempts.count == 1)
    #expect(error.attempts[0].code == "rate_limited")
    #expect(error.localizedDescription == error.message)
    let json = try JSONObject(encoding: error)
    #expect(json["retry_after_ms"] == 2000)
    #expect(json["message"] == .string(error.message))
    #expect(json["partial"] == nil)
  }

  @Test func aStreamThatBreaksOffHasWhatCame() async throws {
    let engine = try Engine()
    let stream = engine.chatStream("Hi", model: "test/echo", options: scripted(["content": "one two three", "cut_after": 2]))
    var text = ""
    do {
      for try await chunk in stream { text += chunk.text }
      Issue.record("it did not break off")
    } catch let error as SluglineError {
      #expect(error.code == .streamInterrupted)
      #expect(error.partial?.text == text)
      #expect(error.details["cause"] == "connection")
    }
    #expect(text == "one two ")
  }

  @Test func aPanicIsInternalAndTheNextCallWorks() async throws {
    let engine = try Engine()
    for _ in 0..<3 {
      let call = await failure {
        try await engine.chat("Hi", model: "test/echo", options: scripted(["panic": true]))
      }
      #expect(call?.code == .internal)
      let stream = engine.chatStream("Hi", model: "test/echo", options: scripted(["panic": true]))
      let read = await failure { for try await _ in stream {} }
      #expect(read?.code == .internal)
      let whole = await failure { try await stream.completion() }
      #expect(whole?.code == .internal)
      #expect(try await engine.chat("Hi", model: "test/echo").text == "Hi")
      #expect(try await engine.chatStream("Hi", model: "test/echo").completion().text == "Hi")
    }
  }

  @Test func aClosedEngineSaysSoAndCallsUnderWayGoOn() async throws {
    let engine = try Engine()
    async let running = engine.chat("Hi", model: "test/echo", options: scripted(["ttft_ms": 200]))
    try await Task.sleep(for: .milliseconds(100))
    try await engine.close()
    try await engine.close()
    #expect(engine.closed)
    #expect(try await running.text == "Hi")
    let call = await failure { try await engine.chat("Hi", model: "test/echo") }
    #expect(call?.message.contains("closed") == true)
    let read = await failure {
      for try await _ in engine.chatStream("Hi", model: "test/echo") {}
    }
    #expect(read?.message.contains("closed") == true)
    await failure { try await engine.prompts.list() }
  }

  private static let nowhere = Config(providers: ["up": ["dialect": "openai", "base_url": "http://127.0.0.1:9"]])

  @Test func keysComeFromCodeAtEachAttempt() async throws {
    let asked = Counter()
    let engine = try Engine(config: Self.nowhere, apiKeys: ["up": .closure { "key-\(asked.next())" }])
    let error = await failure {
      try await engine.chat("Hi", model: "up/m", options: Options(maxRetries: 1))
    }
    #expect(error?.code == .connection)
    #expect(asked.count == 2)
  }

  @Test func keysComeByValue() async throws {
    let engine = try Engine(config: Self.nowhere, apiKeys: ["up": "k"])
    let error = await failure {
      try await engine.chat("Hi", model: "up/m", options: Options(maxRetries: 0))
    }
    #expect(error?.code == .connection)
    let unset = try Engine(config: Self.nowhere, apiKeys: ["up": "env:SLUGLINE_NO_SUCH_KEY"])
    let without = await failure { try await unset.chat("Hi", model: "up/m") }
    #expect(without?.code == .authentication)
    #expect(without?.details["env"] == "SLUGLINE_NO_SUCH_KEY")
  }

  @Test func whatAClosureThrowsIsTheCauseAndItsWordsStayWithIt() async throws {
    struct Locked: Error { let secret = "secret words" }
    let engine = try Engine(config: Self.nowhere, apiKeys: ["up": .closure { throw Locked() }])
    let call = try #require(
      await failure { try await engine.chat("Hi", model: "up/m") })
    let read = try #require(
      await failure { for try await _ in engine.chatStream("Hi", model: "up/m") {} })
    for error in [call, read] {
      #expect(error.code == .authentication)
      #expect(error.message.contains("threw"))
      #expect(error.cause is Locked)
      #expect(try !JSONValue(encoding: error).json.contains("secret"))
    }
  }

  @Test func aCancelledCallGivesUpItsKey() async throws {
    let asked = Counter()
    let engine = try Engine(
      config: Self.nowhere,
      apiKeys: [
        "up": .closure {
          _ = asked.next()
          try await Task.sleep(for: .seconds(2))
          return "late"
        }
      ])
    let task = Task { try await engine.chat("Hi", model: "up/m") }
    try await eventually { asked.count == 1 }
    let started = ContinuousClock.now
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(started.duration(to: .now) < .seconds(1))
  }

  private static let refused: [(Config, JSONObject, String)] = [
    (Config.data(["engines": [:]]), JSONObject(), "engine"),
    ("no/such/file.toml", [:], "no/such/file.toml"),
    (.file(URL(fileURLWithPath: "/no/such/file.toml")), [:], "/no/such/file.toml"),
    (.defaults, ["promts": "x"], "prompts"),
    (.data(7), [:], "table"),
    (Config(engine: ["max_retries": .number(.nan)]), [:], "NaN"),
    (Config(providers: ["x": ["dialekt": "openai"]]), [:], "dialect"),
    (.file(URL(string: "https://x/slugline.toml?key=secret")!), [:], "`https`"),
    (.file(URL(string: "slugline.toml")!), [:], "without a scheme"),
  ]

  @Test(arguments: refused) func theConfigurationIsRefusedByName(_ config: Config, _ overrides: JSONObject, _ says: String) throws {
    let error = try #require(
      failure { try Engine(config: config, overrides: overrides) })
    #expect(error.code == .configError)
    #expect(error.message.contains(says), "\(error)")
    #expect(!error.message.contains("secret"))
  }

  @Test func aKeyDoesNotHideAWrongTable() throws {
    for key in [APIKey.value("k"), .closure { "k" }] {
      for (providers, param): (JSONValue, String) in [
        ("nonsense", "providers"), (.null, "providers"), (["up": 7], "providers.up"),
      ] {
        let error = failure { try Engine(apiKeys: ["up": key], overrides: ["providers": providers]) }
        #expect(error?.code == .configError && error?.param == param && error?.message.contains("table") == true)
      }
    }
  }

  @Test func templatesCallHelpersOfOnesOwn() async throws {
    struct Loud: Error {}
    let config = Config(engine: ["prompts": ["p": "{{shout name mark='?'}}{{shout name}}", "q": "{{fail 1}}", "r": "{{nan 1}}"]])
    let engine = try Engine(
      config: config,
      helpers: [
        // As in the guide on prompts.
        "shout": { arguments, keys in
          .string((arguments.first?.stringValue ?? "").uppercased() + (keys["mark"]?.stringValue ?? "!"))
        },
        "fail": { _, _ in throw Loud() }, "nan": { _, _ in .number(.nan) },
      ])
    #expect(try await engine.renderPrompt("p", variables: ["name": "ada"]).messages[0].text == "ADA?ADA!")
    let failed = await failure { try await engine.renderPrompt("q") }
    #expect(failed?.code == .templateError && failed?.message.contains("`Loud`") == true)
    #expect(failed?.cause is Loud)
    let unfit = await failure { try await engine.renderPrompt("r") }
    #expect(unfit?.code == .templateError && unfit?.details["helper"] == "nan")
    #expect(unfit?.message.contains("NaN") == true && unfit?.message.contains("threw") == false)
    #expect(failure { try Engine(helpers: ["if": { _, _ in .null }]) }?.param == "helpers.if")
  }

  @Test func storedPromptsAreListedGotAndChecked() async throws {
    let engine = try Engine(config: .file(repository.appendingPathComponent("examples/slugline.toml")))
    #expect(try await engine.prompts.list().contains { $0.slug == "greet" })
    let greet = try await engine.prompts.get("greet")
    #expect(greet.variables == ["name"])
    #expect(greet.source != nil)
    #expect(try await engine.prompts.check().isEmpty)
    let error = await failure { try await engine.prompts.get("gret") }
    #expect(error?.code == .notFound)
    #expect(error?.details["near"] == ["greet"])
  }
}

private final class Counter: @unchecked Sendable {
  private let lock = NSLock()
  private var value = 0
  var count: Int { lock.withLock { value } }
  func next() -> Int {
    lock.withLock {
      value += 1
      return value
    }
  }
}
