// The arguments of a call on their way to the native library, which reads and checks them.

/// The arguments of one call, under their names in JSON.
struct Arguments {
  private var object: JSONObject

  init(model: Model?, options: Options) throws(SluglineError) {
    object = try JSONEncoding.value(of: options, at: []).objectValue ?? [:]
    try set("model", model)
  }

  /// Sets an argument. Under its name there may be something in `extra` only where the argument is `absent`: `nil`, or
  /// as empty as it is by default.
  mutating func set(_ name: String, _ value: (some Encodable)?, absent: Bool = false) throws(SluglineError) {
    guard let value else { return }
    if object[name] == nil {
      object[name] = try JSONEncoding.value(of: value, at: [JSONKey(name)])
    } else if !absent {
      throw SluglineError.twice(name)
    }
  }

  func text() throws(SluglineError) -> String { try JSONWriter.text(of: .object(object)) }
}
