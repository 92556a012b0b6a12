// Values of one's own as JSON: dates, containers, collections without an order, and what an encoder throws.

import Foundation
import Slugline
import Testing

private func json(_ value: some Encodable) throws -> String { try JSONValue(encoding: value).json }

@Suite struct EncodingTests {
  @Test func datesAreISO8601() throws {
    for (date, text) in [
      (Date(timeIntervalSince1970: 0), "1970-01-01T00:00:00.000Z"), (.distantPast, "0001-01-01T00:00:00.000Z"),
      (.distantFuture, "4001-01-01T00:00:00.000Z"), (Date(timeIntervalSince1970: 253_402_300_799.75), "9999-12-31T23:59:59.750Z"),
      (Date(timeIntervalSince1970: 253_402_300_799), "9999-12-31T23:59:59.000Z"),
      (Date(timeIntervalSince1970: 1.25), "1970-01-01T00:00:01.250Z"),
    ] {
      let got = try JSONValue(encoding: date).stringValue
      #expect(got == text, "\(date.timeIntervalSince1970): \(got ?? "")")
    }
  }

  @Test func datesThatAreNoneAreRefusedByTheirPath() async throws {
    struct Visit: Encodable { let days: [Date] }
    for (seconds, says) in [
      (Double.nan, "NaN"), (.infinity, "NaN"), (-.infinity, "NaN"), (1e300, "years 1 to 9999"), (-1e300, "years 1 to 9999"),
      (253_402_300_800, "years 1 to 9999"), (-62_135_769_601, "years 1 to 9999"),
    ] {
      let date = Date(timeIntervalSince1970: seconds)
      let value = failure { try JSONValue(encoding: Visit(days: [Date(), date])) }
      #expect(value?.code == .invalidRequest && value?.param == "days[1]")
      #expect(value?.message.contains(says) == true, "\(String(describing: value))")
      let engine = try Engine(config: Config(engine: ["prompts": ["p": "{{when}}"]]))
      let call = await failure { try await engine.renderPrompt("p", variables: ["when": date]) }
      #expect(call?.code == .invalidVariables && call?.param == "variables.when")
    }
  }

  @Test func containersAskedForTwiceAreOne() throws {
    struct Odd: Encodable {
      enum Keys: String, CodingKey { case a, b, c, x, y }
      func encode(to encoder: any Encoder) throws {
        var outer = encoder.container(keyedBy: Keys.self)
        var one = outer.nestedContainer(keyedBy: Keys.self, forKey: .a)
        try one.encode(1, forKey: .x)
        var list = outer.nestedUnkeyedContainer(forKey: .b)
        try list.encode(1)
        var other = outer.nestedContainer(keyedBy: Keys.self, forKey: .a)
        try other.encode(2, forKey: .y)
        var more = outer.nestedUnkeyedContainer(forKey: .b)
        try more.encode(2)
        // A value takes the place of what stood there.
        try outer.encode(["y": 1], forKey: .c)
        try outer.encode(["x": 2], forKey: .c)
        var again = encoder.container(keyedBy: Keys.self)
        try again.encode(true, forKey: .x)
      }
    }
    let text = #"{"a":{"x":1,"y":2},"b":[1,2],"c":{"x":2},"x":true}"#
    #expect(try json(Odd()) == text)
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    #expect(String(decoding: try encoder.encode(Odd()), as: UTF8.self) == text)
  }

  private enum Tone: String, Encodable, CodingKeyRepresentable, CaseIterable { case warm, plain, curt, dry, wry }
  private struct Place: Hashable, Encodable { var row: Int }

  @Test func whatHasNoOrderIsSorted() throws {
    #expect(try json(["b": 1, "a": 2, "C": 3]) == #"{"C":3,"a":2,"b":1}"#)
    #expect(try json([10: "x", 9: "y", -1: "z"]) == #"{"-1":"z","9":"y","10":"x"}"#)
    let tones = Dictionary(uniqueKeysWithValues: Tone.allCases.map { ($0, [$0]) })
    #expect(try json(tones) == #"{"curt":["curt"],"dry":["dry"],"plain":["plain"],"warm":["warm"],"wry":["wry"]}"#)
    // Keys that are no names: keys and values by turns, as in Foundation.
    #expect(try json([Place(row: 2): "b", Place(row: 1): "a"]) == #"[{"row":1},"a",{"row":2},"b"]"#)
    #expect(try json([1.5: "b", 0.5: "a"]) == #"[0.5,"a",1.5,"b"]"#)
    #expect(try json(Set(["c", "a", "b"])) == #"["a","b","c"]"#)
    let optional: [String: [Int: Int]?]? = ["k": [2: 1, 1: 2], "j": nil]
    #expect(try json(optional) == #"{"j":null,"k":{"1":2,"2":1}}"#)
    let error = failure { try JSONValue(encoding: [1: [Place(row: 1): Double.nan]]) }
    #expect(error?.param == "1[1]")
  }

  @Test func wideIntegersThatFitAreSent() throws {
    guard #available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *) else { return }
    struct Wide: Encodable {
      var small = Int128(5), negative: Int128? = Int128(Int64.min)
      var list = [UInt128(UInt64.max)]
    }
    #expect(try json(Wide()) == #"{"small":5,"negative":-9223372036854775808,"list":[18446744073709551615]}"#)
    for (value, path) in [(Wide(small: Int128(UInt64.max) + 1), "small"), (Wide(list: [.zero, .max]), "list[1]")] {
      let error = failure { try JSONValue(encoding: value) }
      #expect(error?.param == path && error?.message.contains("64 bits") == true)
    }
  }

  @Test func whatAnEncoderThrowsIsTheCauseAndItsPlaceIsTold() async throws {
    struct Stubborn: Encodable {
      struct No: Error { let secret = "secret words" }
      func encode(to encoder: any Encoder) throws { throw No() }
    }
    struct Holder: Encodable { var items = [Stubborn()] }
    let engine = try Engine(config: Config(engine: ["prompts": ["p": "{{items}}"]]))
    for (call, path) in [
      (await failure { try await engine.renderPrompt("p", variables: Holder()) }, "variables.items[0]"),
      (await failure { try await engine.renderPrompt("p", variables: Stubborn()) }, "variables"),
    ] {
      let error = try #require(call)
      #expect(error.code == .invalidVariables && error.param == path)
      #expect(error.message.contains("its encoder threw `No`") && !error.message.contains("secret"))
      #expect(error.cause is Stubborn.No)
    }
    struct Nothing: Encodable { func encode(to encoder: any Encoder) {} }
    #expect(failure { try JSONValue(encoding: Nothing()) }?.message.contains("encodes nothing") == true)
  }

  @Test func keysAreKeptByTheirBytes() async throws {
    let one = "\u{e9}", two = "e\u{301}"
    #expect(one == two)
    var object: JSONObject = [one: 1, two: 2]
    #expect(object.count == 2 && object[one] == 1 && object[two] == 2)
    let text = #"{"\#(one)":1,"\#(two)":2}"#
    #expect(JSONValue.object(object).json.utf8.elementsEqual(text.utf8))
    #expect(JSONValue(json: text)?.objectValue?.count == 2)
    object[one] = nil
    #expect(object.count == 1 && object[two] == 2 && object != [one: 2])
    struct Both: Encodable {
      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(1, forKey: Key(stringValue: "\u{e9}"))
        try container.encode(2, forKey: Key(stringValue: "e\u{301}"))
      }
    }
    struct Key: CodingKey {
      let stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }
    #expect(try json(Both()).utf8.elementsEqual(text.utf8))
    let engine = try Engine(config: Config(engine: ["prompts": ["p": "{{json this}}"]]))
    let rendered = try await engine.renderPrompt("p", variables: Both())
    #expect(rendered.messages[0].text.utf8.elementsEqual(text.utf8))
  }
}
