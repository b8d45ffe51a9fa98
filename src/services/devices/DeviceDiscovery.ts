/** The contract to find the node's network interfaces and devices, and to notice when NICs appear, change or disappear. */
import { Context, type Effect, type Stream } from "effect"
import type { NetworkInterface } from "./PtpDevice.ts"

/** A device or file that exists. Another one under the same path has another identity. */
export interface SeenFile {
  readonly path: string
  readonly identity: string
}

export class DeviceDiscovery extends Context.Service<DeviceDiscovery, {
  /**
   * All interfaces, sorted by name: first the current list, then the whole list after each change. Each interface says
   * whether it can do PTP. If something cannot be read of an interface, that is its reason why not, never a failure.
   */
  readonly interfaces: Stream.Stream<ReadonlyArray<NetworkInterface>>
  /** Those of the paths that exist. What cannot be looked at counts as missing. */
  readonly look: (paths: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<SeenFile>>
}>()("linuxptp-daemon/services/devices/DeviceDiscovery") {}
