// `Encodable` values as JSON. Unlike Foundation's encoder this keeps the order of keys (those of a
// `Dictionary`, which has none, are sorted), never re-cases them, and stops at values that hold themselves.

import Foundation
internal import SluglineNative

enum JSONEncoding {
  /// What a value encodes itself as; `path` leads to it in error messages.
  static func value<T: Encodable>(of value: T, at path: [any CodingKey], ofConfig: Bool = false) throws(SluglineError) -> JSONValue {
    let slot = Slot()
    do {
      try encode(value, into: slot, path: path)
    } catch let error as SluglineError {
      throw error
    } catch let error as Refused {
      throw refused(error.why, at: error.path, ofConfig)
    } catch EncodingError.invalidValue(let value, let context) where value is any BinaryInteger {
      // Integers wider than 64 bits say so themselves.
      throw refused(.outOfRange, at: context.codingPath, ofConfig)
    } catch {
      var failure = refused(.nothing, at: path, ofConfig)
      failure.cause = error
      throw failure
    }
    guard let json = slot.json else { throw refused(.nothing, at: path, ofConfig) }
    return json
  }

  private struct Refused: Error {
    let why: SluglineNative.Unsendable
    let path: [any CodingKey]
  }

  private static func refused(_ why: SluglineNative.Unsendable, at path: [any CodingKey], _ ofConfig: Bool) -> SluglineError {
    let steps = path.map { key in
      key.intValue.map { Step.index(index: UInt32(clamping: $0)) } ?? Step.key(key: key.stringValue)
    }
    return SluglineError(unsendable(why: why, path: steps, ofConfig: ofConfig))
  }

  /// Where a value goes: encoders hand these out before they know what comes.
  fileprivate final class Slot {
    var value: JSONValue?
    var fields: [(key: String, slot: Slot)]?
    var items: [Slot]?

    var json: JSONValue? {
      if let value { return value }
      if let fields {
        return .object(JSONObject(fields.lazy.compactMap { field in field.slot.json.map { (field.key, $0) } }))
      }
      return items.map { .array($0.map { $0.json ?? .null }) }
    }

    func field(_ key: String) -> Slot {
      let slot = Slot()
      if fields == nil { fields = [] }
      fields?.append((key, slot))
      return slot
    }

    func item() -> Slot {
      let slot = Slot()
      if items == nil { items = [] }
      items?.append(slot)
      return slot
    }
  }

  fileprivate static func encode<T: Encodable>(_ value: T, into slot: Slot, path: [any CodingKey]) throws {
    // Before the stack ends: a value may hold itself.
    guard path.count <= JSONParser.maxDepth else { throw Refused(why: .tooDeep, path: path) }
    switch value {
    case let value as JSONValue: slot.value = value
    case let value as JSONObject: slot.value = .object(value)
    case let value as String: slot.value = .string(value)
    case let value as Date: slot.value = .string(value.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    case let value as URL: slot.value = .string(value.absoluteString)
    case let value as Data: slot.value = .string(value.base64EncodedString())
    case let value as Decimal: slot.value = try number(value, path: path)
    case let value as any Entries: try value.encodeSorted(into: slot, path: path)
    default: try value.encode(to: ValueEncoder(slot: slot, codingPath: path))
    }
  }

  private static func number(_ value: Decimal, path: [any CodingKey]) throws -> JSONValue {
    if value.isNaN { throw Refused(why: .notFinite, path: path) }
    guard case let text = value.description, let number = JSONValue(json: text) else {
      throw Refused(why: .outOfRange, path: path)
    }
    let whole = !text.contains { $0 == "." || $0 == "e" || $0 == "E" }
    if case .number = number, whole { throw Refused(why: .outOfRange, path: path) }
    return number
  }
}

/// A dictionary with text keys, whatever its values.
private protocol Entries {
  func encodeSorted(into slot: JSONEncoding.Slot, path: [any CodingKey]) throws
}

extension Dictionary: Entries where Key == String, Value: Encodable {
  fileprivate func encodeSorted(into slot: JSONEncoding.Slot, path: [any CodingKey]) throws {
    slot.fields = []
    for (key, value) in sorted(by: { $0.key < $1.key }) {
      try JSONEncoding.encode(value, into: slot.field(key), path: path + [JSONKey(key)])
    }
  }
}

private struct ItemKey: CodingKey {
  let index: Int
  var intValue: Int? { index }
  var stringValue: String { String(index) }
  init(_ index: Int) { self.index = index }
  init?(intValue: Int) { index = intValue }
  init?(stringValue: String) { nil }
}

private struct ValueEncoder: Encoder, SingleValueEncodingContainer {
  let slot: JSONEncoding.Slot
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
    if slot.fields == nil { slot.fields = [] }
    return KeyedEncodingContainer(FieldEncoder<Key>(slot: slot, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    if slot.items == nil { slot.items = [] }
    return ItemEncoder(slot: slot, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { self }

  func encodeNil() { slot.value = .null }
  func encode(_ value: Bool) { slot.value = .bool(value) }
  func encode(_ value: String) { slot.value = .string(value) }
  func encode(_ value: Double) { slot.value = .number(value) }
  // By its digits: 0.1 shall not become 0.10000000149.
  func encode(_ value: Float) { slot.value = .number(Double(value.description) ?? Double(value)) }
  func encode(_ value: Int) { slot.value = .integer(Int64(value)) }
  func encode(_ value: Int8) { slot.value = .integer(Int64(value)) }
  func encode(_ value: Int16) { slot.value = .integer(Int64(value)) }
  func encode(_ value: Int32) { slot.value = .integer(Int64(value)) }
  func encode(_ value: Int64) { slot.value = .integer(value) }
  func encode(_ value: UInt) { encode(UInt64(value)) }
  func encode(_ value: UInt8) { slot.value = .integer(Int64(value)) }
  func encode(_ value: UInt16) { slot.value = .integer(Int64(value)) }
  func encode(_ value: UInt32) { slot.value = .integer(Int64(value)) }
  func encode(_ value: UInt64) { slot.value = Int64(exactly: value).map(JSONValue.integer) ?? .unsigned(value) }
  func encode<T: Encodable>(_ value: T) throws { try JSONEncoding.encode(value, into: slot, path: codingPath) }
}

private struct FieldEncoder<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let slot: JSONEncoding.Slot
  let codingPath: [any CodingKey]

  private func field(_ key: Key) -> ValueEncoder {
    ValueEncoder(slot: slot.field(key.stringValue), codingPath: codingPath + [JSONKey(key.stringValue)])
  }

  func encodeNil(forKey key: Key) { field(key).encodeNil() }
  func encode(_ value: Bool, forKey key: Key) { field(key).encode(value) }
  func encode(_ value: String, forKey key: Key) { field(key).encode(value) }
  func encode(_ value: Double, forKey key: Key) { field(key).encode(value) }
  func encode(_ value: Float, forKey key: Key) { field(key).encode(value) }
  func encode(_ value: Int, forKey key: Key) { field(key).encode(value) }
  func encode(_ value: Int8, forKey key: Key) { field(key).encode(value) }
  func encode(_ value: Int16, forKey key: Key) { field(key).encode(value) }
  func encode(_ value: Int32, forKey key: Key) { field(key).encode(value) }
  func encode(_ value: Int64, forKey key: Key) { field(key).encode(value) }
  func encode(_ value: UInt, forKey key: Key) { field(key).encode(value) }
  func encode(_ value: UInt8, forKey key: Key) { field(key).encode(value) }
  func encode(_ value: UInt16, forKey key: Key) { field(key).encode(value) }
  func encode(_ value: UInt32, forKey key: Key) { field(key).encode(value) }
  func encode(_ value: UInt64, forKey key: Key) { field(key).encode(value) }
  func encode<T: Encodable>(_ value: T, forKey key: Key) throws { try field(key).encode(value) }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested> {
    field(key).container(keyedBy: type)
  }
  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { field(key).unkeyedContainer() }
  func superEncoder() -> any Encoder {
    ValueEncoder(slot: slot.field("super"), codingPath: codingPath + [JSONKey("super")])
  }
  func superEncoder(forKey key: Key) -> any Encoder { field(key) }
}

private struct ItemEncoder: UnkeyedEncodingContainer {
  let slot: JSONEncoding.Slot
  let codingPath: [any CodingKey]
  var count: Int { slot.items?.count ?? 0 }

  private func item() -> ValueEncoder {
    let key = ItemKey(count)
    return ValueEncoder(slot: slot.item(), codingPath: codingPath + [key])
  }

  func encodeNil() { item().encodeNil() }
  func encode(_ value: Bool) { item().encode(value) }
  func encode(_ value: String) { item().encode(value) }
  func encode(_ value: Double) { item().encode(value) }
  func encode(_ value: Float) { item().encode(value) }
  func encode(_ value: Int) { item().encode(value) }
  func encode(_ value: Int8) { item().encode(value) }
  func encode(_ value: Int16) { item().encode(value) }
  func encode(_ value: Int32) { item().encode(value) }
  func encode(_ value: Int64) { item().encode(value) }
  func encode(_ value: UInt) { item().encode(value) }
  func encode(_ value: UInt8) { item().encode(value) }
  func encode(_ value: UInt16) { item().encode(value) }
  func encode(_ value: UInt32) { item().encode(value) }
  func encode(_ value: UInt64) { item().encode(value) }
  func encode<T: Encodable>(_ value: T) throws { try item().encode(value) }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    item().container(keyedBy: type)
  }
  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { item().unkeyedContainer() }
  func superEncoder() -> any Encoder { item() }
}
