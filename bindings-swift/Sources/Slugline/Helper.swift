// Helpers: closures that templates call by their names.

internal import SluglineNative

/// A closure that templates call by its name: `{{shout name mark="!"}}` is `shout([name], ["mark": "!"])`. It computes a
/// value from its arguments alone; a missing variable is `.null`, and what it throws is the `cause` of a `templateError`.
public typealias Helper = @Sendable (_ arguments: [JSONValue], _ keys: JSONObject) throws -> JSONValue

/// A closure as the native library sees it.
final class HelperClosure: SluglineNative.HelperSource {
  private let helper: Helper

  init(_ helper: @escaping Helper) {
    self.helper = helper
  }

  func call(arguments: String, keys: String) -> SluglineNative.HelperAnswer {
    let value: JSONValue
    do {
      value = try helper(JSONValue(native: arguments).arrayValue ?? [], JSONObject(native: keys))
    } catch {
      return .threw(raised: RaisedError(error))
    }
    do throws(SluglineError) {
      return .value(json: try JSONWriter.text(of: value))
    } catch {
      return .unsendable(why: error.message)
    }
  }
}
