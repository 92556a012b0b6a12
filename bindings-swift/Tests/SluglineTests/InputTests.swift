// What goes into a call: variables of any kind, exact numbers, and every way in which they can be wrong.

import Foundation
import Slugline
import Testing

private let prompts: JSONObject = ["show": "{{#each items}}{{this}};{{/each}}{{value}}", "all": "{{json this}}"]
private let engine = try! Engine(
  config: Config(engine: ["prompts": .object(prompts), "default_model": "test/echo", "missing": "empty"]))

private func render(_ value: some Encodable & Sendable) async throws -> String {
  try await engine.renderPrompt("show", variables: ["value": value]).messages[0].text
}

@Suite struct InputTests {
  @Test func valuesAreExact() async throws {
    #expect(try await render(UInt64.max) == "18446744073709551615")
    #expect(try await render(Int64.min) == "-9223372036854775808")
    #expect(try await render(UInt64(Int64.max) + 1) == "9223372036854775808")
    #expect(try await render((1 << 53) + 1) == "9007199254740993")
    #expect(try await render(1.5) == "1.5")
    #expect(try await render(Float(0.1)) == "0.1")
    #expect(try await render(Decimal(string: "12.25")!) == "12.25")
    #expect(try await render(true) == "true")
    #expect(try await render("Ada \u{1f642} \u{feff}\"\\\n\u{1}") == "Ada \u{1f642} \u{feff}\"\\\n\u{1}")
    #expect(try await render(Date(timeIntervalSince1970: 0)) == "1970-01-01T00:00:00.000Z")
    #expect(try await render(URL(string: "https://x/a?b=c")!) == "https://x/a?b=c")
    #expect(try await render(Data([1, 2, 3])) == "AQID")
  }

  @Test func literalsMixKinds() async throws {
    let rendered = try await engine.renderPrompt("show", variables: ["items": [1, "a\"b", [2.5], .null], "value": false])
    #expect(rendered.messages[0].text.hasPrefix("1;a\"b;"))
  }

  @Test func ownTypesKeepTheirKeysAndTheirOrder() async throws {
    struct Order: Codable {
      var orderId = 7
      var line_items = ["b", "a"]
      var `Größe`: Int? = nil
      var nested = ["zeta": ["k": 1], "Alpha": ["k": 2]]
    }
    #expect(try JSONValue(encoding: Order()).json == #"{"orderId":7,"line_items":["b","a"],"nested":{"Alpha":{"k":2},"zeta":{"k":1}}}"#)
    struct Variables: Encodable {
      var value = Order()
      var items = [1]
    }
    let rendered = try await engine.renderPrompt("show", variables: Variables())
    #expect(rendered.messages[0].text.contains("orderId"))
    let literal: JSONObject = ["z": 1, "a": ["y": 2, "b": 3]]
    #expect(JSONValue.object(literal).json == #"{"z":1,"a":{"y":2,"b":3}}"#)
  }

  @Test func everyContainerOfAnEncoderWorks() throws {
    struct Odd: Encodable {
      enum Keys: String, CodingKey { case nested, list, own }
      func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        var nested = container.nestedContainer(keyedBy: Keys.self, forKey: .nested)
        try nested.encodeNil(forKey: .own)
        var list = container.nestedUnkeyedContainer(forKey: .list)
        try list.encode(UInt8(1))
        try list.encodeNil()
        var inner = list.nestedUnkeyedContainer()
        try inner.encode(Int16(-2))
        try "x".encode(to: container.superEncoder(forKey: .own))
      }
    }
    #expect(try JSONValue(encoding: Odd()).json == #"{"nested":{"own":null},"list":[1,null,[-2]],"own":"x"}"#)
  }

  @Test func jsonIsReadExactly() {
    let text = #"{"b":[1,-2,18446744073709551615,0.5,1e3,true,null],"a":"\u00e9\ud83d\ude42\n"}"#
    let value = JSONValue(json: text)
    #expect(value?["b"]?[2] == .unsigned(.max))
    #expect(value?["a"] == "é🙂\n")
    #expect(value?.objectValue?.keys == ["b", "a"])
    #expect(value?["b"]?.json == "[1,-2,18446744073709551615,0.5,1000.0,true,null]")
    for broken in ["", "{", "[1,]", "{\"a\":}", "01", "1.", "nul", "\"\\ud83d\"", "\"\n\"", "[1] 2", "1e999", "+1", "{a:1}"] {
      #expect(JSONValue(json: broken) == nil, "\(broken)")
    }
    #expect(JSONValue(json: String(repeating: "[", count: 100_000)) == nil)
  }

  @Test func objectsKeepTheirOrder() {
    var object: JSONObject = ["a": 1, "b": 2, "c": 3]
    object["b"] = nil
    object["a"] = 4
    object["d"] = 5
    #expect(object.keys == ["a", "c", "d"])
    #expect(object["c"] == 3 && object["b"] == nil)
    #expect(object == ["d": 5, "c": 3, "a": 4])
  }

  private final class Ring: Encodable, @unchecked Sendable {
    var next: Ring?
  }

  @Test func whatJSONCannotHoldIsRefusedByItsPath() async throws {
    let ring = Ring()
    ring.next = ring
    defer { ring.next = nil }
    var deep = JSONValue.null
    for _ in 0..<200 { deep = [deep] }
    let wrong: [(any Encodable & Sendable, String, String)] = [
      (Double.nan, "NaN", ""), (-Double.infinity, "NaN", ""), ([1, Float.infinity], "NaN", "[1]"),
      (["k": [Double.nan]], "NaN", ".k[0]"), (Decimal.nan, "NaN", ""),
      (Decimal(string: "18446744073709551616")!, "64 bits", ""), (ring, "128", ".next"), (deep, "128", "[0]"),
    ]
    for (value, says, path) in wrong {
      func refused(_ error: SluglineError?, _ code: SluglineError.Code, _ param: String) {
        #expect(error?.code == code, "\(String(describing: error))")
        #expect(error?.message.contains(says) == true, "\(String(describing: error))")
        #expect(error?.param?.hasPrefix(param) == true, "\(String(describing: error?.param))")
      }
      refused(await failure { try await render(value) }, .invalidVariables, "variables.value\(path)")
      refused(
        await failure {
          for try await _ in engine.runPromptStream("show", variables: ["value": Erased(value)]) {}
        }, .invalidVariables, "variables.value\(path)")
    }
    let chat = await failure {
      try await engine.chat("Hi", options: Options(temperature: .nan))
    }
    #expect(chat?.code == .invalidRequest && chat?.param == "temperature")
    let body = await failure {
      try await engine.chat("Hi", options: Options(extraBody: ["x": [1, .number(.infinity)]]))
    }
    #expect(body?.param == "extra_body.x[1]")
    if #available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *) {
      let wide = await failure { try await render(UInt128(UInt64.max) + 1) }
      #expect(wide?.code == .invalidVariables && wide?.param == "variables.value")
    }
  }

  @Test func wrongOptionsAreNamed() async throws {
    for (extra, param, says): (JSONObject, String, String) in [
      (["temprature": 1], "temprature", "`temperature`"), (["stream": true], "stream", "chat_stream"),
      (["temperature": "hot"], "temperature", "a number"),
      (["labels": ["a": []]], "labels.a", ""),
    ] {
      let call = await failure { try await engine.chat("Hi", options: Options(extra: extra)) }
      let read = await failure {
        for try await _ in engine.chatStream("Hi", options: Options(extra: extra)) {}
      }
      for error in [call, read] {
        #expect(error?.code == .invalidRequest)
        #expect(error?.param == param)
        #expect(says.isEmpty || error?.message.contains(says) == true)
      }
    }
    let robot = await failure { try await engine.chat([], options: Options(extra: ["messages": [["role": "robot"]]])) }
    #expect(robot?.param == "messages[0].role" && robot?.message.contains("one of") == true)
  }

  @Test func aMessageOfAnAnswerMayBeSentBack() async throws {
    let answer = try await engine.chat("Again")
    let again = try await engine.chat([.user("A"), answer.choices[0].message])
    #expect(again.text == "A")
  }

  @Test func partsHoldFilesAndBytes() throws {
    let png = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) + Data("rest".utf8)
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("slugline-\(UUID()).png")
    try png.write(to: path)
    defer { try? FileManager.default.removeItem(at: path) }
    let url = "data:image/png;base64,\(png.base64EncodedString())"
    #expect(try ContentPart.image(path, detail: "low", cacheControl: ["type": "ephemeral"]) == .imageURL(url, detail: "low", cacheControl: ["type": "ephemeral"]))
    #expect(try ContentPart.image(png) == .imageURL(url))
    #expect(try ContentPart.image(URL(string: "https://x/a.png")!) == .imageURL("https://x/a.png"))
    #expect(try ContentPart.image(Data("x".utf8), mediaType: "image/avif") == .imageURL("data:image/avif;base64,eA=="))
    #expect(try ContentPart.file(path) == .file(filename: path.lastPathComponent, data: url))
    #expect(try ContentPart.file(Data("x".utf8), filename: "a.pdf") == .file(filename: "a.pdf", data: "data:application/pdf;base64,eA=="))
    #expect(try ContentPart.file(URL(string: "https://x/a.pdf")!) == .file(url: "https://x/a.pdf"))
    for make in [{ try ContentPart.image(Data("x".utf8)) }, { try ContentPart.file(Data("x".utf8)) }, { try ContentPart.image(URL(fileURLWithPath: "/no/such.png")) }] {
      let error = failure { try make() }
      #expect(error?.code == .invalidRequest)
    }
  }
}

/// A value whose type is not known here.
private struct Erased: Encodable {
  let value: any Encodable
  init(_ value: any Encodable) { self.value = value }
  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(value)
  }
}
