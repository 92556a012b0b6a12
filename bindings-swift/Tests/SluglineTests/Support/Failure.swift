// What a call must throw.

import Slugline
import Testing

/// The error of something that must fail with one.
@discardableResult
func failure<T: Sendable>(
  isolation: isolated (any Actor)? = #isolation, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () async throws -> T
) async -> SluglineError? {
  do {
    let value = try await body()
    Issue.record("did not fail, but gave \(value)", sourceLocation: sourceLocation)
  } catch let error as SluglineError {
    return error
  } catch {
    Issue.record("failed with \(error)", sourceLocation: sourceLocation)
  }
  return nil
}

/// The same without waiting.
@discardableResult
func failure<T>(sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> T) -> SluglineError? {
  do {
    let value = try body()
    Issue.record("did not fail, but gave \(value)", sourceLocation: sourceLocation)
  } catch let error as SluglineError {
    return error
  } catch {
    Issue.record("failed with \(error)", sourceLocation: sourceLocation)
  }
  return nil
}
