// The patterns of the shared cases: what core/conformance/README.md says, in Swift.

import Foundation
import Slugline

/// The first place where `got` does not match `pattern`, in words; `nil` where it does.
func mismatch(_ place: String, _ pattern: JSONValue, _ got: JSONValue?) -> String? {
  switch pattern {
  case .string(let word) where word.hasPrefix("<") && word.hasSuffix(">"):
    return matches(word, got) ? nil : "\(place): expected \(word), got \(show(got))"
  case .array(let patterns):
    guard let items = got?.arrayValue, items.count == patterns.count else {
      return "\(place): expected \(patterns.count) items, got \(show(got))"
    }
    for (index, pattern) in patterns.enumerated() {
      if let found = mismatch("\(place)[\(index)]", pattern, items[index]) { return found }
    }
    return nil
  case .object(let patterns):
    guard let object = got?.objectValue else { return "\(place): expected an object, got \(show(got))" }
    for (key, pattern) in patterns {
      if let found = mismatch("\(place).\(key)", pattern, object[key]) { return found }
    }
    return nil
  case .integer, .unsigned, .number:
    return sameNumber(pattern, got) ? nil : "\(place): expected \(pattern.json), got \(show(got))"
  case .null where got == nil:
    return nil
  default:
    return pattern == got ? nil : "\(place): expected \(pattern.json), got \(show(got))"
  }
}

private func sameNumber(_ pattern: JSONValue, _ got: JSONValue?) -> Bool {
  guard let got else { return false }
  // Whole numbers are compared exactly.
  if pattern == got { return true }
  switch (pattern, got) {
  case (.number, _), (_, .number): return pattern.doubleValue != nil && pattern.doubleValue == got.doubleValue
  default: return false
  }
}

private func matches(_ word: String, _ got: JSONValue?) -> Bool {
  if word.hasPrefix("<contains:") {
    return got?.stringValue?.contains(word.dropFirst("<contains:".count).dropLast()) ?? false
  }
  switch word {
  case "<any>": return got != nil
  case "<absent>": return got == nil || got == .null
  case "<string>": return got?.stringValue != nil
  case "<number>": return got?.doubleValue != nil
  case "<bool>": return got?.boolValue != nil
  case "<uuid>":
    let form = "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
    return got?.stringValue?.range(of: form, options: .regularExpression) != nil
  default: fatalError("no such pattern: \(word)")
  }
}

private func show(_ value: JSONValue?) -> String {
  value?.json ?? "nothing"
}
