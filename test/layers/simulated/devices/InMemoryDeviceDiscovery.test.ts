import { Effect, Layer } from "effect"
import * as InMemoryDeviceDiscovery from "../../../../src/layers/simulated/devices/InMemoryDeviceDiscovery.ts"
import type { NetworkInterface } from "../../../../src/services/devices/PtpDevice.ts"
import { Machine, suite } from "../../devices/DeviceDiscoverySuite.ts"

const nic = (name: string, phcIndex: number): NetworkInterface => ({
  name,
  kind: "physical",
  linkUp: true,
  driver: "ice",
  pciAddress: "0000:00:05.0",
  phcIndex,
  hardwareTimestamping: true,
  softwareTimestamping: true,
  notCapable: undefined
})
const loopback: NetworkInterface = {
  ...nic("lo", 0),
  kind: "loopback",
  driver: undefined,
  pciAddress: undefined,
  phcIndex: undefined,
  hardwareTimestamping: false,
  notCapable: "the loopback interface has no clock"
}

const machine = Layer.effect(
  Machine,
  Effect.gen(function*() {
    const { update } = yield* InMemoryDeviceDiscovery.InMemoryInterfaces
    return Machine.of({
      plugIn: (name, phcIndex) => update((current) => [...current, nic(name, phcIndex)]),
      unplug: (name) => update((current) => current.filter((other) => other.name !== name)),
      pullCable: (name) =>
        update((current) => current.map((other) => other.name === name ? { ...other, linkUp: false } : other)),
      // The order is no difference, and neither is a copy.
      changeNothing: update((current) => structuredClone(current.toReversed()))
    })
  })
)

suite("in memory", machine.pipe(Layer.provideMerge(InMemoryDeviceDiscovery.layer([loopback, nic("ens2", 2)]))))
