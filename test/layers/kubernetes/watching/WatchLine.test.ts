import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"
import * as fc from "fast-check"
import { longestLine, readWatchEvent, watchEvents } from "../../../../src/layers/kubernetes/watching/WatchLine.ts"

const call = { verb: "watch", path: "/x" } as const
const object = (name: string, resourceVersion: string) => ({
  apiVersion: "ptp.openshift.io/v1",
  metadata: { name, resourceVersion, managedFields: [{ manager: "kubectl" }] },
  spec: { profile: [{ name: "größe" }] }
})
const line = (type: string, value: unknown) => `${JSON.stringify({ type, object: value })}\n`
const bytesOf = (...packets: ReadonlyArray<string | Uint8Array>) =>
  Stream.fromIterable(packets.map((packet) => typeof packet === "string" ? new TextEncoder().encode(packet) : packet))
const read = (...packets: ReadonlyArray<string | Uint8Array>) =>
  watchEvents(bytesOf(...packets), call).pipe(
    Stream.map((event) => `${event.type} ${event.object.metadata.resourceVersion}`),
    Stream.runCollect
  )

describe("watchEvents", () => {
  it.effect("reads nothing from nothing", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* read(), [])
      assert.deepStrictEqual(yield* read("\n", " \r\n"), [])
    }))

  it.effect("skips lines of blanks alone, wherever the packets are cut", () =>
    Effect.gen(function*() {
      const blank = " \t \n\n  \r\n"
      const whole = new TextEncoder().encode(
        `${blank}${line("ADDED", object("a", "1"))}${blank}\t${line("MODIFIED", object("b", "2"))}${blank}  `
      )
      for (let cut = 0; cut <= whole.length; cut++) {
        assert.deepStrictEqual(yield* read(whole.subarray(0, cut), whole.subarray(cut)), ["ADDED 1", "MODIFIED 2"])
      }
    }))

  it.effect("reads events of all kinds, several in a packet", () =>
    Effect.gen(function*() {
      const packet = line("ADDED", object("a", "1")) + line("MODIFIED", object("a", "2"))
        + line("BOOKMARK", { kind: "NodePTPCfg", metadata: { resourceVersion: "9" } }) +
        line("DELETED", object("a", "10"))
      assert.deepStrictEqual(yield* read(packet), ["ADDED 1", "MODIFIED 2", "BOOKMARK 9", "DELETED 10"])
    }))

  it.effect("reads the same events, wherever the packets are cut", () =>
    Effect.gen(function*() {
      const whole = new TextEncoder().encode(line("ADDED", object("a", "1")) + line("MODIFIED", object("b", "2")))
      for (let cut = 0; cut <= whole.length; cut++) {
        assert.deepStrictEqual(yield* read(whole.subarray(0, cut), whole.subarray(cut)), ["ADDED 1", "MODIFIED 2"])
      }
    }))

  it.effect("drops managedFields and keeps the spec", () =>
    Effect.gen(function*() {
      const events = yield* watchEvents(bytesOf(line("ADDED", object("a", "1"))), call).pipe(Stream.runCollect)
      assert.deepStrictEqual(events.map((event) => event.object), [{
        apiVersion: "ptp.openshift.io/v1",
        metadata: { name: "a", resourceVersion: "1" },
        spec: { profile: [{ name: "größe" }] }
      }])
    }))

  it.effect("fails with the reason of an ERROR event", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        read(line("ERROR", { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" }))
      )
      assert.deepStrictEqual([error.reason, error.status, error.detail], ["Gone", 410, "too old resource version"])
    }))

  it.effect("fails at JSON that is cut off by the end", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        read(line("ADDED", object("a", "1")), line("ADDED", object("b", "2")).slice(0, 30))
      )
      assert.strictEqual(error.reason, "Malformed")
    }))

  it.effect("fails at a line longer than 8 MiB without waiting for its end", () =>
    Effect.gen(function*() {
      const megabyte = new Uint8Array(1024 * 1024).fill(120)
      const endless = Stream.fromIterable(Array.from({ length: 9 }, () => megabyte)).pipe(Stream.concat(Stream.never))
      const error = yield* Effect.flip(Stream.runDrain(watchEvents(endless, call)))
      assert.deepStrictEqual([error.reason, error.detail], [
        "Malformed",
        `a line of more than ${longestLine} bytes`
      ])
    }))

  it.effect("reads a line of almost 8 MiB", () =>
    Effect.gen(function*() {
      const large = line("ADDED", { ...object("a", "1"), padding: "x".repeat(longestLine - 400) })
      assert.deepStrictEqual(yield* read(large.slice(0, 1_000_000), large.slice(1_000_000)), ["ADDED 1"])
    }))
})

describe("a line that is no event", () => {
  it.effect.each(
    [
      ["no JSON", "<html>\n", /^not a watch event: Unexpected token '<'/],
      ["another object", "{\"kind\":\"Table\"}\n", /^not a watch event: \{"kind":"Table"\}$/],
      ["no UTF-8", new Uint8Array([0x22, 0xff, 0x22, 0x0a]), /^not a watch event: /]
    ] as const
  )("is told when it is %s, after the events before it", ([, text, told]) =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const error = yield* watchEvents(bytesOf(line("ADDED", object("a", "1")), text), call).pipe(
        Stream.runForEach((event) => Effect.sync(() => void seen.push(event.type))),
        Effect.flip
      )
      assert.deepStrictEqual([seen, error.reason], [["ADDED"], "Malformed"])
      assert.match(error.detail, told)
    }))
})

describe("readWatchEvent", () => {
  it("never throws, and takes nothing for an event that is none", () => {
    fc.assert(fc.property(fc.jsonValue(), (json) => {
      const result = readWatchEvent(call, json)
      assert.isTrue(Result.isFailure(result) && result.failure.reason === "Malformed")
    }))
  })
})
