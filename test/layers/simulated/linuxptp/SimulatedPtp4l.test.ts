import { assert, describe, it } from "@effect/vitest"
import { Effect, Random } from "effect"
import { TestClock } from "effect/testing"
import { SimulatedNetwork } from "../../../../src/layers/simulated/linuxptp/SimulatedNetwork.ts"
import { type ParsedLogLine, parseLogLine } from "../../../../src/services/linuxptp/LogEvent.ts"
import { layer, layerOf, nodeName, ptp4lSpec, seeded, specOf, startRecorded } from "./SimulatedNode.ts"

const readings = (lines: ReadonlyArray<string>): ReadonlyArray<ParsedLogLine> => lines.map(parseLogLine)

const transitions = (lines: ReadonlyArray<string>) =>
  readings(lines).flatMap((line) =>
    line.kind === "portState" && line.port > 0 ? [`${line.port} ${line.from} ${line.to} ${line.event}`] : []
  )

const offsets = (lines: ReadonlyArray<string>) =>
  readings(lines).flatMap((line) => line.kind === "offset" ? [line] : [])

describe("a simulated ptp4l", () => {
  it.effect("follows the grandmaster within 5 s: s0, s1, s2, then SLAVE", () =>
    Effect.gen(function*() {
      const { lines, stderr } = yield* startRecorded(ptp4lSpec({ words: ["-s", "-2"] }))
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(transitions(lines), [
        "1 INITIALIZING LISTENING INIT_COMPLETE",
        "1 LISTENING UNCALIBRATED RS_SLAVE",
        "1 UNCALIBRATED SLAVE MASTER_CLOCK_SELECTED"
      ])
      assert.deepStrictEqual(offsets(lines).map(({ servoState }) => servoState), ["s0", "s1", "s2"])
      assert.include(lines, "ptp4l[0.000]: selected /dev/ptp0 as PTP clock")
      assert.include(lines, "ptp4l[0.045]: port 1 (ens1f0): INITIALIZING to LISTENING on INIT_COMPLETE")
      assert.deepStrictEqual(stderr, [])
    }).pipe(Effect.provide(layer), seeded))

  for (const seed of ["a", "b", "c", "d", "e"]) {
    it.effect(`stays within 100 ns once it is locked, also after a silence (seed ${seed})`, () =>
      Effect.gen(function*() {
        const network = yield* SimulatedNetwork
        const { lines } = yield* startRecorded(ptp4lSpec())
        yield* TestClock.adjust("60 seconds")
        yield* network.silenceGrandmaster()
        yield* TestClock.adjust("10 minutes")
        yield* network.restoreGrandmaster()
        yield* TestClock.adjust("60 seconds")
        const locked = offsets(lines).filter(({ servoState }) => servoState === "s2")
        assert.isAbove(locked.length, 100)
        assert.isAbove(new Set(locked.map(({ offsetNs }) => offsetNs)).size, 10)
        assert.isBelow(Math.max(...locked.map(({ offsetNs }) => Math.abs(offsetNs))), 100)
      }).pipe(Effect.provide(layer), Random.withSeed(seed)))
  }

  it.effect("listens when the grandmaster goes silent, and is SLAVE again when it is back", () =>
    Effect.gen(function*() {
      const network = yield* SimulatedNetwork
      const { lines, messages } = yield* startRecorded(ptp4lSpec({ words: ["-s"] }))
      yield* TestClock.adjust("10 seconds")
      yield* network.silenceGrandmaster(nodeName)
      const before = lines.length
      yield* TestClock.adjust("10 seconds")
      const [lost = "", selected = "", ...others] = messages().slice(before)
      assert.strictEqual(lost, "port 1 (ens1f0): SLAVE to LISTENING on ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES")
      assert.match(selected, /^selected local clock [0-9a-f]{6}\.fffe\.[0-9a-f]{6} as best master$/)
      assert.deepStrictEqual(others, [])
      yield* network.restoreGrandmaster(nodeName)
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(transitions(lines).at(-1), "1 UNCALIBRATED SLAVE MASTER_CLOCK_SELECTED")
    }).pipe(Effect.provide(layer), seeded))

  it.effect("hears the grandmaster of its own node only", () =>
    Effect.gen(function*() {
      const network = yield* SimulatedNetwork
      const { lines } = yield* startRecorded(ptp4lSpec())
      yield* network.silenceGrandmaster("worker-2")
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(transitions(lines).at(-1), "1 UNCALIBRATED SLAVE MASTER_CLOCK_SELECTED")
    }).pipe(Effect.provide(layer), seeded))

  it.effect("reports a pulled cable, complains as a client, and recovers when it is plugged", () =>
    Effect.gen(function*() {
      const network = yield* SimulatedNetwork
      const { lines, messages, stderr } = yield* startRecorded(ptp4lSpec({ words: ["-s"] }))
      yield* TestClock.adjust("10 seconds")
      yield* network.setLink(nodeName, "ens1f0", false)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(transitions(lines).at(-1), "1 SLAVE FAULTY FAULT_DETECTED")
      assert.include(messages(), "port 1 (ens1f0): link down")
      assert.deepStrictEqual(stderr.map((line) => line.replace(/^.*?\): /, "")), [
        "master state recommended in slave only mode",
        "defaultDS.priority1 probably misconfigured"
      ])
      yield* network.setLink(nodeName, "ens1f0", true)
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(transitions(lines).at(-1), "1 UNCALIBRATED SLAVE MASTER_CLOCK_SELECTED")
    }).pipe(Effect.provide(layer), seeded))

  for (
    const [name, options] of [
      ["server-only", { file: "serverOnly 1\n" }],
      ["better than the grandmaster", { words: ["--priority1=1"] }]
    ] as const
  ) {
    it.effect(`becomes MASTER after 6 s when it is ${name}`, () =>
      Effect.gen(function*() {
        const { lines, messages } = yield* startRecorded(ptp4lSpec(options))
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(transitions(lines), [
          "1 INITIALIZING LISTENING INIT_COMPLETE",
          "1 LISTENING MASTER ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES"
        ])
        assert.strictEqual(messages().at(-1), "port 1 (ens1f0): assuming the grand master role")
        assert.deepStrictEqual(offsets(lines), [])
      }).pipe(Effect.provide(layer), seeded))
  }

  it.effect("is a boundary clock with two NICs: the first follows, the second is MASTER", () =>
    Effect.gen(function*() {
      const { lines } = yield* startRecorded(ptp4lSpec({ interfaces: ["ens1f0", "ens2f0"] }))
      yield* TestClock.adjust("10 seconds")
      const last = (port: number) => transitions(lines).findLast((line) => line.startsWith(`${port} `))
      assert.strictEqual(last(1), "1 UNCALIBRATED SLAVE MASTER_CLOCK_SELECTED")
      assert.strictEqual(last(2), "2 LISTENING MASTER ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES")
    }).pipe(Effect.provide(layer), seeded))

  it.effect("prints one rms line a second when it summarises", () =>
    Effect.gen(function*() {
      const { lines } = yield* startRecorded(ptp4lSpec({ file: "logSyncInterval -3\n" }))
      yield* TestClock.adjust("20 seconds")
      const summaries = readings(lines).filter(({ kind }) => kind === "summary")
      assert.isAtLeast(summaries.length, 15)
      assert.isAtMost(summaries.length, 20)
      assert.deepStrictEqual(offsets(lines), [])
    }).pipe(Effect.provide(layer), seeded))

  it.effect("stays unlocked when it runs free", () =>
    Effect.gen(function*() {
      const { lines } = yield* startRecorded(ptp4lSpec({ file: "free_running 1\n" }))
      yield* TestClock.adjust("10 seconds")
      assert.isAbove(offsets(lines).length, 5)
      assert.deepStrictEqual([...new Set(offsets(lines).map(({ servoState }) => servoState))], ["s0"])
      assert.strictEqual(transitions(lines).at(-1), "1 LISTENING UNCALIBRATED RS_SLAVE")
    }).pipe(Effect.provide(layer), seeded))

  it.effect("speaks as linuxptp 3.1.1 did: ports without NICs, one socket", () =>
    Effect.gen(function*() {
      const { messages } = yield* startRecorded(ptp4lSpec())
      yield* TestClock.adjust("1 second")
      const sockets = messages().filter((line) => line.startsWith("port 0"))
      assert.deepStrictEqual(sockets, ["port 0: INITIALIZING to LISTENING on INIT_COMPLETE"])
      assert.include(messages(), "port 1: INITIALIZING to LISTENING on INIT_COMPLETE")
    }).pipe(Effect.provide(layerOf({ major: 3, minor: 1, patch: 1 })), seeded))

  it.effect("says nothing below its logging level and puts its tag in front", () =>
    Effect.gen(function*() {
      const { lines } = yield* startRecorded(
        ptp4lSpec({ file: "message_tag [ptp4l.0.config:{level}]\nlogging_level 5\n" })
      )
      yield* TestClock.adjust("10 seconds")
      assert.isAbove(lines.length, 3)
      assert.isTrue(lines.every((line) => /^ptp4l\[\d+\.\d{3}\]: \[ptp4l\.0\.config:5\] \S/.test(line)))
    }).pipe(Effect.provide(layer), seeded))
})

describe("a ptp4l that can't run", () => {
  const cases = [
    ["no NIC", specOf("ptp4l"), "no interface specified"],
    ["an option that does not exist", ptp4lSpec({ words: ["-Z"] }), "ptp4l: invalid option -- 'Z'"],
    [
      "a NIC that is not there",
      ptp4lSpec({ interfaces: ["nosuch0"] }),
      "ptp4l[0.000]: ioctl SIOCETHTOOL failed: No such device"
    ],
    [
      "a NIC without PHC",
      ptp4lSpec({ interfaces: ["eth0"] }),
      "ptp4l[0.000]: interface 'eth0' does not support requested timestamping mode"
    ]
  ] as const
  for (const [name, spec, complaint] of cases) {
    it.effect(`ends with 255 and says why on stderr: ${name}`, () =>
      Effect.gen(function*() {
        const { lines, process, stderr } = yield* startRecorded(spec)
        assert.deepStrictEqual(yield* process.exit, { code: 255 })
        assert.strictEqual(stderr[0], complaint)
        assert.deepStrictEqual(lines, stderr)
      }).pipe(Effect.provide(layer)))
  }

  it.effect("but takes a NIC without PHC with software time stamps", () =>
    Effect.gen(function*() {
      const { lines } = yield* startRecorded(ptp4lSpec({ words: ["-S"], interfaces: ["eth0"] }))
      yield* TestClock.adjust("6 seconds")
      assert.strictEqual(transitions(lines).at(-1), "1 UNCALIBRATED SLAVE MASTER_CLOCK_SELECTED")
      assert.isFalse(lines.some((line) => line.includes("as PTP clock")))
    }).pipe(Effect.provide(layer), seeded))
})
