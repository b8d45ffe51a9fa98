/** What every DeviceDiscovery does, run on each layer of it together with a machine whose NICs the test can change. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, type Layer, Queue, Stream } from "effect"
import { DeviceDiscovery } from "../../../src/services/devices/DeviceDiscovery.ts"
import { isPtpCapable, type NetworkInterface } from "../../../src/services/devices/PtpDevice.ts"

/** The node under the discovery. At first it has `lo` and `ens2`, a NIC with /dev/ptp2 whose link is up. */
export class Machine extends Context.Service<Machine, {
  /** A NIC with a PHC and link. */
  readonly plugIn: (name: string, phcIndex: number) => Effect.Effect<void>
  readonly unplug: (name: string) => Effect.Effect<void>
  readonly pullCable: (name: string) => Effect.Effect<void>
  /** Something happens, and all is as it was. */
  readonly changeNothing: Effect.Effect<void>
}>()("test/Machine") {}

/** All that one reader gets, from the beginning of its reading. */
export const readInterfaces = Effect.gen(function*() {
  const discovery = yield* DeviceDiscovery
  const lists = yield* Queue.unbounded<ReadonlyArray<NetworkInterface>>()
  yield* discovery.interfaces.pipe(Stream.runForEach((list) => Queue.offer(lists, list)), Effect.forkScoped)
  return lists
})

const namesOf = (list: ReadonlyArray<NetworkInterface>) => list.map(({ name }) => name)

export const suite = <E>(name: string, layer: Layer.Layer<DeviceDiscovery | Machine, E>): void => {
  describe(`DeviceDiscovery: ${name}`, () => {
    it.effect("gives what is there at first, sorted by name", () =>
      Effect.gen(function*() {
        const found = yield* Queue.take(yield* readInterfaces)
        assert.deepStrictEqual(namesOf(found), ["ens2", "lo"])
        assert.deepStrictEqual(found.map(isPtpCapable), [true, false])
        assert.deepInclude(found[0], { kind: "physical", phcIndex: 2, linkUp: true })
      }).pipe(Effect.provide(layer)))

    it.effect("gives the whole list each time that a NIC comes, loses its link or goes", () =>
      Effect.gen(function*() {
        const machine = yield* Machine
        const lists = yield* readInterfaces
        yield* Queue.take(lists)
        yield* machine.plugIn("ens1", 1)
        const plugged = yield* Queue.take(lists)
        assert.deepStrictEqual(namesOf(plugged), ["ens1", "ens2", "lo"])
        assert.deepInclude(plugged[0], { phcIndex: 1, notCapable: undefined })
        yield* machine.pullCable("ens2")
        assert.deepStrictEqual((yield* Queue.take(lists)).map(({ linkUp }) => linkUp), [true, false, true])
        yield* machine.unplug("ens1")
        assert.deepStrictEqual(namesOf(yield* Queue.take(lists)), ["ens2", "lo"])
      }).pipe(Effect.provide(layer)))

    it.effect("gives nothing for a change that changes nothing", () =>
      Effect.gen(function*() {
        const machine = yield* Machine
        const lists = yield* readInterfaces
        yield* Queue.take(lists)
        yield* machine.changeNothing
        yield* machine.changeNothing
        yield* machine.plugIn("ens1", 1)
        assert.deepStrictEqual(namesOf(yield* Queue.take(lists)), ["ens1", "ens2", "lo"])
      }).pipe(Effect.provide(layer)))

    it.effect("gives the same to all readers, and the current list to a late one", () =>
      Effect.gen(function*() {
        const machine = yield* Machine
        const [first, second] = [yield* readInterfaces, yield* readInterfaces]
        yield* Queue.take(first)
        yield* Queue.take(second)
        yield* machine.unplug("ens2")
        assert.deepStrictEqual(namesOf(yield* Queue.take(first)), ["lo"])
        assert.deepStrictEqual(namesOf(yield* Queue.take(second)), ["lo"])
        assert.deepStrictEqual(namesOf(yield* Queue.take(yield* readInterfaces)), ["lo"])
      }).pipe(Effect.provide(layer)))
  })
}
