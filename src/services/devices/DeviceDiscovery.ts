/** The contract to find the node's network interfaces and to notice when they appear, change or disappear. */
import { Context, type Stream } from "effect"
import type { NetworkInterface } from "./PtpDevice.ts"

export class DeviceDiscovery extends Context.Service<DeviceDiscovery, {
  /**
   * All interfaces, sorted by name: first the current list, then the whole list after each change. Each interface says
   * whether it can do PTP. If something cannot be read of an interface, that is its reason why not, never a failure.
   */
  readonly interfaces: Stream.Stream<ReadonlyArray<NetworkInterface>>
}>()("linuxptp-daemon/services/devices/DeviceDiscovery") {}
