// The vectors of core/conformance/template/variants.json: assignment and content hashes, the same in every language.

import Foundation
import Slugline
import Testing

private let vectors = try! json("core/conformance/template/variants.json")

private func rows(_ name: String) -> [JSONValue] { vectors[name]?.arrayValue ?? [] }

/// Which arm a unit is drawn into; `nil` where it takes no part.
private func arm(_ row: JSONValue, share: JSONValue? = nil, arms: [(String, JSONValue)]) async throws -> String? {
  var campaign: JSONObject = ["applies_to": ["prompts": ["p"]]]
  campaign["salt"] = row["salt"]
  campaign["traffic_split"] = share
  campaign["arms"] = .array(
    arms.enumerated().map { place, arm in
      ["name": .string(arm.0), "weight": arm.1, "params": ["seed": .integer(Int64(place))]]
    })
  let id = row["id"]?.stringValue ?? ""
  let config = Config(engine: ["prompts": ["p": "x"]], campaigns: JSONObject([(id, .object(campaign))]))
  let options = Options(assignmentKey: row["key"]?.stringValue)
  let rendered = try await Engine(config: config).renderPrompt("p", options: options)
  return rendered.params["seed"]?.intValue.map { arms[$0].0 }
}

@Suite struct VariantTests {
  @Test(arguments: rows("arms")) func armsAreDrawn(_ row: JSONValue) async throws {
    let arms = try #require(row["arms"]?.objectValue).map { ($0.key, $0.value) }
    if let expected = row["arm"]?.stringValue {
      #expect(try await arm(row, arms: arms) == expected)
    } else {
      let error = await failure { try await arm(row, arms: arms) }
      #expect(error?.code == .configError)
    }
  }

  @Test(arguments: rows("traffic")) func trafficIsDrawn(_ row: JSONValue) async throws {
    let drawn = try await arm(row, share: row["share"], arms: [("only", 1)])
    #expect((drawn != nil) == row["takes_part"]?.boolValue)
  }

  @Test(arguments: rows("draws")) func drawsAreExact(_ row: JSONValue) async throws {
    let draw = try #require(row["draw"]?.doubleValue)
    for (edge, below) in [(draw - 1e-9, false), (draw + 1e-9, true)] {
      if row["kind"] == "traffic" {
        #expect((try await arm(row, share: .number(edge), arms: [("only", 1)]) != nil) == below)
      } else {
        #expect(try await arm(row, arms: [("a", .number(edge)), ("b", .number(1 - edge))]) == (below ? "a" : "b"))
      }
    }
  }

  @Test(arguments: rows("hashes")) func hashesAreTheSame(_ row: JSONValue) async throws {
    let engine = try Engine(config: Config(engine: ["prompts": try #require(row["files"])]))
    #expect(try await engine.prompts.get(row["slug"]?.stringValue ?? "").hash == row["hash"]?.stringValue)
  }
}
