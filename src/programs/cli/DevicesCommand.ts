/**
 * The command `devices`: lists this host's network interfaces, and for each whether ptp4l can use its clock or why not.
 * People run it on a node before they write a profile. It looks once and changes nothing.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Config, Console, Effect, Layer, Option, Stream } from "effect"
import { Command, Flag } from "effect/cli"
import * as SysfsDeviceDiscovery from "../../layers/devices/SysfsDeviceDiscovery.ts"
import { DeviceDiscovery } from "../../services/devices/DeviceDiscovery.ts"
import { isPtpCapable, type NetworkInterface } from "../../services/devices/PtpDevice.ts"
import { tableLines } from "./Table.ts"

/** Prints what `DeviceDiscovery` finds now. */
export const listDevices = Effect.fn("listDevices")(function*(output: "text" | "json") {
  const discovery = yield* DeviceDiscovery
  const interfaces = Option.getOrElse(yield* Stream.runHead(discovery.interfaces), () => [])
  yield* Console.log(output === "json" ? renderDevicesJson(interfaces) : renderDevicesText(interfaces))
})

const discoveryLayer = Layer.unwrap(
  Effect.map(
    Config.String("SYSFS_ROOT").pipe(Config.withDefault("/sys")),
    (sysfsRoot) => SysfsDeviceDiscovery.layer({ sysfsRoot })
  )
).pipe(Layer.provide(NodeFileSystem.layer))

/** The subcommand `devices`. It uses SYSFS_ROOT. */
export const devicesCommand = Command.make(
  "devices",
  {
    output: Flag.Literals("output", ["text", "json"]).pipe(
      Flag.withAlias("o"),
      Flag.withDefault("text"),
      Flag.withDescription("text: a table for people, json: an array of objects")
    )
  },
  ({ output }) => listDevices(output)
).pipe(
  Command.withDescription("This host's NICs: capable of PTP or why not"),
  Command.provide(discoveryLayer)
)

const columns = ["NAME", "KIND", "LINK", "PHC", "PCI ADDRESS", "DRIVER", "PTP"]

/**
 * A table with one row per interface; those that can do PTP come first. The last column is `capable` or the reason why
 * not.
 */
export const renderDevicesText = (interfaces: ReadonlyArray<NetworkInterface>): string => {
  if (interfaces.length === 0) return "No network interfaces found."
  const ordered = [...interfaces.filter(isPtpCapable), ...interfaces.filter((nic) => !isPtpCapable(nic))]
  return tableLines(columns, ordered.map(cellsOf)).join("\n")
}

const cellsOf = (nic: NetworkInterface): ReadonlyArray<string> => [
  nic.name,
  nic.kind,
  nic.linkUp ? "up" : "down",
  nic.phcIndex === undefined ? "-" : `ptp${nic.phcIndex}`,
  nic.pciAddress ?? "-",
  nic.driver ?? "-",
  nic.notCapable === undefined ? "capable" : `no: ${nic.notCapable}`
]

/** An array of objects sorted by name. Unknown values are absent. */
export const renderDevicesJson = (interfaces: ReadonlyArray<NetworkInterface>): string =>
  JSON.stringify(
    interfaces.map((nic) => ({
      name: nic.name,
      kind: nic.kind,
      capable: isPtpCapable(nic),
      reason: nic.notCapable,
      phcIndex: nic.phcIndex,
      pciAddress: nic.pciAddress,
      driver: nic.driver,
      linkUp: nic.linkUp
    })),
    undefined,
    2
  )
