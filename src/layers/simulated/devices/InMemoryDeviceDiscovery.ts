/**
 * DeviceDiscovery over a list in memory. The demo's simulated nodes and tests use it; it reads no hardware.
 * Whoever holds the handle changes the list, and all readers of the discovery see it.
 */
import { Context, Effect, Layer, Stream, SubscriptionRef } from "effect"
import { DeviceDiscovery } from "../../../services/devices/DeviceDiscovery.ts"
import { byName } from "../../../services/devices/InterfaceClassification.ts"
import type { NetworkInterface } from "../../../services/devices/PtpDevice.ts"

/** The handle that changes what `DeviceDiscovery` finds. */
export class InMemoryInterfaces extends Context.Service<InMemoryInterfaces, {
  /** Replaces the list by what `change` makes of it. Readers get it sorted by name, and only if it differs. */
  readonly update: (
    change: (current: ReadonlyArray<NetworkInterface>) => ReadonlyArray<NetworkInterface>
  ) => Effect.Effect<void>
}>()("linuxptp-daemon/layers/simulated/devices/InMemoryInterfaces") {}

/** Discovers `initial` at first, then what the handle makes of it. */
export const layer = (
  initial: ReadonlyArray<NetworkInterface>
): Layer.Layer<DeviceDiscovery | InMemoryInterfaces> =>
  Layer.effectContext(Effect.gen(function*() {
    const current = yield* SubscriptionRef.make<ReadonlyArray<NetworkInterface>>(initial.toSorted(byName))
    return Context.make(DeviceDiscovery, {
      interfaces: SubscriptionRef.changes(current).pipe(
        Stream.changes,
        Stream.buffer({ capacity: 1, strategy: "sliding" })
      )
    }).pipe(Context.add(InMemoryInterfaces, {
      update: (change) => SubscriptionRef.update(current, (interfaces) => change(interfaces).toSorted(byName))
    }))
  }))
