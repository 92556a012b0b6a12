// The Swift runner of core/conformance/engine: the cases that drive every language.

import Foundation
import Slugline
import Testing

private let folder = repository.appendingPathComponent("core/conformance/engine")
private let names = try! FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
private let cases = Dictionary(uniqueKeysWithValues: names.map { ($0, try! load($0)) })
private let skipped = names.filter { cases[$0]?["skip"]?["swift"] != nil }
/// Those that were gone through to the end, well or not.
private let ended = Ended()
private let run = names.filter { !skipped.contains($0) }

private func load(_ name: String) throws -> JSONValue {
  let text = try text("core/conformance/engine/\(name)/case.json")
  let temp = FileManager.default.temporaryDirectory.appendingPathComponent("slugline-\(UUID())")
  if text.contains("${temp}") { try FileManager.default.createDirectory(at: temp, withIntermediateDirectories: true) }
  let filled = text.replacingOccurrences(of: "${case}", with: folder.appendingPathComponent(name).path)
    .replacingOccurrences(of: "${temp}", with: temp.path)
  return try #require(JSONValue(json: filled))
}

// One after the other, and the count last.
@Suite(.serialized) struct ConformanceTests {
  @Test(arguments: run) func conforms(_ name: String) async throws {
    defer { ended.add(name) }
    let one = try #require(cases[name])
    let config = one["config"].map { Config.data($0) } ?? .defaults
    if let expected = one["open"] {
      let error = failure { try Engine(config: config) }
      try check(expected, ["error": JSONValue(encoding: try #require(error))])
      return
    }
    let engine = try Engine(config: config)
    var kept: [String: JSONValue] = [:]
    for written in try #require(one["calls"]?.arrayValue) {
      let call = filled(written, kept)
      let expected = try #require(call["expect"])
      var got: JSONObject
      do {
        got = try await make(engine, call)
      } catch let failure as Failed {
        got = failure.got
        got["error"] = try JSONValue(encoding: failure.error)
      }
      try check(expected, got)
      for (name, path) in call["keep"]?.objectValue ?? [:] {
        kept[name] = path.stringValue?.split(separator: ".").reduce(.object(got)) { (value: JSONValue?, step) in
          Int(step).flatMap { value?[$0] } ?? value?[String(step)]
        }
      }
    }
    try await engine.close()
  }

  @Test func everyCaseWasRunOrSaysWhyNot() throws {
    print("engine cases: \(ended.all.count) run, \(skipped.count) skipped")
    let files = try #require(FileManager.default.enumerator(atPath: folder.path))
      .filter { ($0 as? String)?.hasSuffix("/case.json") == true }.count
    #expect(ended.all.count + skipped.count == files && ended.all == run && files > 60)
  }
}

/// A call with the values that earlier ones kept in the places that name them.
private func filled(_ value: JSONValue, _ kept: [String: JSONValue]) -> JSONValue {
  switch value {
  case .string(let text) where text.hasPrefix("${"): kept[String(text.dropFirst(2).dropLast())] ?? value
  case .array(let items): .array(items.map { filled($0, kept) })
  case .object(let object): .object(JSONObject(object.map { ($0.key, filled($0.value, kept)) }))
  default: value
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
  let args = call["args"]?.objectValue ?? [:]
  do {
    if let id = call["session"]?.stringValue { return try await make(engine.session(id), call["verb"], args) }
    if let value = try await ask(engine, call["verb"], args) { return ["value": value] }
    let it = try CallArguments(args)
    switch call["verb"] {
    case "recordings.rerun":
      return try whole(await engine.recordings.rerun(args["id"]?.stringValue ?? "", model: it.model))
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

/// Makes one call in a session.
private func make(_ session: Session, _ verb: JSONValue?, _ args: JSONObject) async throws -> JSONObject {
  let it = try CallArguments(args)
  switch verb {
  case "chat": return try whole(await session.chat(it.messages, model: it.model, options: it.options))
  case "chat_stream": return try await read(session.chatStream(it.messages, model: it.model, options: it.options))
  case "run_prompt":
    return try whole(
      await session.runPrompt(
        it.slug ?? "", variables: it.variables, model: it.model, environment: it.environment, version: it.version,
        variant: it.variant, messages: it.messages, template: it.template, options: it.options))
  case "run_prompt_stream":
    return try await read(
      session.runPromptStream(
        it.slug ?? "", variables: it.variables, model: it.model, environment: it.environment, version: it.version,
        variant: it.variant, messages: it.messages, template: it.template, options: it.options))
  case "history": return ["value": try JSONValue(encoding: await session.history())]
  case "clear":
    try await session.clear()
    return ["value": .null]
  default: throw CocoaError(.featureUnsupported)
  }
}

/// Asks the state; nothing where the verb is another one.
private func ask(_ engine: Engine, _ verb: JSONValue?, _ args: JSONObject) async throws -> JSONValue? {
  let milliseconds = { (name: String) in args[name]?.doubleValue.map { Date(timeIntervalSince1970: $0 / 1000) } }
  let filter = RecordingFilter(
    ids: args["ids"]?.arrayValue?.compactMap(\.stringValue), prompt: args["prompt"]?.stringValue,
    sessionId: args["session_id"]?.stringValue, campaign: args["campaign"]?.stringValue,
    project: args["project"]?.stringValue, labels: args["labels"]?.objectValue ?? [:], since: milliseconds("since"),
    until: milliseconds("until"))
  switch verb {
  case "recordings.list":
    let page = try await engine.recordings.list(
      filter, limit: args["limit"]?.intValue, cursor: args["cursor"]?.stringValue, payload: args["payload"] == true)
    return try JSONValue(encoding: page)
  case "recordings.get": return try JSONValue(encoding: await engine.recordings.get(args["id"]?.stringValue ?? ""))
  case "recordings.query": return try JSONValue(encoding: await engine.recordings.query(args["sql"]?.stringValue ?? ""))
  case "recordings.delete": return .integer(Int64(try await engine.recordings.delete(filter)))
  case "usage":
    let words = args["group_by"]?.arrayValue?.compactMap(\.stringValue) ?? [args["group_by"]?.stringValue].compactMap { $0 }
    return try JSONValue(encoding: await engine.usage(groupBy: words, filter))
  case "campaign_report":
    let report = try await engine.campaignReport(
      args["key"]?.stringValue ?? "", metric: args["metric"]?.stringValue, since: milliseconds("since"),
      until: milliseconds("until"))
    return try JSONValue(encoding: report)
  case "feedback":
    guard let given = args["value"] else { throw CocoaError(.coderValueNotFound) }
    let value: FeedbackValue = given.boolValue.map { .bool($0) } ?? .number(given.doubleValue ?? .nan)
    let id = try await engine.feedback(
      args["completion_id"]?.stringValue ?? "", metric: args["metric"]?.stringValue ?? "", value: value,
      comment: args["comment"]?.stringValue, userId: args["user_id"]?.stringValue)
    return .string(id)
  default: return nil
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

/// Names that tests add.
private final class Ended: @unchecked Sendable {
  private let lock = NSLock()
  private var names: Set<String> = []
  var all: [String] { lock.withLock { names.sorted() } }
  func add(_ name: String) { lock.withLock { _ = names.insert(name) } }
}
