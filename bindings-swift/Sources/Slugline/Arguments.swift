// The arguments of a call on their way to the native library, which reads and checks them.

/// The arguments of one call, under their names in JSON.
struct Arguments {
  private var object = JSONObject()

  init(model: Model?, options: Options) throws(SluglineError) {
    try set("model", model)
    guard case .object(let fields) = try JSONEncoding.value(of: options, at: []) else { return }
    for (name, value) in fields { object[name] = value }
    for (name, value) in options.extra { object[name] = value }
  }

  mutating func set(_ name: String, _ value: (some Encodable)?) throws(SluglineError) {
    guard let value else { return }
    object[name] = try JSONEncoding.value(of: value, at: [JSONKey(name)])
  }

  func text() throws(SluglineError) -> String {
    try JSONWriter.text(of: .object(object))
  }
}
