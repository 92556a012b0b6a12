// Parts of a message from files and bytes. A file is read now and travels in the request.

import Foundation

extension ContentPart {
  /// An image from a file.
  ///
  /// - Parameter mediaType: needed for others than PNG, JPEG, GIF and WebP, which their first bytes tell.
  /// - Throws: what reading the file throws; ``SluglineError`` with `invalidRequest` for an unknown type.
  public static func image(
    contentsOf url: URL, detail: String? = nil, mediaType: String? = nil, cacheControl: JSONValue? = nil
  ) throws -> ContentPart {
    guard url.isFileURL else { return .imageURL(url.absoluteString, detail: detail, cacheControl: cacheControl) }
    return try .image(Data(contentsOf: url), detail: detail, mediaType: mediaType, cacheControl: cacheControl)
  }

  /// An image from its bytes.
  ///
  /// - Throws: ``SluglineError`` with `invalidRequest` for bytes of an unknown type without `mediaType`.
  public static func image(
    _ data: Data, detail: String? = nil, mediaType: String? = nil, cacheControl: JSONValue? = nil
  ) throws -> ContentPart {
    guard let type = mediaType ?? imageType(data) else {
      let message = "`image`: the bytes are no PNG, JPEG, GIF or WebP image: give their `mediaType`"
      throw SluglineError(.invalidRequest, message, param: "image")
    }
    return .imageURL(dataURL(data, type), detail: detail, cacheControl: cacheControl)
  }

  /// A file of any kind.
  ///
  /// - Throws: what reading the file throws.
  public static func file(
    contentsOf url: URL, filename: String? = nil, mediaType: String? = nil, cacheControl: JSONValue? = nil
  ) throws -> ContentPart {
    guard url.isFileURL else { return .file(filename: filename, url: url.absoluteString, cacheControl: cacheControl) }
    let name = filename ?? url.lastPathComponent
    return .file(try Data(contentsOf: url), filename: name, mediaType: mediaType, cacheControl: cacheControl)
  }

  /// A file from its bytes; its name tells its type where `mediaType` does not.
  public static func file(
    _ data: Data, filename: String, mediaType: String? = nil, cacheControl: JSONValue? = nil
  ) -> ContentPart {
    let ending = filename.split(separator: ".").last.map { $0.lowercased() } ?? ""
    let type = mediaType ?? fileTypes[ending] ?? "application/octet-stream"
    return .file(filename: filename, data: dataURL(data, type), cacheControl: cacheControl)
  }

  private static let fileTypes = [
    "csv": "text/csv", "gif": "image/gif", "html": "text/html", "jpeg": "image/jpeg", "jpg": "image/jpeg",
    "json": "application/json", "md": "text/markdown", "mp3": "audio/mpeg", "mp4": "video/mp4",
    "pdf": "application/pdf", "png": "image/png", "txt": "text/plain", "wav": "audio/wav",
    "webp": "image/webp", "xml": "application/xml",
  ]

  private static func imageType(_ data: Data) -> String? {
    if data.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return "image/png" }
    if data.starts(with: [0xFF, 0xD8, 0xFF]) { return "image/jpeg" }
    if data.starts(with: "GIF87a".utf8) || data.starts(with: "GIF89a".utf8) { return "image/gif" }
    return data.starts(with: "RIFF".utf8) && data.dropFirst(8).starts(with: "WEBP".utf8) ? "image/webp" : nil
  }

  private static func dataURL(_ data: Data, _ type: String) -> String {
    "data:\(type);base64,\(data.base64EncodedString())"
  }
}
