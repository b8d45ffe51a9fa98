import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Layer, PlatformError, Queue, Ref, Sink, Stdio, Stream } from "effect"
import { Command } from "effect/cli"
import { TestConsole } from "effect/testing"
import { readFileSync } from "node:fs"
import { longestLine, parseCommand, parseInput } from "../../../src/programs/cli/ParseCommand.ts"
import { renderEventJson } from "../../../src/programs/cli/ParseText.ts"
import { parseLogLine } from "../../../src/services/linuxptp/LogEvent.ts"

const fixtures = `${import.meta.dirname}/../../fixtures/logs`

const brokenPipe = PlatformError.systemError({ module: "Stdio", method: "stdout", _tag: "Unknown" })

/** What `parse` writes for the bytes of `chunks`, write by write. */
const writesFor = Effect.fnUntraced(function*(chunks: ReadonlyArray<Uint8Array>, output: "text" | "json" = "json") {
  const writes = yield* Ref.make<ReadonlyArray<string>>([])
  const stdin = Stream.fromIterable(chunks).pipe(Stream.rechunk(1))
  const stdout = () =>
    Sink.forEach((text: string | Uint8Array) => Ref.update(writes, (before) => [...before, String(text)]))
  yield* Effect.provide(parseInput(output), Stdio.layerTest({ stdin, stdout }))
  return yield* Ref.get(writes)
})

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const jsonOf = (text: string): string =>
  text.split("\n").map((line) => `${renderEventJson(parseLogLine(line))}\n`).join("")

describe("parseInput", () => {
  it.effect("prints nothing for nothing", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* writesFor([]), [])
      assert.deepStrictEqual(yield* writesFor([bytes("")]), [])
    }))

  it.effect("prints an object for each line, empty ones too, and for a last line without a line feed", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* writesFor([bytes("\nptp4l[1.000]: a\r\n\nb")]), [
        `{"kind":"unframed","text":""}\n`
        + `{"program":"ptp4l","uptime":1,"kind":"message","text":"a"}\n`
        + `{"kind":"unframed","text":""}\n`,
        `{"kind":"unframed","text":"b"}\n`
      ])
    }))

  it.effect("prints the same however the input is cut, in the middle of a character too", () =>
    Effect.gen(function*() {
      const log = readFileSync(`${fixtures}/timemaster-hardware-3.1.1.txt`, "utf8").trimEnd() + "\n± ä €"
      const whole = bytes(log)
      for (const size of [1, 2, 3, 100, 4096]) {
        const chunks = Array.from(
          { length: Math.ceil(whole.length / size) },
          (_, index) => whole.subarray(index * size, (index + 1) * size)
        )
        assert.strictEqual((yield* writesFor(chunks)).join(""), jsonOf(log))
      }
    }))

  it.effect("prints an event at once, while the input goes on", () =>
    Effect.gen(function*() {
      const input = yield* Queue.unbounded<Uint8Array>()
      const written = yield* Queue.unbounded<string>()
      const stdio = Stdio.layerTest({
        stdin: Stream.fromQueue(input),
        stdout: () => Sink.forEach((text: string | Uint8Array) => Queue.offer(written, String(text)))
      })
      const fiber = yield* Effect.forkChild(Effect.provide(parseInput("json"), stdio))
      for (const line of ["a", "b", "c"]) {
        yield* Queue.offer(input, bytes(`${line}\n`))
        assert.strictEqual(yield* Queue.take(written), `{"kind":"unframed","text":"${line}"}\n`)
      }
      yield* Fiber.interrupt(fiber)
    }))

  it.effect("cuts a line without end, and reads the next one", () =>
    Effect.gen(function*() {
      const piece = bytes("x".repeat(longestLine / 2 + 1))
      const [long, next] = (yield* writesFor([piece, piece, piece, piece, bytes("\ny\n")])).join("").split("\n")
      assert.strictEqual(long, `{"kind":"unframed","text":"${"x".repeat(longestLine)}"}`)
      assert.strictEqual(next, `{"kind":"unframed","text":"y"}`)
    }))

  it.effect("takes bytes that are no text", () =>
    Effect.gen(function*() {
      const [written = ""] = yield* writesFor([new Uint8Array([0xff, 0xfe, 0x00, 0x9b, 0x0a])])
      assert.deepStrictEqual(JSON.parse(written), { kind: "unframed", text: "\ufffd\ufffd\u0000\ufffd" })
    }))

  it.effect("prints what it read when the input breaks", () =>
    Effect.gen(function*() {
      const writes = yield* Ref.make("")
      const stdio = Stdio.layerTest({
        stdin: Stream.make(bytes("a\nb")).pipe(Stream.concat(Stream.fail(brokenPipe))),
        stdout: () => Sink.forEach((text: string | Uint8Array) => Ref.update(writes, (before) => before + String(text)))
      })
      yield* Effect.provide(parseInput("json"), stdio)
      assert.strictEqual(yield* Ref.get(writes), jsonOf("a\nb"))
    }))

  it.effect("ends, and reads no more, when nobody reads what it prints", () =>
    Effect.gen(function*() {
      const closed = yield* Deferred.make<void>()
      const stdio = Stdio.layerTest({
        stdin: Stream.make(bytes("a\n")).pipe(
          Stream.concat(Stream.never),
          Stream.ensuring(Deferred.succeed(closed, undefined))
        ),
        stdout: () => Sink.fail(brokenPipe)
      })
      yield* Effect.provide(parseInput("json"), stdio)
      yield* Deferred.await(closed)
    }))
})

describe("parseCommand", () => {
  const run = (args: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const writes = yield* Ref.make("")
      const stdio = Stdio.layerTest({
        stdin: Stream.make(bytes("ptp4l[1.000]: hello\n")),
        stdout: () => Sink.forEach((text: string | Uint8Array) => Ref.update(writes, (before) => before + String(text)))
      })
      const exit = yield* Command.runWith(parseCommand, { version: "0" })(args).pipe(
        Effect.provide(Layer.mergeAll(NodeServices.layer, stdio, TestConsole.layer)),
        Effect.exit
      )
      return { succeeded: Exit.isSuccess(exit), printed: yield* Ref.get(writes) }
    })

  it.effect.each<readonly [ReadonlyArray<string>, string]>([
    [[], `{"program":"ptp4l","uptime":1,"kind":"message","text":"hello"}\n`],
    [["-o", "json"], `{"program":"ptp4l","uptime":1,"kind":"message","text":"hello"}\n`],
    [["-o", "text"], "       1.000 ptp4l      hello\n"]
  ])("with %j prints the form that is asked for", ([args, printed]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* run(args), { succeeded: true, printed })
    }))

  it.effect("refuses another form", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* run(["-o", "yaml"]), { succeeded: false, printed: "" })
    }))
})
