import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, FileSystem, Layer, Logger, Queue, References } from "effect"
import { TestClock } from "effect/testing"
import { renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import * as SysfsDeviceDiscovery from "../../../src/layers/devices/SysfsDeviceDiscovery.ts"
import * as Libc from "../../../src/layers/native/Libc.ts"
import { DeviceDiscovery } from "../../../src/services/devices/DeviceDiscovery.ts"
import { Machine, readInterfaces, suite } from "./DeviceDiscoverySuite.ts"
import { makeSysfsTree, type TreeInterface } from "./SysfsTree.ts"

const platform = Layer.mergeAll(NodeFileSystem.layer, NodePath.layer, Libc.layer)

const nic = (name: string, phcIndex: number): TreeInterface => ({
  name,
  ifindex: phcIndex + 1,
  device: { path: `pci0000:00/0000:00:0${phcIndex}.0`, driver: "ice", clocks: [`ptp${phcIndex}`] }
})

/** The copy of sysfs below the discovery. */
class Tree extends Context.Service<Tree, Effect.Success<typeof makeSysfsTree>>()("test/Tree") {
  static readonly layer = Layer.effect(
    this,
    Effect.tap(
      makeSysfsTree,
      (tree) => Effect.andThen(tree.add({ name: "lo", ifindex: 1, files: { type: "772" } }), tree.add(nic("ens2", 2)))
    )
  )
}

/** Takes one each time that a scan begins. */
class Scans extends Context.Service<Scans, Queue.Queue<void>>()("test/Scans") {
  static readonly layer = Layer.effect(this, Queue.unbounded<void>())
}

const watchedFiles = Layer.effect(
  FileSystem.FileSystem,
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const scans = yield* Scans
    return FileSystem.make({
      ...fs,
      readDirectory: (path, options) =>
        Effect.andThen(
          path.endsWith("/class/net") ? Queue.offer(scans, undefined) : Effect.void,
          fs.readDirectory(path, options)
        )
    })
  })
)

/** Time goes on while files are read: the poll is one of virtual time, the files are real. */
const passingTime = Layer.effectDiscard(
  TestClock.adjust("500 millis").pipe(Effect.andThen(Effect.yieldNow), Effect.forever, Effect.forkScoped)
)

/** All of a scan that begins after this effect began. */
const wholeScan = Effect.gen(function*() {
  const scans = yield* Scans
  yield* Queue.clear(scans)
  yield* Queue.take(scans)
  // The next one begins when the one before is over.
  yield* Queue.take(scans)
})

const discovery = Layer.unwrap(
  Effect.map(Tree, ({ root }) => SysfsDeviceDiscovery.layer({ sysfsRoot: root }))
).pipe(
  Layer.provide(watchedFiles),
  Layer.provideMerge(Layer.mergeAll(Tree.layer, Scans.layer)),
  Layer.provide(platform)
)

const machine = Layer.effect(
  Machine,
  Effect.gen(function*() {
    const tree = yield* Tree
    const scans = yield* Scans
    return Machine.of({
      plugIn: (name, phcIndex) => Effect.orDie(tree.add(nic(name, phcIndex))),
      unplug: (name) => Effect.orDie(tree.remove(name)),
      pullCable: (name) => Effect.orDie(tree.write(name, "carrier", "0")),
      changeNothing: tree.write("ens2", "mtu", "9000").pipe(
        Effect.andThen(Effect.provideService(wholeScan, Scans, scans)),
        Effect.orDie
      )
    })
  })
)

suite("a copy of sysfs", Layer.merge(machine, passingTime).pipe(Layer.provideMerge(discovery)))

/** Log lines from Info up, as `level message {annotations}`. */
const collectLogs = () => {
  const lines: Array<string> = []
  const logger = Logger.make(({ fiber, logLevel, message }) => {
    const annotations = fiber.getRef(References.CurrentLogAnnotations)
    lines.push(`${logLevel} ${String(message)} ${JSON.stringify(annotations)}`)
  })
  return { lines, layer: Logger.layer([logger]) }
}

const changeLine = (changes: object, capable: ReadonlyArray<string>) =>
  `Info network interfaces changed ${
    JSON.stringify({ job: "device-discovery", added: [], removed: [], changed: [], ...changes, capable })
  }`

describe("SysfsDeviceDiscovery", () => {
  it("rests four times as long as a look took, and never longer than 5 s", () =>
    assert.deepStrictEqual(
      [0, 100, 1_250, 10_000].map((took) => Duration.toMillis(SysfsDeviceDiscovery.restAfter(Duration.millis(took)))),
      [0, 400, 5_000, 5_000]
    ))

  it.effect("sees which devices and files are there, and when another one has taken a place", () =>
    Effect.gen(function*() {
      const { look } = yield* DeviceDiscovery
      const { root } = yield* Tree
      const [file, link] = [`${root}/leap-seconds.list`, `${root}/by-id`]
      const paths = ["/dev/null", file, link, `${root}/missing`]
      writeFileSync(file, "1")
      symlinkSync("/dev/null", link)
      const before = yield* look(paths)
      assert.deepStrictEqual(before.map(({ path }) => path), ["/dev/null", file, link])
      assert.strictEqual(before[2]?.identity, before[0]?.identity)
      assert.deepStrictEqual(yield* look(paths), before)
      writeFileSync(`${root}/new`, "1")
      renameSync(`${root}/new`, file)
      assert.notDeepEqual(yield* look([file]), before.slice(1, 2))
      rmSync(link)
      assert.deepStrictEqual(yield* look([link]), [])
    }).pipe(Effect.provide(discovery)))

  it.effect("looks at a copy of sysfs each 500 ms, not earlier", () =>
    Effect.gen(function*() {
      const scans = yield* Scans
      yield* Queue.take(scans)
      yield* TestClock.adjust("499 millis")
      assert.strictEqual(yield* Queue.size(scans), 0)
      yield* TestClock.adjust("1 millis")
      yield* Queue.take(scans)
    }).pipe(Effect.provide(discovery)))

  it.effect("notices a PHC that the driver registers after its NIC", () =>
    Effect.gen(function*() {
      const tree = yield* Tree
      const lists = yield* readInterfaces
      yield* tree.add({ name: "ens7", ifindex: 7, device: { path: "pci0000:00/0000:00:07.0" } })
      yield* Queue.take(lists)
      assert.deepInclude((yield* Queue.take(lists))[1], {
        name: "ens7",
        notCapable: "the NIC has no PTP hardware clock (PHC)"
      })
      yield* tree.addClock("ens7", "ptp7")
      assert.deepInclude((yield* Queue.take(lists))[1], { name: "ens7", phcIndex: 7, notCapable: undefined })
    }).pipe(Effect.provide(passingTime.pipe(Layer.provideMerge(discovery)))))

  it.effect("logs one line a change of hardware; none for the first scan, nor for a pod's veth (L-45 noise of scans)", () => {
    const logs = collectLogs()
    return Effect.gen(function*() {
      const tree = yield* Tree
      const lists = yield* readInterfaces
      yield* Queue.take(lists)
      yield* wholeScan
      assert.deepStrictEqual(logs.lines, [])
      yield* tree.add({ name: "veth1", ifindex: 20, files: { iflink: "2" } })
      yield* Queue.take(lists)
      yield* tree.add(nic("ens1", 1))
      yield* Queue.take(lists)
      yield* tree.write("ens2", "carrier", "0")
      yield* Queue.take(lists)
      yield* tree.remove("ens1")
      yield* Queue.take(lists)
      yield* wholeScan
      assert.deepStrictEqual(logs.lines, [
        changeLine({ added: ["ens1"] }, ["ens1", "ens2"]),
        changeLine({ changed: ["ens2"] }, ["ens1", "ens2"]),
        changeLine({ removed: ["ens1"] }, ["ens2"])
      ])
    }).pipe(Effect.provide(passingTime.pipe(Layer.provideMerge(discovery), Layer.provideMerge(logs.layer))))
  })

  it.effect("warns once when there is nothing below its root, and has an empty list", () => {
    const logs = collectLogs()
    const empty = SysfsDeviceDiscovery.layer({ sysfsRoot: "/nonexistent" }).pipe(Layer.provide(platform))
    return Effect.gen(function*() {
      assert.deepStrictEqual(yield* Queue.take(yield* readInterfaces), [])
      assert.deepStrictEqual(logs.lines, [
        "Warn no network interfaces found: is SYSFS_ROOT right? {\"sysfsRoot\":\"/nonexistent\"}"
      ])
    }).pipe(Effect.provide(empty.pipe(Layer.provideMerge(logs.layer))))
  })
})
