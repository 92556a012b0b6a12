// A streamed answer as an `AsyncSequence`. Chunks come in batches: those that are ready are handed out
// without suspending, and the boundary to the native library is crossed once a batch.

import Foundation
internal import SluglineNative

/// A streamed answer.
///
/// ```swift
/// let stream = engine.chatStream("Tell me a story")
/// for try await chunk in stream { print(chunk.text, terminator: "") }
/// let answer = try await stream.completion()
/// ```
///
/// The call starts at the first read, and every error arrives there. Leaving the loop, cancelling the task,
/// `close()` and dropping the last reference close the provider's socket. One reader at a time.
///
/// A loop left early is an iterator that goes away, so this is the rule for iterators of your own: the one that read
/// last closes the stream when it is dropped before the end. One that read nothing does not, nor one after which another
/// iterator or `completion()` has gone on reading.
public struct ChatStream: AsyncSequence, Sendable {
  public typealias Element = ChatCompletionChunk
  let source: StreamSource

  init(_ open: () throws(SluglineError) -> SluglineNative.Stream) {
    source = StreamSource(Result(catching: open))
  }

  public func makeAsyncIterator() -> Iterator { Iterator(reading: StreamReading(source)) }

  /// The texts of the chunks, without the empty ones.
  public var textStream: TextStream { TextStream(stream: self) }

  /// Reads what is left and gives what `chat` would have given; after `close` or a failure it throws that error.
  public func completion() async throws -> ChatCompletion {
    try await source.completion()
  }

  /// Ends the stream and closes the provider's socket. A read under way ends with the code `cancelled`, and so does
  /// the next one: chunks that had come and were not read are dropped.
  public func close() { source.cancel() }

  /// Reads chunk by chunk. Dropping it after it has read and before the end closes the stream.
  public struct Iterator: AsyncIteratorProtocol {
    fileprivate let reading: StreamReading
    private var pieces: [SluglineNative.Piece] = []
    private var place = 0
    private var head: StreamHead?

    fileprivate init(reading: StreamReading) {
      self.reading = reading
    }

    public mutating func next() async throws -> ChatCompletionChunk? {
      if try !advance() { take(try await reading.next()) }
      return current()
    }

    /// The next chunk on the caller's actor: one that is ready comes without leaving it.
    @available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *)
    public mutating func next(isolation actor: isolated (any Actor)?) async throws -> ChatCompletionChunk? {
      if try !advance() { take(try await reading.next()) }
      return current()
    }

    /// Goes to the next piece where that needs no waiting.
    private mutating func advance() throws -> Bool {
      if Task.isCancelled {
        reading.source.cancel()
        throw CancellationError()
      }
      // Of a closed stream nothing more is handed out: the next look throws.
      if place < pieces.count, !reading.source.closed { return true }
      guard let ready = try reading.ready() else { return false }
      take(ready)
      return true
    }

    private mutating func take(_ batch: StreamSource.Pieces) {
      pieces = batch.pieces
      head = batch.head
      place = 0
    }

    private mutating func current() -> ChatCompletionChunk? {
      guard place < pieces.count, let head else { return nil }
      defer { place += 1 }
      return ChatCompletionChunk(head, pieces[place])
    }
  }
}

/// The texts of a stream.
public struct TextStream: AsyncSequence, Sendable {
  public typealias Element = String
  let stream: ChatStream

  public func makeAsyncIterator() -> Iterator { Iterator(chunks: stream.makeAsyncIterator()) }

  /// Reads text by text.
  public struct Iterator: AsyncIteratorProtocol {
    fileprivate var chunks: ChatStream.Iterator

    public mutating func next() async throws -> String? {
      while let chunk = try await chunks.next() {
        if !chunk.text.isEmpty { return chunk.text }
      }
      return nil
    }

    @available(macOS 15, iOS 18, tvOS 18, watchOS 11, visionOS 2, *)
    public mutating func next(isolation actor: isolated (any Actor)?) async throws -> String? {
      while let chunk = try await chunks.next(isolation: actor) {
        if !chunk.text.isEmpty { return chunk.text }
      }
      return nil
    }
  }
}

/// Who reads a stream chunk by chunk. The last that did takes the stream along when it goes.
final class StreamReading: Sendable {
  let source: StreamSource

  init(_ source: StreamSource) {
    self.source = source
  }

  deinit { source.left(by: self) }

  func ready() throws -> StreamSource.Pieces? {
    guard let pieces = try source.ready() else { return nil }
    source.read(by: self)
    return pieces
  }

  func next() async throws -> StreamSource.Pieces {
    let pieces = try await source.next()
    source.read(by: self)
    return pieces
  }
}

/// The native stream, or why there is none.
final class StreamSource: @unchecked Sendable {
  /// What was ready together; no pieces are the end.
  struct Pieces: Sendable {
    let head: StreamHead?
    let pieces: [SluglineNative.Piece]
  }

  private static let batch: UInt32 = 64
  private let opened: Result<SluglineNative.Stream, SluglineError>
  private let lock = NSLock()
  // It comes with the first batch only; another iterator may read the next.
  private var head: StreamHead?
  /// The iterator that read last.
  private var reader: ObjectIdentifier?
  private var completing = 0
  private var cancelled = false

  init(_ opened: Result<SluglineNative.Stream, SluglineError>) {
    self.opened = opened
  }

  /// What is ready now; `nil` where that would have to be waited for.
  func ready() throws -> Pieces? {
    let stream = try opened.get()
    do {
      return try stream.tryBatch(max: Self.batch).map { pieces(of: $0) }
    } catch {
      throw SluglineError.told(error)
    }
  }

  func next() async throws -> Pieces {
    pieces(of: try await reading { try await $0.nextBatch(max: Self.batch) })
  }

  func completion() async throws -> ChatCompletion {
    lock.withLock { completing += 1 }
    defer { lock.withLock { completing -= 1 } }
    return ChatCompletion(try await reading { try await $0.completion() })
  }

  /// Says whose chunks came last.
  func read(by reading: StreamReading) {
    lock.withLock { reader = ObjectIdentifier(reading) }
  }

  /// Says that an iterator is gone.
  func left(by reading: StreamReading) {
    let abandoned = lock.withLock {
      guard reader == ObjectIdentifier(reading) else { return false }
      reader = nil
      return completing == 0
    }
    if abandoned { cancel() }
  }

  func cancel() {
    guard case .success(let stream) = opened else { return }
    lock.withLock { cancelled = true }
    stream.cancel()
  }

  /// Whether it was closed by hand, by its task or by an iterator that left.
  var closed: Bool { lock.withLock { cancelled } }

  private func reading<T: Sendable>(_ read: @Sendable (SluglineNative.Stream) async throws -> T) async throws -> T {
    let stream = try opened.get()
    return try await withTaskCancellationHandler {
      do {
        return try await read(stream)
      } catch {
        throw SluglineError.told(error)
      }
    } onCancel: {
      cancel()
    }
  }

  private func pieces(of batch: SluglineNative.Batch) -> Pieces {
    lock.withLock {
      if let fresh = batch.head { head = StreamHead(fresh) }
      return Pieces(head: head, pieces: batch.pieces)
    }
  }
}
