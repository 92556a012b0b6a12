// JSON text out, to the core. What JSON cannot hold is told with its path, in the core's words.

internal import SluglineNative

struct JSONWriter {
  private let lenient: Bool
  private var bytes: [UInt8] = []
  private var depth = 0

  /// A value that cannot be sent, with the way to it from the inside out.
  struct Unsendable: Error {
    let why: SluglineNative.Unsendable
    var path: [SluglineNative.Step] = []
  }

  init(lenient: Bool = false) {
    self.lenient = lenient
  }

  /// The text of a request, or of a configuration.
  static func text(of value: JSONValue, ofConfig: Bool = false) throws(SluglineError) -> String {
    var writer = JSONWriter()
    do {
      return try writer.text(value)
    } catch {
      throw SluglineError(unsendable(why: error.why, path: error.path.reversed(), ofConfig: ofConfig))
    }
  }

  mutating func text(_ value: JSONValue) throws(Unsendable) -> String {
    try write(value)
    return String(decoding: bytes, as: UTF8.self)
  }

  private mutating func write(_ value: JSONValue) throws(Unsendable) {
    switch value {
    case .null: put("null")
    case .bool(let value): put(value ? "true" : "false")
    case .integer(let value): bytes.append(contentsOf: String(value).utf8)
    case .unsigned(let value): bytes.append(contentsOf: String(value).utf8)
    case .number(let value): try write(value)
    case .string(let text): write(string: text)
    case .array(let items): try write(items)
    case .object(let object): try write(object)
    }
  }

  private mutating func put(_ word: StaticString) {
    word.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }

  private mutating func write(_ value: Double) throws(Unsendable) {
    if value.isFinite {
      bytes.append(contentsOf: value.description.utf8)
    } else if lenient {
      put("null")
    } else {
      throw Unsendable(why: .notFinite)
    }
  }

  private mutating func write(_ items: [JSONValue]) throws(Unsendable) {
    try enter()
    bytes.append(UInt8(ascii: "["))
    for (index, item) in items.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      do {
        try write(item)
      } catch {
        throw error.inside(.index(index: UInt32(clamping: index)))
      }
    }
    bytes.append(UInt8(ascii: "]"))
    depth -= 1
  }

  private mutating func write(_ object: JSONObject) throws(Unsendable) {
    try enter()
    bytes.append(UInt8(ascii: "{"))
    for (index, member) in object.enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      write(string: member.key)
      bytes.append(UInt8(ascii: ":"))
      do {
        try write(member.value)
      } catch {
        throw error.inside(.key(key: member.key))
      }
    }
    bytes.append(UInt8(ascii: "}"))
    depth -= 1
  }

  private mutating func enter() throws(Unsendable) {
    depth += 1
    if depth > JSONParser.maxDepth { throw Unsendable(why: .tooDeep) }
  }

  private mutating func write(string: String) {
    bytes.append(UInt8(ascii: "\""))
    var text = string
    text.withUTF8 { utf8 in
      var start = 0
      for (place, byte) in utf8.enumerated() where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
        bytes.append(contentsOf: utf8[start..<place])
        start = place + 1
        escape(byte)
      }
      bytes.append(contentsOf: utf8[start...])
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private mutating func escape(_ byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): put("\\\"")
    case UInt8(ascii: "\\"): put("\\\\")
    case 0x0A: put("\\n")
    case 0x0D: put("\\r")
    case 0x09: put("\\t")
    default:
      let hex = String(byte, radix: 16)
      put(byte < 0x10 ? "\\u000" : "\\u00")
      bytes.append(contentsOf: hex.utf8)
    }
  }
}

extension JSONWriter.Unsendable {
  /// The same, seen from one level further out.
  func inside(_ step: SluglineNative.Step) -> Self {
    var outer = self
    outer.path.append(step)
    return outer
  }
}
