/**
 * DeviceDiscovery with a list in memory instead of hardware, for the demo's simulated nodes and for tests. Whoever has
 * InMemoryInterfaces can change the list, and all readers of DeviceDiscovery see the change.
 */
import { Context, Effect, Layer, Stream, SubscriptionRef } from "effect"
import { DeviceDiscovery } from "../../../services/devices/DeviceDiscovery.ts"
import { byName } from "../../../services/devices/InterfaceClassification.ts"
import type { NetworkInterface } from "../../../services/devices/PtpDevice.ts"

/** Changes what `DeviceDiscovery` finds. */
export class InMemoryInterfaces extends Context.Service<InMemoryInterfaces, {
  /** Replaces the list by the result of `change`. Readers get it sorted by name, and only if it differs. */
  readonly update: (
    change: (current: ReadonlyArray<NetworkInterface>) => ReadonlyArray<NetworkInterface>
  ) => Effect.Effect<void>
}>()("linuxptp-daemon/layers/simulated/devices/InMemoryInterfaces") {}

/** Finds `initial` at first, and later what InMemoryInterfaces has set. */
export const layer = (
  initial: ReadonlyArray<NetworkInterface>
): Layer.Layer<DeviceDiscovery | InMemoryInterfaces> =>
  Layer.effectContext(Effect.gen(function*() {
    const current = yield* SubscriptionRef.make<ReadonlyArray<NetworkInterface>>(initial.toSorted(byName))
    return Context.make(DeviceDiscovery, {
      interfaces: SubscriptionRef.changes(current).pipe(
        Stream.changes,
        Stream.buffer({ capacity: 1, strategy: "sliding" })
      ),
      // Simulated programs open nothing, so everything may be there.
      look: (paths) => Effect.succeed(paths.map((path) => ({ path, identity: "simulated" })))
    }).pipe(Context.add(InMemoryInterfaces, {
      update: (change) => SubscriptionRef.update(current, (interfaces) => change(interfaces).toSorted(byName))
    }))
  }))
