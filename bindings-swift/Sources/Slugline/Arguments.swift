// The arguments of a call on their way to the native library, which reads and checks them.

/// The arguments of one call, under their names in JSON.
struct Arguments {
  private var object: JSONObject

  init(model: Model?, options: Options) throws(SluglineError) {
    object = try JSONEncoding.value(of: options, at: []).objectValue ?? [:]
    try set("model", model)
  }

  /// Sets an argument. What stands in `extra` under its name is kept where the argument is empty, as it is by default.
  mutating func set(_ name: String, _ value: (some Encodable)?) throws(SluglineError) {
    guard let value else { return }
    let json = try JSONEncoding.value(of: value, at: [JSONKey(name)])
    if object[name] != nil {
      guard json == [] || json == [:] else { throw SluglineError.twice(name) }
    } else {
      object[name] = json
    }
  }

  func text() throws(SluglineError) -> String { try JSONWriter.text(of: .object(object)) }
}
