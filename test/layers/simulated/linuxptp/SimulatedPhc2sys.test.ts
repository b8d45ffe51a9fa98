import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { SimulatedNetwork } from "../../../../src/layers/simulated/linuxptp/SimulatedNetwork.ts"
import { parseLogEvent } from "../../../../src/services/linuxptp/LogEvent.ts"
import { layer, layerOf, nodeName, ptp4lSpec, seeded, socketOf, specOf, startRecorded } from "./SimulatedNode.ts"

const server = "ptp4l-profile1-00000000"
const automatic = specOf("phc2sys", { words: ["-a", "-r", "-z", socketOf(server), "-n", "0"] })

const offsets = (messages: ReadonlyArray<string>) =>
  messages.map(parseLogEvent).flatMap((event) => event.kind === "offset" ? [event] : [])

describe("a simulated phc2sys with -a -r", () => {
  it.effect("waits for its ptp4l, a line a second, then follows it", () =>
    Effect.gen(function*() {
      const { messages } = yield* startRecorded(automatic)
      yield* TestClock.adjust("2500 millis")
      assert.deepStrictEqual(messages(), Array.from({ length: 3 }, () => "Waiting for ptp4l..."))
      yield* startRecorded(ptp4lSpec({ words: ["-s"] }))
      yield* TestClock.adjust("15 seconds")
      const said = messages()
      const selected = said.indexOf("selecting CLOCK_REALTIME for synchronization")
      assert.isAbove(selected, 0)
      assert.strictEqual(said[selected - 1], "reconfiguring after port state change")
      assert.strictEqual(said[selected + 1], "selecting ens1f0 as domain source clock")
      const measured = offsets(said)
      assert.deepStrictEqual(measured.slice(0, 4).map(({ servoState }) => servoState), ["s0", "s1", "s2", "s2"])
      assert.isTrue(measured.every(({ clock, source }) => clock === "CLOCK_REALTIME" && source === "phc"))
      assert.isTrue(measured.slice(2).every(({ offsetNs }) => Math.abs(offsetNs) < 100))
    }).pipe(Effect.provide(layer), seeded))

  it.effect("is not content with the ptp4l of another socket", () =>
    Effect.gen(function*() {
      yield* startRecorded(ptp4lSpec({ id: "ptp4l-other-11111111" }))
      const { messages } = yield* startRecorded(automatic)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual([...new Set(messages())], ["Waiting for ptp4l..."])
    }).pipe(Effect.provide(layer), seeded))

  it.effect("steers nothing while the grandmaster is silent", () =>
    Effect.gen(function*() {
      const network = yield* SimulatedNetwork
      yield* startRecorded(ptp4lSpec({ words: ["-s"] }))
      const { messages } = yield* startRecorded(automatic)
      yield* TestClock.adjust("15 seconds")
      yield* network.silenceGrandmaster(nodeName)
      yield* TestClock.adjust("10 seconds")
      const before = messages().length
      assert.deepStrictEqual(messages().slice(-3), [
        "reconfiguring after port state change",
        "selecting ens1f0 for synchronization",
        "nothing to synchronize"
      ])
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(messages().length, before)
      yield* network.restoreGrandmaster(nodeName)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(offsets(messages()).at(-1)?.servoState, "s2")
    }).pipe(Effect.provide(layer), seeded))

  it.effect("steers the second NIC of a boundary clock, and the system clock once", () =>
    Effect.gen(function*() {
      yield* startRecorded(ptp4lSpec({ interfaces: ["ens1f0", "ens2f0"] }))
      const { messages } = yield* startRecorded(automatic)
      yield* TestClock.adjust("15 seconds")
      const last = offsets(messages()).slice(-2).map(({ clock }) => clock)
      assert.deepStrictEqual(last, ["ens2f0", "CLOCK_REALTIME"])
    }).pipe(Effect.provide(layer), seeded))

  it.effect("follows two ptp4l, and the system clock has one source", () =>
    Effect.gen(function*() {
      const second = "ptp4l-profile2-11111111"
      yield* startRecorded(ptp4lSpec())
      yield* startRecorded(ptp4lSpec({ id: second, interfaces: ["ens2f0"] }))
      const words = ["-a", "-r", "-z", socketOf(server), "-z", socketOf(second), "-n", "0", "-n", "1"]
      const { messages } = yield* startRecorded(specOf("phc2sys", { words }))
      yield* TestClock.adjust("15 seconds")
      assert.include(messages(), "selecting ens1f0 as domain source clock")
      assert.include(messages(), "selecting ens2f0 as domain source clock")
      const steady = offsets(messages()).slice(-3)
      assert.isTrue(steady.every(({ clock }) => clock === "CLOCK_REALTIME"))
      const lines = messages().filter((text) => text.startsWith("CLOCK_REALTIME"))
      assert.isAtMost(lines.length, 15)
    }).pipe(Effect.provide(layer), seeded))

  it.effect("gives the system's time to a grandmaster's PHC with a second -r (L-07 phc2sys never starts)", () =>
    Effect.gen(function*() {
      yield* startRecorded(ptp4lSpec({ file: "serverOnly 1\n" }))
      const { messages } = yield* startRecorded({ ...automatic, argv: [...automatic.argv, "-r"] })
      yield* TestClock.adjust("15 seconds")
      const last = offsets(messages()).at(-1)
      assert.deepStrictEqual([last?.clock, last?.source, last?.servoState], ["ens1f0", "sys", "s2"])
    }).pipe(Effect.provide(layer), seeded))

  it.effect("names its source as linuxptp 3.1.1 did", () =>
    Effect.gen(function*() {
      yield* startRecorded(ptp4lSpec())
      const { messages } = yield* startRecorded(automatic)
      yield* TestClock.adjust("10 seconds")
      assert.include(messages(), "selecting ens1f0 as the master clock")
    }).pipe(Effect.provide(layerOf({ major: 3, minor: 1, patch: 1 })), seeded))

  it.effect("ends with 255 when ptp4l stamps in software", () =>
    Effect.gen(function*() {
      yield* startRecorded(ptp4lSpec({ words: ["-S"] }))
      yield* TestClock.adjust("1 second")
      const { messages, process } = yield* startRecorded(automatic)
      assert.deepStrictEqual(yield* process.exit, { code: 255 })
      assert.deepStrictEqual(messages(), ["no suitable ports available"])
    }).pipe(Effect.provide(layer), seeded))

  it.effect("says that its poll failed when it is ended while it waits", () =>
    Effect.gen(function*() {
      const { messages, process } = yield* startRecorded(automatic)
      yield* TestClock.adjust("100 millis")
      yield* process.signal("SIGTERM")
      assert.deepStrictEqual(yield* process.exit, { code: 0 })
      assert.strictEqual(messages().at(-1), "poll failed")
    }).pipe(Effect.provide(layer)))
})

describe("a simulated phc2sys without -a", () => {
  it.effect("compares the two clocks that it is given", () =>
    Effect.gen(function*() {
      const words = ["-s", "CLOCK_REALTIME", "-c", "ens1f0", "-O", "37"]
      const { messages } = yield* startRecorded(specOf("phc2sys", { words }))
      yield* TestClock.adjust("5500 millis")
      assert.strictEqual(offsets(messages()).length, 6)
      assert.isTrue(offsets(messages()).every(({ clock, source }) => clock === "ens1f0" && source === "sys"))
    }).pipe(Effect.provide(layer), seeded))

  it.effect("with -w first waits until its ptp4l is in step", () =>
    Effect.gen(function*() {
      yield* startRecorded(ptp4lSpec())
      const words = ["-s", "ens1f0", "-w", "-z", socketOf(server)]
      const { messages } = yield* startRecorded(specOf("phc2sys", { words }))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(messages()[0], "Waiting for ptp4l...")
      assert.isAbove(offsets(messages()).length, 3)
    }).pipe(Effect.provide(layer), seeded))

  it.effect("summarises every fourth update with -u 4", () =>
    Effect.gen(function*() {
      const { messages } = yield* startRecorded(specOf("phc2sys", { words: ["-s", "ens1f0", "-O", "0", "-u", "4"] }))
      yield* TestClock.adjust("15500 millis")
      const events = messages().map(parseLogEvent)
      assert.deepStrictEqual(events.map(({ kind }) => kind), ["summary", "summary", "summary", "summary"])
    }).pipe(Effect.provide(layer), seeded))

  it.effect("stays unlocked with a servo that only tells chronyd", () =>
    Effect.gen(function*() {
      const { messages } = yield* startRecorded(
        specOf("phc2sys", { words: ["-s", "ens1f0", "-O", "0", "-E", "ntpshm"] })
      )
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual([...new Set(offsets(messages()).map(({ servoState }) => servoState))], ["s0"])
    }).pipe(Effect.provide(layer), seeded))

  for (
    const [complaint, words] of [
      ["autoconfiguration or valid source clock must be selected.", ["-r"]],
      ["autoconfiguration cannot be mixed with manual config options.", ["-a", "-s", "ens1f0"]]
    ] as const
  ) {
    it.effect(`ends with 255: ${complaint}`, () =>
      Effect.gen(function*() {
        const { process, stderr } = yield* startRecorded(specOf("phc2sys", { words }))
        assert.deepStrictEqual(yield* process.exit, { code: 255 })
        assert.strictEqual(stderr[0], complaint)
      }).pipe(Effect.provide(layer)))
  }
})
