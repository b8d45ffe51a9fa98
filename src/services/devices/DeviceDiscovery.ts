/** The contract that finds the node's network interfaces and notices when they come, change and go. */
import { Context, type Stream } from "effect"
import type { NetworkInterface } from "./PtpDevice.ts"

export class DeviceDiscovery extends Context.Service<DeviceDiscovery, {
  /**
   * All interfaces, sorted by name: the current ones first, then the whole list whenever it differs.
   * Capable or not is said per interface; what cannot be read of one interface is its reason, never a failure.
   */
  readonly interfaces: Stream.Stream<ReadonlyArray<NetworkInterface>>
}>()("linuxptp-daemon/services/devices/DeviceDiscovery") {}
