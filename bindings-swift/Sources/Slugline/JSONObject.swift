// A JSON object that keeps the order of its keys: models read schemas in order, and a provider's prompt
// cache wants the same bytes each time.

/// A JSON object; its keys stay in the order given. A literal makes one: `["name": "Ada", "turns": 3]`.
public struct JSONObject: Sendable {
  private var members: [(key: String, value: JSONValue)] = []
  private var places: [ExactKey: Int] = [:]

  /// An empty object.
  public init() {}

  /// An object with these members; of a key that comes twice the last value counts.
  public init(_ members: some Sequence<(String, JSONValue)>) {
    for (key, value) in members { self[key] = value }
  }

  /// The members that a value encodes itself as.
  ///
  /// - Throws: ``SluglineError`` with `invalidRequest` for what is no object, or holds what JSON cannot.
  public init(encoding value: some Encodable) throws {
    guard case .object(let object) = try JSONValue(encoding: value) else {
      throw SluglineError(.invalidRequest, "expected a value that encodes itself as an object")
    }
    self = object
  }

  /// The value under a key; `nil` takes the member out.
  public subscript(key: String) -> JSONValue? {
    get { places[ExactKey(key)].map { members[$0].value } }
    set {
      switch (places[ExactKey(key)], newValue) {
      case (let place?, let value?):
        members[place].value = value
      case (nil, let value?):
        places[ExactKey(key)] = members.count
        members.append((key, value))
      case (let place?, nil):
        members.remove(at: place)
        places = [:]
        for (place, member) in members.enumerated() { places[ExactKey(member.key)] = place }
      case (nil, nil):
        break
      }
    }
  }

  /// The keys, in order.
  public var keys: [String] { members.map(\.key) }
}

extension JSONObject: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { members.count }
  public subscript(position: Int) -> (key: String, value: JSONValue) { members[position] }
}

extension JSONObject: Equatable {
  /// The order of keys does not count.
  public static func == (left: Self, right: Self) -> Bool {
    left.count == right.count && left.allSatisfy { right[$0.key] == $0.value }
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  public init(dictionaryLiteral members: (String, JSONValue)...) { self.init(members) }
}

extension JSONObject: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: JSONKey.self)
    for key in container.allKeys { self[key.stringValue] = try container.decode(JSONValue.self, forKey: key) }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: JSONKey.self)
    for (key, value) in self { try container.encode(value, forKey: JSONKey(key)) }
  }
}

/// A key by its bytes, as JSON has it: two texts that Swift holds equal, such as an accented letter as one character
/// and as two, are two keys.
struct ExactKey: Hashable {
  private let text: String

  init(_ text: String) { self.text = text }

  static func == (left: Self, right: Self) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }

  func hash(into hasher: inout Hasher) {
    var text = text
    text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
  }
}

/// Any text as a key.
struct JSONKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(_ key: String) { stringValue = key }
  init(stringValue key: String) { stringValue = key }
  init?(intValue: Int) { nil }
}
