// Parts of a message from files and bytes. A file is read now and travels in the request.

import Foundation
internal import SluglineNative

extension ContentPart {
  /// An image from a file, or by its `https:` or `data:` URL.
  ///
  /// - Parameters:
  ///   - url: where it is; a file is read now, anything else is sent as it is.
  ///   - detail: `auto`, `low` or `high`.
  ///   - mediaType: needed for others than PNG, JPEG, GIF and WebP, which their first bytes tell.
  ///   - cacheControl: prompt caching mark.
  /// - Throws: ``SluglineError`` with `invalidRequest` for a file that cannot be read or is of an unknown type.
  public static func image(
    _ url: URL, detail: String? = nil, mediaType: String? = nil, cacheControl: JSONValue? = nil
  ) throws -> ContentPart {
    try made(cacheControl) { try imagePart(source: .at(url), detail: detail, mediaType: mediaType) }
  }

  /// An image from its bytes.
  ///
  /// - Throws: ``SluglineError`` with `invalidRequest` for bytes of an unknown type without `mediaType`.
  public static func image(
    _ data: Data, detail: String? = nil, mediaType: String? = nil, cacheControl: JSONValue? = nil
  ) throws -> ContentPart {
    try made(cacheControl) { try imagePart(source: .bytes(bytes: data), detail: detail, mediaType: mediaType) }
  }

  /// A file of any kind, or one by its URL, which not every host fetches.
  ///
  /// - Throws: ``SluglineError`` with `invalidRequest` for a file that cannot be read.
  public static func file(
    _ url: URL, filename: String? = nil, mediaType: String? = nil, cacheControl: JSONValue? = nil
  ) throws -> ContentPart {
    try made(cacheControl) { try filePart(source: .at(url), filename: filename, mediaType: mediaType) }
  }

  /// A file from its bytes; its name tells its type where `mediaType` does not.
  ///
  /// - Throws: ``SluglineError`` with `invalidRequest` where neither is given.
  public static func file(
    _ data: Data, filename: String? = nil, mediaType: String? = nil, cacheControl: JSONValue? = nil
  ) throws -> ContentPart {
    try made(cacheControl) { try filePart(source: .bytes(bytes: data), filename: filename, mediaType: mediaType) }
  }

  private static func made(_ mark: JSONValue?, _ make: () throws -> SluglineNative.Part) throws -> ContentPart {
    let part: ContentPart
    do {
      part = ContentPart(try make())
    } catch {
      throw SluglineError.told(error)
    }
    return switch part {
    case .imageURL(let url, let detail, _): .imageURL(url, detail: detail, cacheControl: mark)
    case .file(let id, let filename, let data, let url, _):
      .file(id: id, filename: filename, data: data, url: url, cacheControl: mark)
    default: part
    }
  }
}

extension SluglineNative.MediaSource {
  fileprivate static func at(_ url: URL) -> Self {
    .text(text: url.isFileURL ? url.path : url.absoluteString)
  }
}
