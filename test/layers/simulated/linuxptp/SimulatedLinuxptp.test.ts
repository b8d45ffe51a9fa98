import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Layer, Option, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import * as SimulatedInstalledLinuxptp from "../../../../src/layers/simulated/linuxptp/SimulatedInstalledLinuxptp.ts"
import { deviceDiscovery, SimulatedNetwork } from "../../../../src/layers/simulated/linuxptp/SimulatedNetwork.ts"
import { DeviceDiscovery } from "../../../../src/services/devices/DeviceDiscovery.ts"
import { InstalledLinuxptp } from "../../../../src/services/linuxptp/InstalledLinuxptp.ts"
import { becomesReady } from "../../../../src/services/linuxptp/Readiness.ts"
import { ProcessRunner } from "../../../../src/services/processes/ProcessRunner.ts"
import { layer, nodeName, ptp4lSpec, seeded, socketOf, specOf, startRecorded } from "./SimulatedNode.ts"

const version = { major: 4, minor: 4, patch: 0 }

describe("SimulatedLinuxptp", () => {
  it.effect("ends with 0 on SIGTERM, at once, and prints nothing after it", () =>
    Effect.gen(function*() {
      const { lines, process } = yield* startRecorded(ptp4lSpec())
      yield* TestClock.adjust("10 seconds")
      yield* process.signal("SIGTERM")
      assert.deepStrictEqual(yield* process.exit, { code: 0 })
      const before = lines.length
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(lines.length, before)
      yield* process.signal("SIGKILL")
      assert.deepStrictEqual(yield* process.exit, { code: 0 })
    }).pipe(Effect.provide(layer), seeded))

  it.effect("ends by the signal on SIGKILL, also when somebody else kills it", () =>
    Effect.gen(function*() {
      const network = yield* SimulatedNetwork
      const first = yield* startRecorded(ptp4lSpec())
      const second = yield* startRecorded(ptp4lSpec({ id: "ptp4l-profile2-11111111" }))
      yield* TestClock.adjust("1 second")
      yield* first.process.signal("SIGKILL")
      assert.deepStrictEqual(yield* first.process.exit, { signal: "SIGKILL" })
      assert.isTrue(yield* network.kill(nodeName, "ptp4l-profile2-11111111"))
      assert.deepStrictEqual(yield* second.process.exit, { signal: "SIGKILL" })
      assert.isFalse(yield* network.kill(nodeName, "ptp4l-profile2-11111111"))
      assert.isFalse(yield* network.kill("worker-2", "ptp4l-profile1-00000000"))
    }).pipe(Effect.provide(layer), seeded))

  it.effect("never gives a pid twice", () =>
    Effect.gen(function*() {
      const pids = new Set<number>()
      for (let count = 0; count < 50; count++) {
        const { process } = yield* startRecorded(ptp4lSpec())
        pids.add(process.pid)
        yield* process.signal("SIGTERM")
        yield* process.exit
      }
      assert.strictEqual(pids.size, 50)
    }).pipe(Effect.provide(layer)))

  it.effect("gives the socket to a successor, and the end of the predecessor does not take it away", () =>
    Effect.gen(function*() {
      const first = yield* startRecorded(ptp4lSpec())
      yield* startRecorded(ptp4lSpec())
      yield* TestClock.adjust("1 second")
      yield* first.process.signal("SIGTERM")
      yield* first.process.exit
      const words = ["-a", "-r", "-z", socketOf("ptp4l-profile1-00000000")]
      const { messages } = yield* startRecorded(specOf("phc2sys", { words }))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(messages()[0], "reconfiguring after port state change")
    }).pipe(Effect.provide(layer), seeded))

  it.effect("shows every program as ready in its own words", () =>
    Effect.gen(function*() {
      const socket = socketOf("ptp4l-profile1-00000000")
      const specs = [
        ptp4lSpec(),
        specOf("phc2sys", { words: ["-a", "-r", "-z", socket] }),
        specOf("ts2phc", { words: ["-s", "generic", "-c", "ens2f0"] }),
        specOf("timemaster", { file: "[ptp_domain 0]\ninterfaces ens2f0\n" })
      ]
      const recorded = yield* Effect.forEach(specs, startRecorded)
      yield* TestClock.adjust("10 seconds")
      const ready = recorded.map(({ lines }, index) =>
        lines.some((line) => becomesReady(specs[index]?.program ?? "", line))
      )
      assert.deepStrictEqual(ready, [true, true, true, true])
    }).pipe(Effect.provide(layer), seeded))

  it.effect("ends its processes with the layer", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(layer, scope)
      const { process } = yield* Effect.provide(startRecorded(ptp4lSpec()), context)
      yield* TestClock.adjust("1 second")
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* process.exit, { signal: "SIGKILL" })
    }))

  it.effect("runs 1,000 processes for a minute", () =>
    Effect.gen(function*() {
      const ids = Array.from({ length: 500 }, (_, index) => `ptp4l-${index}-00000000`)
      let lines = 0
      const runner = yield* ProcessRunner
      for (const id of ids) {
        yield* runner.start(ptp4lSpec({ id }), () => lines++)
        const words = ["-a", "-r", "-z", socketOf(id)]
        yield* runner.start(specOf("phc2sys", { id: `phc2sys-${id}`, words }), () => lines++)
      }
      yield* TestClock.adjust("60 seconds")
      assert.isAbove(lines, 1000 * 50)
    }).pipe(Effect.provide(layer), seeded))
})

describe("the simulated node", () => {
  it.effect("shows a pulled cable in its NICs, and no other change", () =>
    Effect.gen(function*() {
      const network = yield* SimulatedNetwork
      const devices = yield* DeviceDiscovery
      const seen = yield* devices.interfaces.pipe(
        Stream.tap(() => network.silenceGrandmaster(nodeName)),
        Stream.tap(() => network.setLink(nodeName, "ens1f0", false)),
        Stream.map((nics) => nics.filter(({ linkUp }) => linkUp).map(({ name }) => name)),
        Stream.take(2),
        Stream.runCollect
      )
      assert.deepStrictEqual(seen, [["ens1f0", "ens1f1", "ens2f0", "eth0"], ["ens1f1", "ens2f0", "eth0"]])
    }).pipe(Effect.provide(Layer.provideMerge(deviceDiscovery(nodeName), layer))))

  it.effect("has the linuxptp that it was given", () =>
    Effect.gen(function*() {
      const installed = yield* InstalledLinuxptp
      assert.deepStrictEqual(yield* installed.version, Option.some(version))
    }).pipe(Effect.provide(SimulatedInstalledLinuxptp.layer({ version }))))

  it.effect("hears nothing and has no NIC when nobody set it up", () =>
    Effect.gen(function*() {
      const network = yield* SimulatedNetwork
      assert.deepStrictEqual(yield* network.node("nowhere"), {
        name: "nowhere",
        interfaces: [],
        hearsGrandmaster: false
      })
    }).pipe(Effect.provide(layer)))
})
