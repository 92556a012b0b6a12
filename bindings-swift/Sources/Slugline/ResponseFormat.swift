// The format a model must answer in.

/// The format the model must answer in.
public enum ResponseFormat: Sendable, Equatable {
  /// Plain text.
  case text
  /// Any JSON object.
  case jsonObject
  /// JSON that fits a schema.
  case jsonSchema(name: String, schema: JSONObject, description: String? = nil, strict: Bool? = nil)
}

extension ResponseFormat: Codable {
  enum CodingKeys: String, CodingKey {
    case type
    case jsonSchema = "json_schema"
  }

  private struct Schema: Codable {
    var name: String
    var description: String?
    var schema: JSONObject
    var strict: Bool?
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    switch try container.decode(String.self, forKey: .type) {
    case "text": self = .text
    case "json_object": self = .jsonObject
    case "json_schema":
      let schema = try container.decode(Schema.self, forKey: .jsonSchema)
      self = .jsonSchema(name: schema.name, schema: schema.schema, description: schema.description, strict: schema.strict)
    default:
      throw DecodingError.dataCorruptedError(forKey: .type, in: container, debugDescription: "no format has this type")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .text: try container.encode("text", forKey: .type)
    case .jsonObject: try container.encode("json_object", forKey: .type)
    case .jsonSchema(let name, let schema, let description, let strict):
      try container.encode("json_schema", forKey: .type)
      let value = Schema(name: name, description: description, schema: schema, strict: strict)
      try container.encode(value, forKey: .jsonSchema)
    }
  }
}
