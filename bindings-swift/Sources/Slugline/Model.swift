// Which model a call names.

/// `provider/model`, an alias, a project or a bare model id; a list is tried in order. Literals make one:
/// `"openai/gpt-5-mini"`, `["anthropic/claude-sonnet-4-5", "openai/gpt-5"]`.
public struct Model: Sendable, Equatable {
  /// The names, in the order to try.
  public var names: [String]

  public init(_ name: String) { names = [name] }
  public init(_ names: [String]) { self.names = names }
}

extension Model: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, ExpressibleByArrayLiteral {
  public init(stringLiteral name: String) { self.init(name) }
  public init(arrayLiteral names: String...) { self.init(names) }
}

extension Model: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let name = try? container.decode(String.self) {
      self.init(name)
    } else {
      self.init(try container.decode([String].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    if names.count == 1 { try container.encode(names[0]) } else { try container.encode(names) }
  }
}
