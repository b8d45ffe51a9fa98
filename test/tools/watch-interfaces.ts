/** Prints what device discovery finds in this network namespace, a JSON array a line, until it is told to end. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Console, Effect, Layer, Logger, Stream } from "effect"
import * as SysfsDeviceDiscovery from "../../src/layers/devices/SysfsDeviceDiscovery.ts"
import * as Libc from "../../src/layers/native/Libc.ts"
import { DeviceDiscovery } from "../../src/services/devices/DeviceDiscovery.ts"

const discovery = SysfsDeviceDiscovery.layer({ sysfsRoot: "/sys" }).pipe(
  Layer.provide([NodeFileSystem.layer, Libc.layer])
)
const logs = Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)])

DeviceDiscovery.use(({ interfaces }) => Stream.runForEach(interfaces, (list) => Console.log(JSON.stringify(list))))
  .pipe(
    Effect.provide(Layer.provideMerge(discovery, logs)),
    NodeRuntime.runMain
  )
