// What the nouns share where they become JSON or come out of the native library.

extension JSONValue {
  /// From the text of the native library, which is always JSON.
  init(native text: String) {
    self = JSONValue(json: text) ?? .null
  }
}

extension JSONObject {
  /// From the text of the native library: `""` is an empty object.
  init(native text: String) {
    self = text.isEmpty ? [:] : JSONValue(native: text).objectValue ?? [:]
  }

  /// The members that are none of the known ones.
  init<Known: CodingKey & CaseIterable>(from decoder: any Decoder, without known: Known.Type) throws {
    let container = try decoder.container(keyedBy: JSONKey.self)
    let names = Set(known.allCases.map(\.stringValue))
    self.init()
    for key in container.allKeys where !names.contains(key.stringValue) {
      self[key.stringValue] = try container.decode(JSONValue.self, forKey: key)
    }
  }
}

extension KeyedEncodingContainer {
  /// Leaves out what is empty, as the wire does.
  mutating func encodeUnlessEmpty(_ value: some Encodable & Collection, forKey key: Key) throws {
    if !value.isEmpty { try encode(value, forKey: key) }
  }
}
