// Where the shared cases and examples are.

import Foundation
import Slugline

let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../../..").standardized

func text(_ path: String) throws -> String {
  try String(contentsOf: repository.appendingPathComponent(path), encoding: .utf8)
}

func json(_ path: String) throws -> JSONValue {
  guard let value = JSONValue(json: try text(path)) else { throw CocoaError(.fileReadCorruptFile) }
  return value
}
