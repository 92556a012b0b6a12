// Tools a model may call, the calls it makes, and which it must make.

import Foundation
internal import SluglineNative

/// A tool of a request.
public enum Tool: Sendable, Equatable {
  /// A definition; `parameters` is a JSON Schema.
  case function(name: String, description: String? = nil, parameters: JSONObject? = nil, strict: Bool? = nil, cacheControl: JSONValue? = nil)
  /// Switches a tool registered in the configuration.
  case registered(_ id: String, enabled: Bool = true)
  /// Another `type`: sent as it is to an OpenAI-format host, `unsupported` elsewhere.
  case other(JSONObject)
}

/// Which tool the model must call.
public enum ToolChoice: Sendable, Equatable {
  case none
  /// The model decides.
  case auto
  /// At least one.
  case required
  /// This one.
  case function(String)
  /// Another form: sent as it is to an OpenAI-format host.
  case other(JSONObject)
}

/// A call the model makes.
public struct ToolCall: Sendable, Equatable {
  /// Its id, which the `tool` message repeats in `toolCallId`.
  public var id: String
  /// Always `function`.
  public var type: String { "function" }
  /// Name and arguments.
  public var function: FunctionCall
  /// Keys this library does not know.
  public var extra: JSONObject

  public init(id: String, function: FunctionCall, extra: JSONObject = [:]) {
    self.id = id
    self.function = function
    self.extra = extra
  }
}

/// Name and arguments of a call.
public struct FunctionCall: Sendable, Equatable, Codable {
  /// The function's name.
  public var name: String
  /// The arguments as JSON text, exactly as the model wrote them.
  public var arguments: String

  public init(name: String, arguments: String) {
    self.name = name
    self.arguments = arguments
  }

  /// Reads the arguments.
  ///
  /// - Throws: `DecodingError` where the model wrote something else.
  public func decodeArguments<T: Decodable>(as type: T.Type = T.self) throws -> T {
    try JSONDecoder().decode(type, from: Data(arguments.utf8))
  }
}

extension Tool: Codable {
  enum CodingKeys: String, CodingKey {
    case type, function, id, enabled
    case cacheControl = "cache_control"
  }

  private struct Definition: Codable {
    var name: String
    var description: String?
    var parameters: JSONObject?
    var strict: Bool?
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    switch try container.decodeIfPresent(String.self, forKey: .type) {
    case "function":
      let function = try container.decode(Definition.self, forKey: .function)
      self = .function(
        name: function.name, description: function.description, parameters: function.parameters,
        strict: function.strict, cacheControl: try container.decodeIfPresent(JSONValue.self, forKey: .cacheControl))
    case nil:
      let enabled = try container.decodeIfPresent(Bool.self, forKey: .enabled) ?? true
      self = .registered(try container.decode(String.self, forKey: .id), enabled: enabled)
    case _?:
      self = .other(try JSONObject(from: decoder))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    if case .other(let object) = self { return try object.encode(to: encoder) }
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .function(let name, let description, let parameters, let strict, let mark):
      let function = Definition(name: name, description: description, parameters: parameters, strict: strict)
      try container.encode("function", forKey: .type)
      try container.encode(function, forKey: .function)
      try container.encodeIfPresent(mark, forKey: .cacheControl)
    case .registered(let id, let enabled):
      try container.encode(id, forKey: .id)
      try container.encode(enabled, forKey: .enabled)
    case .other:
      break
    }
  }
}

extension ToolChoice: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    switch try? container.decode(String.self) {
    case "none": self = .none
    case "auto": self = .auto
    case "required": self = .required
    case _?: throw DecodingError.dataCorruptedError(in: container, debugDescription: "no tool choice has this name")
    case nil:
      let object = try container.decode(JSONObject.self)
      if object["type"] == "function", let name = object["function"]?["name"]?.stringValue {
        self = .function(name)
      } else {
        self = .other(object)
      }
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .none: try container.encode("none")
    case .auto: try container.encode("auto")
    case .required: try container.encode("required")
    case .function(let name): try container.encode(["type": "function", "function": ["name": .string(name)]] as JSONObject)
    case .other(let object): try container.encode(object)
    }
  }
}

extension ToolCall: Codable {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case id, type, function
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    id = try container.decodeIfPresent(String.self, forKey: .id) ?? ""
    function = try container.decode(FunctionCall.self, forKey: .function)
    extra = try JSONObject(from: decoder, without: CodingKeys.self)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(type, forKey: .type)
    try container.encode(function, forKey: .function)
    try extra.encode(to: encoder)
  }
}

extension ToolCall {
  init(_ raw: SluglineNative.ToolCall) {
    self.init(id: raw.id, function: FunctionCall(raw.function), extra: JSONObject(native: raw.extra))
  }
}

extension FunctionCall {
  init(_ raw: SluglineNative.FunctionCall) {
    self.init(name: raw.name, arguments: raw.arguments)
  }
}
