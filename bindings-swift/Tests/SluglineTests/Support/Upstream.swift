// An upstream on loopback that speaks just enough HTTP: answers what it is told, and knows when its sockets close.

import Foundation
import Slugline

#if canImport(Glibc)
  import Glibc
  private let stream = Int32(SOCK_STREAM.rawValue)
  private let noSignal = Int32(MSG_NOSIGNAL)
#else
  import Darwin
  private let stream = SOCK_STREAM
  private let noSignal: Int32 = 0
#endif

final class Upstream: @unchecked Sendable {
  private let listener: Int32
  private let say: Int?
  private let lock = NSLock()
  private var open: Set<Int32> = []
  private var closings: [ContinuousClock.Instant] = []
  private var asked = 0
  let port: UInt16

  /// `say` is how many words a stream says before it stalls; without it nothing is answered at all.
  init(say: Int? = nil) throws {
    self.say = say
    let server = socket(AF_INET, stream, 0)
    listener = server
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(INADDR_LOOPBACK).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(server, address, size) == 0 && listen(server, 256) == 0 && getsockname(server, address, &size) == 0
      }
    }
    guard bound else { throw POSIXError(.EADDRNOTAVAIL) }
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [weak self] in
      while case let client = accept(server, nil, nil), client >= 0 {
        guard let self else { break }
        lock.withLock { _ = open.insert(client) }
        Thread.detachNewThread { self.serve(client) }
      }
    }
  }

  deinit { stop() }

  /// Ends the server.
  func stop() {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  var config: Config {
    Config(providers: ["up": ["dialect": "openai", "base_url": "http://127.0.0.1:\(port)/v1", "api_key": "k"]])
  }

  var requests: Int { lock.withLock { asked } }
  var openSockets: Int { lock.withLock { open.count } }
  /// When sockets closed.
  var closed: [ContinuousClock.Instant] { lock.withLock { closings } }

  private func serve(_ client: Int32) {
    var buffer = [UInt8](repeating: 0, count: 65536)
    while case let count = recv(client, &buffer, buffer.count, 0), count > 0 {
      guard String(decoding: buffer[..<count], as: UTF8.self).contains("HTTP/1.1") else { continue }
      lock.withLock { asked += 1 }
      guard let say else { continue }
      var text = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
      text += Self.event(#"{"role":"assistant"}"#)
      for word in 0..<say { text += Self.event(#"{"content":"w\#(word) "}"#) }
      let bytes = Array(text.utf8)
      _ = send(client, bytes, bytes.count, noSignal)
    }
    lock.withLock {
      open.remove(client)
      closings.append(.now)
    }
    close(client)
  }

  /// One event of an OpenAI stream, as an HTTP chunk.
  private static func event(_ delta: String) -> String {
    let data = #"{"id":"c","created":1,"model":"m","choices":[{"index":0,"delta":\#(delta),"finish_reason":null}]}"#
    let text = "data: \(data)\n\n"
    return "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
  }
}

/// Waits until something holds, at most five seconds.
func eventually(_ holds: () -> Bool) async throws {
  let deadline = ContinuousClock.now + .seconds(5)
  while !holds(), .now < deadline { try await Task.sleep(for: .milliseconds(1)) }
  if !holds() { throw CancellationError() }
}
