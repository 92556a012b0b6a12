// `Encodable` values as JSON. Unlike Foundation's encoder this keeps the order of keys (what has none, a
// `Dictionary` or a `Set`, is sorted), never re-cases them, and stops at values that hold themselves.

import Foundation
internal import SluglineNative

enum JSONEncoding {
  /// What a value encodes itself as; `path` leads to it in error messages.
  static func value<T: Encodable>(of value: T, at path: [any CodingKey]) throws(SluglineError) -> JSONValue {
    let slot = Slot()
    do {
      try encode(value, into: slot, path: path)
    } catch let error as Refused {
      throw refused(error.why, at: error.path, cause: error.cause)
    } catch {
      throw error as? SluglineError ?? refused(.nothing, at: path, cause: error)
    }
    guard let json = slot.json else { throw refused(.nothing, at: path) }
    return json
  }

  fileprivate struct Refused: Error {
    let why: SluglineNative.Unsendable
    let path: [any CodingKey]
    var cause: (any Error)? = nil
  }

  private static func refused(
    _ why: SluglineNative.Unsendable, at path: [any CodingKey], cause: (any Error)? = nil
  ) -> SluglineError {
    let steps = path.map { key in
      (key as? ItemKey).map { Step.index(index: UInt32(clamping: $0.index)) } ?? Step.key(key: key.stringValue)
    }
    var error = SluglineError(unsendable(why: why, path: steps, ofConfig: false))
    error.cause = cause
    return error
  }

  /// Where a value goes: encoders hand these out before they know what comes.
  fileprivate final class Slot {
    enum Content {
      case value(JSONValue)
      case fields([(key: String, slot: Slot)], places: [ExactKey: Int])
      case items([Slot])
    }

    var content: Content?

    var json: JSONValue? {
      switch content {
      case .value(let value): value
      case .fields(let fields, _):
        .object(JSONObject(fields.lazy.compactMap { field in field.slot.json.map { (field.key, $0) } }))
      case .items(let items): .array(items.map { $0.json ?? .null })
      case nil: nil
      }
    }

    /// Becomes an object, where it is none yet: containers asked for twice are one.
    func holdFields() {
      if case .fields = content { return }
      content = .fields([], places: [:])
    }

    /// Becomes a list, where it is none yet.
    func holdItems() {
      if case .items = content { return }
      content = .items([])
    }

    /// The slot under a key: the same one each time.
    func field(_ key: String) -> Slot {
      holdFields()
      guard case .fields(var fields, var places) = content else { return Slot() }
      if let place = places[ExactKey(key)] { return fields[place].slot }
      content = nil  // Or what follows would copy it.
      let slot = Slot()
      places[ExactKey(key)] = fields.count
      fields.append((key, slot))
      content = .fields(fields, places: places)
      return slot
    }

    func item() -> Slot {
      holdItems()
      guard case .items(var items) = content else { return Slot() }
      content = nil
      let slot = Slot()
      items.append(slot)
      content = .items(items)
      return slot
    }

    var count: Int {
      if case .items(let items) = content { items.count } else { 0 }
    }
  }

  fileprivate static func encode<T: Encodable>(_ value: T, into slot: Slot, path: [any CodingKey]) throws {
    // Before the stack ends: a value may hold itself.
    guard path.count <= JSONParser.maxDepth else { throw Refused(why: .tooDeep, path: path) }
    // What stood here is replaced.
    slot.content = nil
    switch value {
    case let value as JSONValue: slot.content = .value(value)
    case let value as JSONObject: slot.content = .value(.object(value))
    case let value as String: slot.content = .value(.string(value))
    case let value as Date: slot.content = .value(try text(value, path: path))
    case let value as URL: slot.content = .value(.string(value.absoluteString))
    case let value as Data: slot.content = .value(.string(value.base64EncodedString()))
    case let value as Decimal: slot.content = .value(try number(value, path: path))
    case let value as any Unordered: try value.encodeSorted(into: slot, path: path)
    default:
      do {
        try value.encode(to: ValueEncoder(slot: slot, codingPath: path))
      } catch let error where error is Refused || error is SluglineError {
        throw error
      } catch {
        // Here, where the way to it is known.
        throw Refused(why: .threw(kind: "\(type(of: error))"), path: path, cause: error)
      }
    }
  }

  /// The years 1 to 9999. Foundation writes others wrongly, and ends the process on a date that is no number.
  private static let writable = Date.distantPast..<Date(timeIntervalSince1970: 253_402_300_799.999)

  private static func text(_ date: Date, path: [any CodingKey]) throws -> JSONValue {
    guard date.timeIntervalSince1970.isFinite else { throw Refused(why: .notFinite, path: path) }
    guard writable.contains(date) else { throw Refused(why: .farDate, path: path) }
    return .string(date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
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

  @available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *)
  fileprivate static func number<T: BinaryInteger>(_ value: T, path: [any CodingKey]) throws -> JSONValue {
    if let value = Int64(exactly: value) { return .integer(value) }
    guard let value = UInt64(exactly: value) else { throw Refused(why: .outOfRange, path: path) }
    return .unsigned(value)
  }
}

/// A collection that comes in another order each time: sorted, the same request has the same bytes.
private protocol Unordered {
  func encodeSorted(into slot: JSONEncoding.Slot, path: [any CodingKey]) throws
}

extension Dictionary: Unordered where Key: Encodable, Value: Encodable {
  fileprivate func encodeSorted(into slot: JSONEncoding.Slot, path: [any CodingKey]) throws {
    guard Key.self is any CodingKeyRepresentable.Type else { return try encodePairs(into: slot, path: path) }
    slot.holdFields()
    let named = compactMap { key, value in (key as? any CodingKeyRepresentable).map { (key: $0.codingKey, value: value) } }
    for (key, value) in named.sorted(by: { Self.precedes($0.key, $1.key) }) {
      let name = key.stringValue
      try JSONEncoding.encode(value, into: slot.field(name), path: path + [JSONKey(name)])
    }
  }

  private static func precedes(_ one: any CodingKey, _ other: any CodingKey) -> Bool {
    if let one = one.intValue, let other = other.intValue { return one < other }
    return one.stringValue < other.stringValue
  }

  /// Keys that are no names: a list of keys and values by turns, as Foundation has it.
  private func encodePairs(into slot: JSONEncoding.Slot, path: [any CodingKey]) throws {
    var pairs: [(key: JSONValue, text: String, value: Value)] = []
    for (key, value) in self {
      let json = try JSONEncoding.value(of: key, at: path)
      pairs.append((json, json.json, value))
    }
    slot.holdItems()
    for (key, _, value) in pairs.sorted(by: { $0.text < $1.text }) {
      slot.item().content = .value(key)
      try JSONEncoding.encode(value, into: slot.item(), path: path + [ItemKey(slot.count - 1)])
    }
  }
}

extension Set: Unordered where Element: Encodable {
  fileprivate func encodeSorted(into slot: JSONEncoding.Slot, path: [any CodingKey]) throws {
    let items = try map { try JSONEncoding.value(of: $0, at: path) }
    slot.content = .value(.array(items.map { ($0, $0.json) }.sorted { $0.1 < $1.1 }.map(\.0)))
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
    slot.holdFields()
    return KeyedEncodingContainer(FieldEncoder<Key>(slot: slot, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    slot.holdItems()
    return ItemEncoder(slot: slot, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { self }

  private func put(_ value: JSONValue) { slot.content = .value(value) }

  func encodeNil() { put(.null) }
  func encode(_ value: Bool) { put(.bool(value)) }
  func encode(_ value: String) { put(.string(value)) }
  func encode(_ value: Double) { put(.number(value)) }
  // By its digits: 0.1 shall not become 0.10000000149.
  func encode(_ value: Float) { put(.number(Double(value.description) ?? Double(value))) }
  func encode(_ value: Int) { put(.integer(Int64(value))) }
  func encode(_ value: Int8) { put(.integer(Int64(value))) }
  func encode(_ value: Int16) { put(.integer(Int64(value))) }
  func encode(_ value: Int32) { put(.integer(Int64(value))) }
  func encode(_ value: Int64) { put(.integer(value)) }
  func encode(_ value: UInt) { encode(UInt64(value)) }
  func encode(_ value: UInt8) { put(.integer(Int64(value))) }
  func encode(_ value: UInt16) { put(.integer(Int64(value))) }
  func encode(_ value: UInt32) { put(.integer(Int64(value))) }
  func encode(_ value: UInt64) { put(Int64(exactly: value).map(JSONValue.integer) ?? .unsigned(value)) }
  @available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *)
  func encode(_ value: Int128) throws { put(try JSONEncoding.number(value, path: codingPath)) }
  @available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *)
  func encode(_ value: UInt128) throws { put(try JSONEncoding.number(value, path: codingPath)) }
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
  @available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *)
  func encode(_ value: Int128, forKey key: Key) throws { try field(key).encode(value) }
  @available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *)
  func encode(_ value: UInt128, forKey key: Key) throws { try field(key).encode(value) }
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
  var count: Int { slot.count }

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
  @available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *)
  func encode(_ value: Int128) throws { try item().encode(value) }
  @available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *)
  func encode(_ value: UInt128) throws { try item().encode(value) }
  func encode<T: Encodable>(_ value: T) throws { try item().encode(value) }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    item().container(keyedBy: type)
  }
  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { item().unkeyedContainer() }
  func superEncoder() -> any Encoder { item() }
}
