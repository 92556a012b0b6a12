// The arguments of a call on their way to the native library, which reads and checks them.

/// The arguments of one call, under their names in JSON.
struct Arguments {
  private var object = JSONObject()
  private let extra: JSONObject

  init(model: Model?, options: Options) throws(SluglineError) {
    extra = options.extra
    try set("model", model)
    guard case .object(let fields) = try JSONEncoding.value(of: options, at: []) else { return }
    for (name, value) in fields { object[name] = value }
  }

  mutating func set(_ name: String, _ value: (some Encodable)?) throws(SluglineError) {
    guard let value else { return }
    object[name] = try JSONEncoding.value(of: value, at: [JSONKey(name)])
  }

  func text() throws(SluglineError) -> String {
    var whole = object
    for (name, value) in extra { whole[name] = value }
    return try JSONWriter.text(of: .object(whole))
  }
}
