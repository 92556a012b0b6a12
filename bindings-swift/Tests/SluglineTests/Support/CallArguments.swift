// The arguments of a case as the typed arguments of a call. What no type here holds, such as a text for a
// number, goes in by its name in JSON: then the core must refuse it.

import Foundation
import Slugline

struct CallArguments {
  var slug: String?
  var messages: [Message] = []
  var model: Model?
  var variables: JSONObject = [:]
  var environment: String?
  var version: Int?
  var variant: String?
  var template: [Message]?
  var options = Options()

  init(_ args: JSONObject) throws {
    var rest = JSONObject()
    for (name, value) in args where value != .null {
      switch name {
      case "slug": slug = value.stringValue
      case "messages" where value.stringValue != nil: messages = [.user(value.stringValue!)]
      case "messages": take(\.messages, name, value)
      case "model": take(\.model, name, value)
      case "variables": take(\.variables, name, value)
      case "environment": take(\.environment, name, value)
      case "version": take(\.version, name, value)
      case "variant": take(\.variant, name, value)
      case "template": take(\.template, name, value)
      case _ where Self.holds(name, value): rest[name] = value
      default: options.extra[name] = value
      }
    }
    let untyped = options.extra
    options = try JSONDecoder().decode(Options.self, from: Data(JSONValue.object(rest).json.utf8))
    for (name, value) in untyped { options.extra[name] = value }
  }

  private mutating func take<T: Decodable>(_ field: WritableKeyPath<Self, T>, _ name: String, _ value: JSONValue) {
    if let read = decoded(T.self, value) { self[keyPath: field] = read } else { options.extra[name] = value }
  }

  /// Whether an option has this name, and takes this value without loss.
  private static func holds(_ name: String, _ value: JSONValue) -> Bool {
    guard let read = decoded(Options.self, .object([name: value])), let back = try? JSONObject(encoding: read) else { return false }
    return back.keys == [name]
  }
}

private func decoded<T: Decodable>(_ type: T.Type, _ value: JSONValue) -> T? {
  try? JSONDecoder().decode(type, from: Data(value.json.utf8))
}
