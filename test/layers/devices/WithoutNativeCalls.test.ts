import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger, Queue } from "effect"
import * as SysfsDeviceDiscovery from "../../../src/layers/devices/SysfsDeviceDiscovery.ts"
import { withoutNativeCalls } from "../native/WithoutNativeCalls.ts"
import { readInterfaces } from "./DeviceDiscoverySuite.ts"

describe("device discovery without native calls", () => {
  it.effect.skipIf(process.platform !== "linux")("goes on with the files of /sys, after one warning", () => {
    const lines: Array<string> = []
    const logs = Logger.layer([
      Logger.make(({ logLevel, message }) => void lines.push(`${logLevel} ${String(message)}`))
    ])
    return Effect.gen(function*() {
      const found = yield* Queue.take(yield* readInterfaces)
      assert.include(found.map(({ name }) => name), "lo")
      // Nothing was asked, so a PHC in the files is all there is to know.
      assert.isTrue(
        found.every((nic) => nic.softwareTimestamping && nic.hardwareTimestamping === (nic.phcIndex !== undefined))
      )
      assert.deepStrictEqual(lines, [
        "Warn cannot ask the kernel for time stamping and link events; device/ptp and a poll decide"
      ])
    }).pipe(Effect.provide(
      SysfsDeviceDiscovery.layer({ sysfsRoot: "/sys/" }).pipe(
        Layer.provide([NodeFileSystem.layer, withoutNativeCalls]),
        Layer.provideMerge(logs)
      )
    ))
  })
})
