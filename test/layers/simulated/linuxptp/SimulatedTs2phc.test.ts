import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { parseLogEvent } from "../../../../src/services/linuxptp/LogEvent.ts"
import { layer, layerOf, ptp4lSpec, seeded, socketOf, specOf, startRecorded } from "./SimulatedNode.ts"

const generic = specOf("ts2phc", { words: ["-s", "generic", "-c", "ens1f0"], file: "[global]\n[ens2f0]\n" })

describe("a simulated ts2phc", () => {
  it.effect("prints an offset a second for each PHC and locks", () =>
    Effect.gen(function*() {
      const { messages } = yield* startRecorded(generic)
      yield* TestClock.adjust("4500 millis")
      const events = messages().map(parseLogEvent)
      assert.strictEqual(events.length, 10)
      const last = events.slice(-2).map((event) => event.kind === "offset" ? [event.clock, event.servoState] : [])
      assert.deepStrictEqual(last, [["ens1f0", "s2"], ["ens2f0", "s2"]])
    }).pipe(Effect.provide(layer), seeded))

  it.effect("is silent before linuxptp 4.0, where offsets are debug lines", () =>
    Effect.gen(function*() {
      const { lines } = yield* startRecorded(generic)
      const { messages } = yield* startRecorded(specOf("ts2phc", { id: "loud", words: ["-c", "ens1f0", "-l", "7"] }))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(lines, [])
      assert.isTrue(messages().every((text) => /^ens1f0 master offset +-?\d+ s[012] freq +[+-]\d+$/.test(text)))
      assert.strictEqual(messages().length, 6)
    }).pipe(Effect.provide(layerOf({ major: 3, minor: 1, patch: 1 })), seeded))

  it.effect("with -a waits for ptp4l and leaves the clock alone that ptp4l steers", () =>
    Effect.gen(function*() {
      const file = `[global]\nuds_address ${socketOf("ptp4l-profile1-00000000")}\n`
      const { messages } = yield* startRecorded(specOf("ts2phc", { words: ["-a", "-s", "generic"], file }))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(messages().at(-1), "Waiting for ptp4l...")
      yield* startRecorded(ptp4lSpec({ interfaces: ["ens1f0", "ens1f1", "ens2f0"] }))
      yield* TestClock.adjust("10500 millis")
      const clocks = messages().slice(-3).map(parseLogEvent).map((event) => event.kind === "offset" ? event.clock : "")
      assert.deepStrictEqual(clocks, ["ens2f0", "ens2f0", "ens2f0"])
    }).pipe(Effect.provide(layer), seeded))
})
