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

  /// Why it cannot be run.
  var reason: String? {
    it["no_prompt"]?.stringValue ?? it["skip"]?["swift"]?.stringValue
  }
}

@Test func everyTemplateCaseIsRunOrSaysWhyNot() {
  print("template cases: \(run.count) run, \(cases.count - run.count) skipped")
  #expect(run.count > 300)
}

@Test(arguments: run) fileprivate func renders(_ one: Case) async throws {
  let it = one.it
  var prompts: JSONObject = ["p": try #require(it["template"])]
  for (name, partial) in it["partials"]?.objectValue ?? [:] {
    let steps = name.split(separator: "/")
    prompts[(steps.dropLast() + ["_\(steps.last ?? "")"]).joined(separator: "/")] = partial
  }
  let engine = try Engine(config: Config(engine: ["prompts": .object(prompts), "missing": it["missing"] ?? "error"]))
  let expected = try #require(it["expect"])
  do {
    let rendered = try await engine.renderPrompt("p", variables: it["data"]?.objectValue ?? [:])
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
    #expect(error.location?.line == problem["line"]?.intValue)
    #expect(error.location?.column == problem["column"]?.intValue)
    #expect(error.details["variables"] == problem["variables"])
    #expect(error.message.contains(problem["says"]?.stringValue ?? error.message))
  }
}
