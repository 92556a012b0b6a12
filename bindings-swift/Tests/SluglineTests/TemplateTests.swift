// The Swift runner of core/conformance/template: what a template renders to, through `renderPrompt`.

import Foundation
import Slugline
import Testing

private let folder = repository.appendingPathComponent("core/conformance/template")
private let files = try! FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().filter {
  $0.hasSuffix(".json") && $0 != "variants.json"
}
private let cases = try! files.flatMap { file in
  (try json("core/conformance/template/\(file)")["cases"]?.arrayValue ?? []).map { Case(file: file, it: $0) }
}
private let run = cases.filter { $0.reason == nil }

private struct Case: Sendable, CustomTestStringConvertible {
  let file: String
  let it: JSONValue

  var testDescription: String { "\(file): \(it["name"]?.stringValue ?? "")" }

  /// Why it cannot be run: it sets what `renderPrompt` has no argument for, or says so itself.
  var reason: String? {
    for key in ["context", "history", "now_ms"] where it[key] != nil { return key }
    let named = it["partials"]?.objectValue?.keys.contains { $0.contains(" ") }
    if named == true { return "partials that no file can be named like" }
    return it["skip"]?["swift"]?.stringValue
  }
}

@Test func everyTemplateCaseIsRunOrSaysWhyNot() {
  let leftOut = Dictionary(grouping: cases.compactMap(\.reason)) { $0 }.map { "\($1.count) \($0)" }.sorted()
  print("template cases: \(run.count) run, left out: \(leftOut.joined(separator: ", "))")
  #expect(run.count > 100)
  #expect(cases.count - run.count < cases.count / 4)
}

@Test(arguments: run) fileprivate func renders(_ one: Case) async throws {
  let it = one.it
  var prompts: JSONObject = ["t": try #require(it["template"])]
  for (name, partial) in it["partials"]?.objectValue ?? [:] {
    let steps = name.split(separator: "/")
    prompts[(steps.dropLast() + ["_\(steps.last ?? "")"]).joined(separator: "/")] = partial
  }
  let engine = try Engine(config: Config(engine: ["prompts": .object(prompts), "missing": it["missing"] ?? "error"]))
  let expected = try #require(it["expect"])
  do {
    let rendered = try await engine.renderPrompt("t", variables: it["data"]?.objectValue ?? [:])
    #expect(expected["error"] == nil)
    if let text = expected["text"]?.stringValue {
      let blank = text.allSatisfy(\.isWhitespace)
      #expect(rendered.messages.map(\.text) == (blank ? [] : [text]))
    }
    if let messages = expected["messages"] {
      #expect(try JSONValue(encoding: rendered.messages) == messages)
    }
  } catch let error as SluglineError {
    let problem = try #require(expected["error"], "\(error)")
    #expect(error.code.rawValue == problem["code"]?.stringValue)
    if let line = problem["line"]?.intValue { #expect(error.location?.line == line) }
    if let column = problem["column"]?.intValue { #expect(error.location?.column == column) }
    // A partial that is not there is told in the words of where prompts come from.
    if let says = problem["says"]?.stringValue, !error.message.contains("no partial has the name") {
      #expect(error.message.contains(says), "\(error)")
    }
    if let names = problem["variables"] { #expect(error.details["variables"] == names) }
  }
}
