// The Swift runner of core/conformance/engine: the cases that drive every language.

import Foundation
import Slugline
import Testing

private let folder = repository.appendingPathComponent("core/conformance/engine")
private let names = try! FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
private let cases = Dictionary(uniqueKeysWithValues: names.map { ($0, try! load($0)) })
private let skipped = names.filter { cases[$0]?["skip"]?["swift"] != nil }
private let run = names.filter { !skipped.contains($0) }

private func load(_ name: String) throws -> JSONValue {
  let text = try text("core/conformance/engine/\(name)/case.json")
  let value = JSONValue(json: text.replacingOccurrences(of: "${case}", with: folder.appendingPathComponent(name).path))
  return try #require(value)
}

@Test func everyCaseIsRunOrSaysWhyNot() {
  print("engine cases: \(run.count) run, \(skipped.count) skipped")
  #expect(run.count + skipped.count == names.count && run.count > 60)
}

@Test(arguments: run) func conforms(_ name: String) async throws {
  let one = try #require(cases[name])
  let config = one["config"].map { Config.data($0) } ?? .defaults
  if let expected = one["open"] {
    let error = failure { try Engine(config: config) }
    try check(expected, ["error": JSONValue(encoding: try #require(error))])
    return
  }
  let engine = try Engine(config: config)
  for call in try #require(one["calls"]?.arrayValue) {
    let expected = try #require(call["expect"])
    do {
      try check(expected, await make(engine, call))
    } catch let failure as Failed {
      var got = failure.got
      got["error"] = try JSONValue(encoding: failure.error)
      try check(expected, got)
    }
  }
}

/// What a call gave before it failed.
private struct Failed: Error {
  let error: SluglineError
  var got: JSONObject = [:]
}

private func check(_ expected: JSONValue, _ got: JSONObject) throws {
  if expected["error"] == nil, let error = got["error"] { Issue.record("failed with \(error.json)") }
  if expected["error"] != nil, got["error"] == nil { Issue.record("did not fail, but gave \(JSONValue.object(got).json)") }
  for (key, pattern) in try #require(expected.objectValue) {
    if let found = mismatch(key, pattern, got[key]) { Issue.record(Comment(rawValue: found)) }
  }
}

/// Makes one call; gives what a case may expect of it.
private func make(_ engine: Engine, _ call: JSONValue) async throws -> JSONObject {
  let it = try CallArguments(try #require(call["args"]?.objectValue))
  do {
    switch call["verb"] {
    case "chat": return try whole(await engine.chat(it.messages, model: it.model, options: it.options))
    case "run_prompt":
      return try whole(
        await engine.runPrompt(
          it.slug ?? "", variables: it.variables, model: it.model, environment: it.environment, version: it.version,
          variant: it.variant, messages: it.messages, template: it.template, options: it.options))
    case "chat_stream": return try await read(engine.chatStream(it.messages, model: it.model, options: it.options))
    case "run_prompt_stream":
      return try await read(
        engine.runPromptStream(
          it.slug ?? "", variables: it.variables, model: it.model, environment: it.environment, version: it.version,
          variant: it.variant, messages: it.messages, template: it.template, options: it.options))
    case "render_prompt":
      let rendered = try await engine.renderPrompt(
        it.slug ?? "", variables: it.variables, model: it.model, environment: it.environment, version: it.version,
        variant: it.variant, messages: it.messages, template: it.template, options: it.options)
      return ["rendered": try JSONValue(encoding: rendered)]
    case "build_request":
      let request =
        if let slug = it.slug {
          try await engine.buildRequest(
            slug: slug, variables: it.variables, model: it.model, environment: it.environment, version: it.version,
            variant: it.variant, messages: it.messages, template: it.template, options: it.options)
        } else {
          try await engine.buildRequest(it.messages, model: it.model, options: it.options)
        }
      return ["request": try JSONValue(encoding: request)]
    default: throw CocoaError(.featureUnsupported)
    }
  } catch let error as SluglineError {
    throw Failed(error: error)
  }
}

private func whole(_ answer: ChatCompletion) throws -> JSONObject {
  let json = try JSONValue(encoding: answer)
  // What is written can be read again.
  #expect(try JSONDecoder().decode(ChatCompletion.self, from: Data(json.json.utf8)) == answer)
  return ["completion": json, "text": .string(answer.text)]
}

private func read(_ stream: ChatStream) async throws -> JSONObject {
  var chunks: [JSONValue] = []
  var text = ""
  var got: JSONObject { ["chunks": .array(chunks), "text": .string(text)] }
  do {
    for try await chunk in stream {
      chunks.append(try JSONValue(encoding: chunk))
      text += chunk.text
    }
  } catch let error as SluglineError {
    let again = await failure { try await stream.completion() }
    #expect(again?.code == error.code && again?.message == error.message)
    throw Failed(error: error, got: got)
  }
  let completion = try await stream.completion()
  if !completion.choices.isEmpty { #expect(completion.text == text) }
  var all = got
  all["completion"] = try JSONValue(encoding: completion)
  return all
}
