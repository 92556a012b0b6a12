// The options of a call as JSON, with those that have no field here.

import Foundation
import Slugline
import Testing

import func SluglineNative.argumentNames

private func back(_ options: Options) throws -> Options {
  try JSONDecoder().decode(Options.self, from: JSONEncoder().encode(options))
}

@Suite struct OptionsTests {
  /// What some option takes.
  private static let values: [JSONValue] = [
    "auto", "warn", 1, 0.5, true, ["text"], ["content_filtered"], ["a": "b"], ["a": 1], ["type": "text"], ["include_usage": true],
    [["type": "function", "function": ["name": "f"]]],
  ]

  @Test(arguments: argumentNames()) func everyArgumentHasAPlace(_ name: String) throws {
    let ofTheVerb = ["messages", "model", "slug", "variables", "environment", "version", "variant", "template"]
    guard !ofTheVerb.contains(name) else { return }
    var fits: Options?
    for value in Self.values where fits == nil {
      let data = Data(JSONValue.object([name: value]).json.utf8)
      fits = try? JSONDecoder().decode(Options.self, from: data)
    }
    let options = try #require(fits)
    #expect(options.extra == [:], "there is no field for it")
    #expect(try JSONObject(encoding: options).keys == [name])
    #expect(try back(options) == options)
  }

  @Test func optionsComeBackWhole() throws {
    let options = Options(
      temperature: 0.5, logitBias: ["1": 2], stop: ["x"], labels: ["a": 1], store: false,
      extraBody: ["z": [1, .null]], extraHeaders: ["x-a": "b"], extra: ["later": ["deep": [1, 2.5]], "other": .null])
    #expect(try back(options) == options)
    #expect(try back(Options()) == Options())
    let read = try JSONDecoder().decode(Options.self, from: Data(#"{"n":2,"later":{"a":1}}"#.utf8))
    #expect(read == Options(n: 2, extra: ["later": ["a": 1]]))
  }

  @Test func nothingIsReplacedSilently() async throws {
    let engine = try Engine(config: Config(engine: ["prompts": ["p": "{{a}}"]]))
    func refused(_ error: SluglineError?, _ name: String) {
      #expect(error?.code == .invalidRequest && error?.param == name)
      #expect(error?.message.contains("`\(name)` is given twice") == true)
    }
    for (model, options, name): (Model?, Options, String) in [
      (nil, Options(extra: ["messages": "other"]), "messages"), ("test/echo", Options(extra: ["model": "a/b"]), "model"),
      (nil, Options(temperature: 1, extra: ["temperature": 2]), "temperature"),
    ] {
      refused(await failure { try await engine.chat("Hi", model: model, options: options) }, name)
      refused(await failure { for try await _ in engine.chatStream("Hi", model: model, options: options) {} }, name)
    }
    for (extra, name): (JSONObject, String) in [(["slug": "q"], "slug"), (["variables": ["a": 2]], "variables")] {
      refused(await failure { try await engine.renderPrompt("p", variables: ["a": 1], options: Options(extra: extra)) }, name)
    }
    let template = Options(extra: ["template": [["role": "user", "content": "Ho"]]])
    refused(await failure { try await engine.renderPrompt("p", template: [], options: template) }, "template")
    // By its name alone an option goes through.
    let answer = try await engine.chat("Hi", options: Options(extra: ["model": "test/echo", "max_tokens": 5]))
    #expect(answer.text == "Hi")
    #expect(try await engine.renderPrompt("p", options: Options(extra: ["variables": ["a": 2]])).messages[0].text == "2")
  }
}
