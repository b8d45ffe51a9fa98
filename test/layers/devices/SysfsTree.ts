/**
 * Builds copies of `/sys` for tests, with the links and folders that a kernel would make, in a temporary folder that
 * goes with the scope. An interface appears whole and goes whole, as in the kernel: its link in `class/net` is made
 * last and removed first.
 */
import { Effect, FileSystem, Path } from "effect"

export interface TreeDevice {
  /** Below `devices`: `pci0000:00/0000:00:05.0`. Two interfaces may share one. */
  readonly path: string
  readonly driver?: string
  /** Names below `ptp`. */
  readonly clocks?: ReadonlyArray<string>
  /** The physical function's path, for a virtual function. */
  readonly physicalFunction?: string
}

export interface TreeInterface {
  readonly name: string
  readonly ifindex: number
  /** Absent: an interface that is only software. */
  readonly device?: TreeDevice
  /** On top of the plain ones of an Ethernet interface that is up; undefined removes one, `null` makes it unreadable. */
  readonly files?: Readonly<Record<string, string | undefined | null>>
  /** Folders in the interface's own: `bridge`, `lower_eth0`. */
  readonly folders?: ReadonlyArray<string>
}

/** A tree without interfaces. All its operations are complete when they return. */
export const makeSysfsTree = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const root = yield* fs.makeTempDirectoryScoped({ prefix: "sysfs-" })
  const classNet = path.join(root, "class/net")
  yield* fs.makeDirectory(classNet, { recursive: true })

  const link = Effect.fnUntraced(function*(target: string, name: string) {
    yield* fs.makeDirectory(target, { recursive: true })
    yield* fs.symlink(path.relative(path.dirname(name), target), name)
  })

  const addDevice = Effect.fnUntraced(function*(device: TreeDevice) {
    const own = path.join(root, "devices", device.path)
    if (yield* fs.exists(own)) return own
    yield* fs.makeDirectory(own, { recursive: true })
    if (device.driver !== undefined) {
      yield* link(path.join(root, "bus/drivers", device.driver), path.join(own, "driver"))
    }
    for (const clock of device.clocks ?? []) {
      yield* fs.makeDirectory(path.join(own, "ptp", clock), { recursive: true })
    }
    if (device.physicalFunction !== undefined) {
      yield* link(path.join(root, "devices", device.physicalFunction), path.join(own, "physfn"))
    }
    return own
  })

  const add = Effect.fnUntraced(function*(nic: TreeInterface) {
    const device = nic.device === undefined ? undefined : yield* addDevice(nic.device)
    const own = path.join(device ?? path.join(root, "devices/virtual"), "net", nic.name)
    yield* fs.makeDirectory(own, { recursive: true })
    if (device !== undefined) yield* fs.symlink("../..", path.join(own, "device"))
    for (const [name, text] of Object.entries({ ...plainFiles(nic), ...nic.files })) {
      // To read a folder as a file fails (EISDIR), as reading `carrier` of a NIC that is down does (EINVAL).
      if (text === null) yield* fs.makeDirectory(path.join(own, name))
      else if (text !== undefined) yield* fs.writeFileString(path.join(own, name), `${text}\n`)
    }
    for (const folder of nic.folders ?? []) yield* fs.makeDirectory(path.join(own, folder))
    yield* fs.symlink(path.relative(classNet, own), path.join(classNet, nic.name))
  })

  return {
    root,
    add,
    remove: (name: string) => fs.remove(path.join(classNet, name)),
    /** Writes one file of an interface, or of `class/net` itself for the name `.`. */
    write: (name: string, file: string, text: string) =>
      fs.writeFileString(path.join(classNet, name, file), `${text}\n`),
    /** Registers a PHC for the device of an interface, as a driver does some time after its NIC. */
    addClock: (name: string, clock: string) =>
      fs.makeDirectory(path.join(classNet, name, "device/ptp", clock), { recursive: true })
  }
})

const plainFiles = ({ ifindex, name }: TreeInterface) => ({
  type: "1",
  ifindex: String(ifindex),
  iflink: String(ifindex),
  carrier: "1",
  operstate: "up",
  uevent: `INTERFACE=${name}\nIFINDEX=${ifindex}`
})
