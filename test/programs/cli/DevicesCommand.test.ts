import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Exit, FileSystem, Layer, Path, Runtime, Schema } from "effect"
import { Command } from "effect/cli"
import { TestConsole } from "effect/testing"
import * as Libc from "../../../src/layers/native/Libc.ts"
import * as InMemoryDeviceDiscovery from "../../../src/layers/simulated/devices/InMemoryDeviceDiscovery.ts"
import {
  devicesCommand,
  listDevices,
  renderDevicesJson,
  renderDevicesText
} from "../../../src/programs/cli/DevicesCommand.ts"
import { withUsageExit } from "../../../src/programs/cli/UsageExit.ts"
import type { NetworkInterface } from "../../../src/services/devices/PtpDevice.ts"

const ens1f0: NetworkInterface = {
  name: "ens1f0",
  kind: "physical",
  linkUp: true,
  driver: "ice",
  pciAddress: "0000:00:05.0",
  phcIndex: 0,
  hardwareTimestamping: true,
  softwareTimestamping: true,
  notCapable: undefined
}
const br0: NetworkInterface = {
  name: "br0",
  kind: "bridge",
  linkUp: false,
  driver: undefined,
  pciAddress: undefined,
  phcIndex: undefined,
  hardwareTimestamping: false,
  softwareTimestamping: true,
  notCapable: "a bridge has no clock: use one of its ports"
}

const platform = Layer.mergeAll(NodeServices.layer, TestConsole.layer, Libc.layer)
const printed = Effect.map(TestConsole.logLines, (lines) => lines.map(String).join("\n"))

const exitCode = <A, E>(exit: Exit.Exit<A, E>): number => {
  let code = 0
  Runtime.defaultTeardown(exit, (given) => {
    code = given
  })
  return code
}

/** Runs the command as the entry point does, on a sysfs root of the test's. */
const devices = (args: ReadonlyArray<string>, sysfsRoot: string) =>
  Command.runWith(devicesCommand, { version: "0" })(args).pipe(
    withUsageExit,
    Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ SYSFS_ROOT: sysfsRoot }))),
    Effect.exit,
    Effect.map(exitCode)
  )

const Devices = Schema.fromJsonString(Schema.Array(Schema.Struct({
  name: Schema.String,
  kind: Schema.String,
  capable: Schema.Boolean,
  reason: Schema.optionalKey(Schema.String),
  phcIndex: Schema.optionalKey(Schema.Int),
  pciAddress: Schema.optionalKey(Schema.String),
  driver: Schema.optionalKey(Schema.String),
  linkUp: Schema.Boolean
})))

describe("devices", () => {
  it("says so when there are none", () => {
    assert.strictEqual(renderDevicesText([]), "No network interfaces found.")
    assert.strictEqual(renderDevicesJson([]), "[]")
  })

  it("prints a table with the capable NICs first and the reason of the others last", () => {
    assert.strictEqual(
      renderDevicesText([br0, ens1f0]),
      [
        "NAME    KIND      LINK  PHC   PCI ADDRESS   DRIVER  PTP",
        "ens1f0  physical  up    ptp0  0000:00:05.0  ice     capable",
        "br0     bridge    down  -     -             -       no: a bridge has no clock: use one of its ports"
      ].join("\n")
    )
  })

  it("prints JSON in the order of names, without what is not known", () => {
    assert.deepStrictEqual(JSON.parse(renderDevicesJson([br0, ens1f0])), [
      {
        name: "br0",
        kind: "bridge",
        capable: false,
        reason: "a bridge has no clock: use one of its ports",
        linkUp: false
      },
      {
        name: "ens1f0",
        kind: "physical",
        capable: true,
        phcIndex: 0,
        pciAddress: "0000:00:05.0",
        driver: "ice",
        linkUp: true
      }
    ])
  })

  it.effect("prints what is found at this moment, and ends", () =>
    Effect.gen(function*() {
      yield* listDevices("text")
      assert.strictEqual(yield* printed, renderDevicesText([br0, ens1f0]))
    }).pipe(Effect.provide(Layer.merge(InMemoryDeviceDiscovery.layer([ens1f0, br0]), TestConsole.layer))))

  it.effect("looks below SYSFS_ROOT", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const root = yield* fs.makeTempDirectoryScoped()
      const nic = path.join(root, "class/net/ens9")
      yield* fs.makeDirectory(path.join(nic, "device/ptp/ptp4"), { recursive: true })
      yield* fs.writeFileString(path.join(nic, "operstate"), "up\n")
      assert.strictEqual(yield* devices(["-o", "json"], root), 0)
      assert.deepStrictEqual(
        yield* Schema.decodeUnknownEffect(Devices)(yield* printed, { onExcessProperty: "error" }),
        [
          { name: "ens9", kind: "physical", capable: true, phcIndex: 4, linkUp: true }
        ]
      )
    }).pipe(Effect.provide(platform)))

  it.effect("exits with 0 on a host without interfaces, with 2 for an unknown output", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* devices([], "/nonexistent"), 0)
      assert.strictEqual(yield* devices(["-o", "yaml"], "/nonexistent"), 2)
    }).pipe(Effect.provide(platform)))
})
