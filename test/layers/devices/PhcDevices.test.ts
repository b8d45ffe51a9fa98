import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { symlinkSync } from "node:fs"
import { phcDevices } from "../../../src/layers/devices/PhcDevices.ts"
import { makeSysfsTree } from "./SysfsTree.ts"

describe("phcDevices", () => {
  it.effect("finds the device of a NIC's clock, and the one behind a link", () =>
    Effect.gen(function*() {
      const tree = yield* makeSysfsTree
      yield* tree.add({
        name: "ens2",
        ifindex: 2,
        device: { path: "pci0000:00/0000:00:02.0", driver: "ice", clocks: ["ptp5"] }
      })
      yield* tree.add({ name: "veth0", ifindex: 3 })
      symlinkSync("/dev/null", `${tree.root}/ptp_link`)
      const devicesOf = phcDevices(tree.root)
      assert.deepStrictEqual(devicesOf("ens2"), ["/dev/ptp5"])
      assert.deepStrictEqual(devicesOf(`${tree.root}/ptp_link`), ["/dev/null"])
      for (const none of ["veth0", "gone", "/dev/ptp_gone"]) assert.deepStrictEqual(devicesOf(none), [])
    }).pipe(Effect.scoped, Effect.provide(Layer.mergeAll(NodeFileSystem.layer, NodePath.layer))))
})
