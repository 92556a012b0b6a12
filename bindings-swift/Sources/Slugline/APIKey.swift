// Keys: by value, or from a closure that is asked at each attempt.

internal import SluglineNative

/// A provider's key, or where it is. A string literal makes a value.
public enum APIKey: Sendable, ExpressibleByStringLiteral {
  /// The key itself, `env:NAME` or `file:PATH`.
  case value(String)
  /// Asked at each attempt; what it throws is the `cause` of an `authentication` error. Its task is cancelled when
  /// the call that waits for it is.
  case closure(@Sendable () async throws -> String)

  public init(stringLiteral value: String) { self = .value(value) }
}

/// A closure as the native library sees it.
final class KeyClosure: SluglineNative.KeySource {
  private let key: @Sendable () async throws -> String

  init(_ key: @escaping @Sendable () async throws -> String) {
    self.key = key
  }

  func ask(question: SluglineNative.KeyQuestion) -> any SluglineNative.KeySearch {
    let task = Task { [key] in
      do {
        question.answer(key: try await key())
      } catch {
        question.fail(raised: RaisedError(error))
      }
    }
    return KeyTask(task)
  }
}

/// A closure at its work: cancelled when its call no longer waits for it.
final class KeyTask: SluglineNative.KeySearch {
  private let task: Task<Void, Never>

  init(_ task: Task<Void, Never>) {
    self.task = task
  }

  func cancel() { task.cancel() }
}

/// What a closure threw, on its way through the native library and back.
final class RaisedError: SluglineNative.Raised {
  let error: any Error

  init(_ error: any Error) {
    self.error = error
  }

  func kind() -> String { "\(type(of: error))" }
}
