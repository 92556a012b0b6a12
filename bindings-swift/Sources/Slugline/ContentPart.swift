// What a message says: a text, or parts of several kinds.

internal import SluglineNative

/// The content of a message; a string literal makes a text.
public enum Content: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
  /// Plain text.
  case text(String)
  /// Parts in order.
  case parts([ContentPart])

  public init(stringLiteral text: String) { self = .text(text) }

  /// The text, parts joined without a separator; other kinds of parts add nothing.
  public var text: String {
    switch self {
    case .text(let text): text
    case .parts(let parts):
      parts.map { if case .text(let text, _) = $0 { text } else { "" } }.joined()
    }
  }
}

/// One part of a message; `image(_:)` and `file(_:)` make one from a file or from bytes. `cacheControl` is
/// Anthropic's mark (`["type": "ephemeral"]`): carried to hosts that have prompt caching marks, left out
/// elsewhere.
public enum ContentPart: Sendable, Equatable {
  case text(String, cacheControl: JSONValue? = nil)
  /// An image by `https:` or `data:` URL; `detail` is `auto`, `low` or `high`.
  case imageURL(String, detail: String? = nil, cacheControl: JSONValue? = nil)
  /// Audio in base64; `format` is `wav` or `mp3`.
  case inputAudio(data: String, format: String, cacheControl: JSONValue? = nil)
  /// A file by the provider's id, by a `data:` URL, or by a remote URL, which not every host fetches.
  case file(id: String? = nil, filename: String? = nil, data: String? = nil, url: String? = nil, cacheControl: JSONValue? = nil)
  /// A refusal in a replayed assistant turn.
  case refusal(String)
  /// A kind this library does not know: sent as it is to an OpenAI-format host, `unsupported` elsewhere.
  case other(JSONObject)
}

extension Content: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let text = try? container.decode(String.self) {
      self = .text(text)
    } else {
      self = .parts(try container.decode([ContentPart].self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let text): try container.encode(text)
    case .parts(let parts): try container.encode(parts)
    }
  }
}

extension ContentPart: Codable {
  enum CodingKeys: String, CodingKey {
    case type, text, refusal, file, detail
    case imageURL = "image_url"
    case inputAudio = "input_audio"
    case cacheControl = "cache_control"
  }

  private struct Image: Codable {
    var url: String
    var detail: String?
  }

  private struct Audio: Codable {
    var data: String
    var format: String
  }

  private struct File: Codable {
    var file_id: String?
    var filename: String?
    var file_data: String?
    var file_url: String?
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let mark = try container.decodeIfPresent(JSONValue.self, forKey: .cacheControl)
    switch try container.decode(String.self, forKey: .type) {
    case "text":
      self = .text(try container.decode(String.self, forKey: .text), cacheControl: mark)
    case "image_url":
      if let url = try? container.decode(String.self, forKey: .imageURL) {
        self = .imageURL(url, detail: try container.decodeIfPresent(String.self, forKey: .detail), cacheControl: mark)
      } else {
        let image = try container.decode(Image.self, forKey: .imageURL)
        self = .imageURL(image.url, detail: image.detail, cacheControl: mark)
      }
    case "input_audio":
      let audio = try container.decode(Audio.self, forKey: .inputAudio)
      self = .inputAudio(data: audio.data, format: audio.format, cacheControl: mark)
    case "file":
      let file = try container.decode(File.self, forKey: .file)
      self = .file(id: file.file_id, filename: file.filename, data: file.file_data, url: file.file_url, cacheControl: mark)
    case "refusal":
      self = .refusal(try container.decode(String.self, forKey: .refusal))
    default:
      self = .other(try JSONObject(from: decoder))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    if case .other(let object) = self { return try object.encode(to: encoder) }
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .text(let text, let mark):
      try container.encode("text", forKey: .type)
      try container.encode(text, forKey: .text)
      try container.encodeIfPresent(mark, forKey: .cacheControl)
    case .imageURL(let url, let detail, let mark):
      try container.encode("image_url", forKey: .type)
      try container.encode(Image(url: url, detail: detail), forKey: .imageURL)
      try container.encodeIfPresent(mark, forKey: .cacheControl)
    case .inputAudio(let data, let format, let mark):
      try container.encode("input_audio", forKey: .type)
      try container.encode(Audio(data: data, format: format), forKey: .inputAudio)
      try container.encodeIfPresent(mark, forKey: .cacheControl)
    case .file(let id, let filename, let data, let url, let mark):
      try container.encode("file", forKey: .type)
      try container.encode(File(file_id: id, filename: filename, file_data: data, file_url: url), forKey: .file)
      try container.encodeIfPresent(mark, forKey: .cacheControl)
    case .refusal(let text):
      try container.encode("refusal", forKey: .type)
      try container.encode(text, forKey: .refusal)
    case .other:
      break
    }
  }
}

extension Content {
  init(_ raw: SluglineNative.Content) {
    self =
      switch raw {
      case .text(let text): .text(text)
      case .parts(let parts): .parts(parts.map { ContentPart($0) })
      }
  }
}

extension ContentPart {
  init(_ raw: SluglineNative.Part) {
    let json = { (text: String?) in text.map { JSONValue(native: $0) } }
    self =
      switch raw {
      case .text(let text, let mark): .text(text, cacheControl: json(mark))
      case .imageUrl(let url, let detail, let mark): .imageURL(url, detail: detail, cacheControl: json(mark))
      case .inputAudio(let data, let format, let mark): .inputAudio(data: data, format: format, cacheControl: json(mark))
      case .file(let id, let filename, let data, let url, let mark):
        .file(id: id, filename: filename, data: data, url: url, cacheControl: json(mark))
      case .refusal(let text): .refusal(text)
      case .other(let object): .other(JSONObject(native: object))
      }
  }
}
