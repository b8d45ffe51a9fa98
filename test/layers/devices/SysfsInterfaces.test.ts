import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { makeScan } from "../../../src/layers/devices/SysfsInterfaces.ts"
import type { TimestampingAnswer } from "../../../src/services/devices/InterfaceClassification.ts"
import type { NetworkInterface } from "../../../src/services/devices/PtpDevice.ts"
import { makeSysfsTree, type TreeInterface } from "./SysfsTree.ts"

const layer = Layer.merge(NodeFileSystem.layer, NodePath.layer)
const notAsked = (): TimestampingAnswer => ({ _tag: "NotAsked" })

const scanTree = Effect.fnUntraced(function*(interfaces: ReadonlyArray<TreeInterface>, ask = notAsked) {
  const tree = yield* makeSysfsTree
  yield* Effect.forEach(interfaces, tree.add)
  // A bond's driver puts this plain file among the interfaces.
  yield* tree.write(".", "bonding_masters", "bond0")
  return yield* makeScan(yield* FileSystem.FileSystem, tree.root, ask)
})

/** `kind link driver pciAddress phcIndex`, then `capable` or `no`. */
const summary = (nic: NetworkInterface) =>
  [
    nic.kind,
    nic.linkUp ? "up" : "down",
    nic.driver ?? "-",
    nic.pciAddress ?? "-",
    nic.phcIndex ?? "-",
    nic.notCapable === undefined ? "capable" : "no"
  ].join(" ")

const e810 = (port: number, clocks: ReadonlyArray<string>) => ({
  path: `pci0000:00/0000:00:05.${port}`,
  driver: "ice",
  clocks
})
const virtualFunction = {
  path: "pci0000:00/0000:00:11.0",
  driver: "iavf",
  physicalFunction: "pci0000:00/0000:00:05.0"
}
const virtio = { path: "pci0000:00/0000:00:03.0/virtio2", driver: "virtio_net" }
const onlySoftware = (name: string, ifindex: number, more: Partial<TreeInterface>): TreeInterface => ({
  name,
  ifindex,
  ...more
})

/** Every kind of interface that a node may have, in no order, and what is to be found out about it. */
const node: ReadonlyArray<readonly [nic: TreeInterface, found: string]> = [
  [onlySoftware("veth1a2b", 30, { files: { iflink: "2" } }), "veth up - - - no"],
  [{ name: "lo", ifindex: 1, files: { type: "772", operstate: "unknown" } }, "loopback up - - - no"],
  // A card with two ports and a PHC each; the second port is a member of a bond.
  [{ name: "ens1f0", ifindex: 2, device: e810(0, ["ptp0"]) }, "physical up ice 0000:00:05.0 0 capable"],
  [
    { name: "ens1f1", ifindex: 3, device: e810(1, ["ptp1"]), folders: ["bonding_slave", "upper_bond0"] },
    "physical up ice 0000:00:05.1 1 capable"
  ],
  // A card with two ports on one PCI function, and one PHC.
  [
    { name: "eno1", ifindex: 4, device: { path: "pci0000:17/0000:17:00.0", driver: "dpaa", clocks: ["ptp2"] } },
    "physical up dpaa 0000:17:00.0 2 capable"
  ],
  [
    { name: "eno2", ifindex: 5, device: { path: "pci0000:17/0000:17:00.0" }, folders: ["brport", "upper_br0"] },
    "physical up dpaa 0000:17:00.0 2 capable"
  ],
  [{ name: "ens1f0v0", ifindex: 6, device: virtualFunction }, "virtual-function up iavf 0000:00:11.0 - no"],
  [
    { name: "ens1f0r0", ifindex: 7, device: e810(0, []), files: { phys_port_name: "pf0vf0" } },
    "virtual-function up ice 0000:00:05.0 0 no"
  ],
  [
    onlySoftware("ens1f0.100", 8, { files: { iflink: "2", uevent: "DEVTYPE=vlan\nINTERFACE=ens1f0.100" } }),
    "vlan up - - - no"
  ],
  [onlySoftware("bond0", 9, { files: { uevent: "DEVTYPE=bond" }, folders: ["bonding"] }), "bond up - - - no"],
  [onlySoftware("br0", 10, { files: { uevent: "DEVTYPE=bridge" }, folders: ["bridge"] }), "bridge up - - - no"],
  [
    onlySoftware("mv0", 11, { files: { iflink: "2", uevent: "DEVTYPE=macvlan" }, folders: ["lower_ens1f0"] }),
    "macvlan up - - - no"
  ],
  [onlySoftware("tap0", 12, { files: { tun_flags: "0x1002" } }), "tap up - - - no"],
  [onlySoftware("dummy0", 13, {}), "virtual up - - - no"],
  [{ name: "eth0", ifindex: 14, device: virtio }, "physical up virtio_net - - no"],
  [
    { name: "end0", ifindex: 15, device: { path: "platform/30be0000.ethernet", driver: "fec", clocks: ["ptp12"] } },
    "physical up fec - 12 capable"
  ],
  [
    {
      name: "ens2",
      ifindex: 16,
      device: { path: "pci0000:00/0000:00:06.0", driver: "igc", clocks: ["ptp3"] },
      files: { carrier: null, operstate: "down", phys_port_name: null }
    },
    "physical down igc 0000:00:06.0 3 capable"
  ]
]

describe("the scan of a copy of sysfs", () => {
  it.effect("finds nothing where nothing is", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* scanTree([]), [])
      const nowhere = makeScan(yield* FileSystem.FileSystem, "/nonexistent", notAsked)
      assert.deepStrictEqual(yield* nowhere, [])
    }).pipe(Effect.provide(layer)))

  it.effect("finds out about each interface of a node with all kinds", () =>
    Effect.gen(function*() {
      const found = yield* scanTree(node.map(([nic]) => nic))
      assert.deepStrictEqual(
        Object.fromEntries(found.map((nic) => [nic.name, summary(nic)])),
        Object.fromEntries(node.map(([{ name }, expected]) => [name, expected]))
      )
      assert.deepStrictEqual(found.map(({ name }) => name), node.map(([{ name }]) => name).toSorted())
    }).pipe(Effect.provide(layer)))

  it.effect("lets the kernel's answer decide where it is asked, interface by interface (L-44 one bad NIC)", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const ask = (name: string): TimestampingAnswer => {
        asked.push(name)
        return { _tag: "Refused", errno: "EOPNOTSUPP" }
      }
      const found = yield* scanTree(node.map(([nic]) => nic), ask)
      assert.deepStrictEqual(asked.toSorted(), found.map(({ name }) => name))
      assert.isTrue(found.every((nic) => nic.notCapable !== undefined && nic.phcIndex === undefined))
    }).pipe(Effect.provide(layer)))

  it.effect("takes an interface whose files can't be read for one that is down, not for an error (L-44 one bad NIC)", () =>
    Effect.gen(function*() {
      const unreadable = { carrier: null, operstate: null, type: null, ifindex: null, iflink: null, uevent: null }
      const found = yield* scanTree([{ name: "ens3", ifindex: 2, device: e810(0, ["ptp0"]), files: unreadable }])
      assert.deepStrictEqual(found.map(summary), ["physical down ice 0000:00:05.0 0 capable"])
    }).pipe(Effect.provide(layer)))

  it.effect("has no trace of an interface that goes while it is looked at, however late (L-43 a NIC that is gone)", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      for (const file of ["before all files", "uevent", "carrier", "type"]) {
        const tree = yield* makeSysfsTree
        yield* tree.add({ name: "ens4", ifindex: 2, device: e810(0, ["ptp0"]) })
        yield* tree.add({ name: "ens5", ifindex: 3 })
        const remove = (path: string) => path.endsWith(`ens4/${file}`) ? tree.remove("ens4") : Effect.void
        const names = yield* fs.readDirectory(`${tree.root}/class/net`)
        if (file === "before all files") yield* tree.remove("ens4")
        const unplugged = FileSystem.make({
          ...fs,
          readDirectory: (path, options) =>
            path.endsWith("/class/net") ? Effect.succeed(names) : fs.readDirectory(path, options),
          readFile: (path) => Effect.andThen(remove(path), fs.readFile(path))
        })
        assert.deepStrictEqual((yield* makeScan(unplugged, tree.root, notAsked)).map(({ name }) => name), ["ens5"])
      }
    }).pipe(Effect.provide(layer)))
})
