// What a chunk costs on one stream where everything is ready, in microseconds, as medians: on the main actor and off
// it. Offline: the `test` provider says the words. `bench/run` builds and runs it.

import Foundation
import Slugline

let chunks = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 50_000
let rounds = 9

/// Seconds of work: of all of the process's threads, or of this one.
func seconds(_ clock: clockid_t) -> Double {
  var time = timespec()
  clock_gettime(clock, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// Microseconds a chunk: of the wall, of all threads, and of the reading thread alone.
struct Figures {
  private var wall: [Double] = []
  private var all: [Double] = []
  private var own: [Double] = []

  struct Start {
    let wall = ContinuousClock.now
    let all = seconds(CLOCK_PROCESS_CPUTIME_ID)
    let own = seconds(CLOCK_THREAD_CPUTIME_ID)
  }

  mutating func add(_ count: Int, since start: Start) {
    let took = start.wall.duration(to: .now).components
    wall.append((Double(took.seconds) * 1e6 + Double(took.attoseconds) / 1e12) / Double(count))
    all.append((seconds(CLOCK_PROCESS_CPUTIME_ID) - start.all) * 1e6 / Double(count))
    own.append((seconds(CLOCK_THREAD_CPUTIME_ID) - start.own) * 1e6 / Double(count))
  }

  /// `staysPut`: all was read on one thread, whose own work can be told.
  func show(_ name: String, staysPut: Bool = false) {
    let median = { (values: [Double]) in String(format: "%.2f", values.sorted()[values.count / 2]) }
    let own = staysPut ? ", of this thread \(median(own))" : ""
    let name = name.padding(toLength: 28, withPad: " ", startingAt: 0)
    print("\(name) \(median(wall)) us a chunk (work of all threads \(median(all))\(own))")
  }
}

let engine = try Engine()
let words = JSONValue.array((0..<chunks).map { .string("word\($0 % 10) ") })
let options = Options(extraBody: ["test": ["chunks": words]])

@MainActor func onMainActor() async throws {
  var figures = Figures()
  for round in 0...rounds {
    var reader = engine.chatStream("Hi", model: "test/echo", options: options).makeAsyncIterator()
    // The request is read and the first chunk made before the clock starts.
    _ = try await reader.next(isolation: #isolation)
    let start = Figures.Start()
    var (count, letters) = (0, 0)
    while let chunk = try await reader.next(isolation: #isolation) {
      count += 1
      letters += chunk.text.utf8.count
    }
    precondition(letters > 0)
    if round > 0 { figures.add(count, since: start) }
  }
  figures.show("for await, main actor", staysPut: true)
}

@MainActor func textsOnMainActor() async throws {
  var figures = Figures()
  for round in 0...rounds {
    let stream = engine.chatStream("Hi", model: "test/echo", options: options)
    let start = Figures.Start()
    var count = 0
    for try await text in stream.textStream { count += text.isEmpty ? 0 : 1 }
    if round > 0 { figures.add(count, since: start) }
  }
  figures.show("textStream, main actor", staysPut: true)
}

func offMainActor() async throws {
  var figures = Figures()
  for round in 0...rounds {
    var reader = engine.chatStream("Hi", model: "test/echo", options: options).makeAsyncIterator()
    _ = try await reader.next()
    let start = Figures.Start()
    var count = 0
    while try await reader.next() != nil { count += 1 }
    if round > 0 { figures.add(count, since: start) }
  }
  figures.show("next(), off the main actor")
}

func whole() async throws {
  var figures = Figures()
  for round in 0...rounds {
    let stream = engine.chatStream("Hi", model: "test/echo", options: options)
    let start = Figures.Start()
    let answer = try await stream.completion()
    if round > 0 { figures.add(answer.usage?.completionTokens ?? chunks, since: start) }
  }
  figures.show("completion()")
}

/// What the package adds to a program: megabytes of it, stripped, and milliseconds of a process with one answer.
func load() throws {
  let folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
  func size(_ name: String) throws -> Double {
    let attributes = try FileManager.default.attributesOfItem(atPath: folder.appendingPathComponent(name).path)
    return Double(attributes[.size] as? Int ?? 0) / 1e6
  }
  // Not `Process`: it looks for the end every 50 ms.
  func milliseconds(_ name: String, _ arguments: [String]) throws -> Double {
    let path = folder.appendingPathComponent(name).path
    var words = ([path] + arguments).map { strdup($0) } + [nil]
    defer { words.forEach { free($0) } }
    var (child, status): (pid_t, Int32) = (0, 0)
    let started = ContinuousClock.now
    guard posix_spawn(&child, path, nil, nil, &words, environ) == 0, waitpid(child, &status, 0) == child, status == 0 else {
      throw CocoaError(.executableLoad)
    }
    return Double(started.duration(to: .now).components.attoseconds) / 1e15
  }
  // Alternating, so that a busy machine disturbs both alike; the least counts.
  var (with, without) = (Double.infinity, Double.infinity)
  for _ in 0..<20 {
    without = min(without, try milliseconds("bare", []))
    with = min(with, try milliseconds("bench", ["0"]))
  }
  let figures = [try size("bench") - (try size("bare")), without, with].map { String(format: "%.1f", $0) }
  print("a program with it is \(figures[0]) MB larger; bare it ends after \(figures[1]) ms, with one answer after \(figures[2]) ms")
}

if CommandLine.arguments.dropFirst().first == "load" {
  try load()
} else if chunks > 0 {
  try await onMainActor()
  try await textsOnMainActor()
  try await offMainActor()
  try await whole()
} else {
  // For `load`.
  let answer = try await engine.chat("Hi", model: "test/echo")
  precondition(answer.text == "Hi")
}
