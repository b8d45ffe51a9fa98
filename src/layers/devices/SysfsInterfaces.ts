/**
 * Reads the facts about all network interfaces from `/sys/class/net`, or from a copy of it below another root.
 * SysfsDeviceDiscovery uses it. Any file may be missing or unreadable (`carrier` gives EINVAL on a NIC that is down,
 * `phys_port_name` gives EOPNOTSUPP, everything gives ENOENT when a NIC disappears). Then the fact is unknown.
 */
import { Effect, type FileSystem, Option } from "effect"
import {
  byName,
  classifyInterface,
  type InterfaceDevice,
  type InterfaceFacts
} from "../../services/devices/InterfaceClassification.ts"
import type { NetworkInterface } from "../../services/devices/PtpDevice.ts"
import type { AskTimestamping } from "./EthtoolIoctl.ts"

// libuv reads files in four threads, so more readers would only wait.
const readersAtOnce = 4

/**
 * Makes the effect that lists all interfaces, sorted by name. The list is empty if there is no `class/net` below the
 * root.
 */
export const makeScan = (
  fs: FileSystem.FileSystem,
  sysfsRoot: string,
  askTimestamping: AskTimestamping
): Effect.Effect<ReadonlyArray<NetworkInterface>> => {
  const readInterface = makeReader(fs, askTimestamping)
  const classNet = `${sysfsRoot}/class/net`
  return list(fs, classNet).pipe(
    Effect.flatMap((names) =>
      Effect.forEach(names, (name) => readInterface(name, `${classNet}/${name}`), { concurrency: readersAtOnce })
    ),
    Effect.map((facts) => facts.flatMap(Option.toArray).map(classifyInterface).sort(byName))
  )
}

const makeReader = (fs: FileSystem.FileSystem, askTimestamping: AskTimestamping) =>
  Effect.fnUntraced(function*(name: string, path: string) {
    const entries = yield* list(fs, path)
    // `bonding_masters` is a plain file. An interface that has just disappeared has no entries.
    if (entries.length === 0) return Option.none<InterfaceFacts>()
    const uevent = yield* text(fs, `${path}/uevent`)
    const iflink = yield* number(fs, `${path}/iflink`)
    const ifindex = yield* number(fs, `${path}/ifindex`)
    const facts: InterfaceFacts = {
      name,
      ifindex,
      linkUp: yield* isLinkUp(fs, path),
      hardwareType: yield* number(fs, `${path}/type`),
      deviceType: /^DEVTYPE=(.+)$/m.exec(uevent ?? "")?.[1],
      entries,
      isLinked: iflink !== ifindex,
      portName: entries.includes("phys_port_name") ? yield* text(fs, `${path}/phys_port_name`) : undefined,
      device: entries.includes("device") ? yield* readDevice(fs, `${path}/device`) : undefined,
      timestamping: askTimestamping(name)
    }
    // An interface that disappeared while it was read would look changed, because half of its files were missing.
    return (yield* exists(fs, path)) ? Option.some(facts) : Option.none<InterfaceFacts>()
  })

/** `operstate` is used where `carrier` cannot be read: the NIC is down, or it is an incomplete copy of sysfs. */
const isLinkUp = Effect.fnUntraced(function*(fs: FileSystem.FileSystem, path: string) {
  const carrier = yield* text(fs, `${path}/carrier`)
  return carrier === undefined ? (yield* text(fs, `${path}/operstate`)) === "up" : carrier === "1"
})

const readDevice = Effect.fnUntraced(function*(fs: FileSystem.FileSystem, path: string) {
  const entries = yield* list(fs, path)
  const realPath = yield* fs.realPath(path).pipe(Effect.orElseSucceed(() => path))
  const clocks = entries.includes("ptp") ? yield* list(fs, `${path}/ptp`) : []
  const device: InterfaceDevice = {
    name: lastSegment(realPath),
    driver: yield* fs.readLink(`${path}/driver`).pipe(
      Effect.map(lastSegment),
      Effect.orElseSucceed(() => undefined)
    ),
    isVirtualFunction: entries.includes("physfn"),
    phcIndexes: clocks.flatMap((clock) => {
      const index = /^ptp(\d+)$/.exec(clock)?.[1]
      return index === undefined ? [] : [Number(index)]
    })
  }
  return device
})

const list = (fs: FileSystem.FileSystem, path: string): Effect.Effect<ReadonlyArray<string>> =>
  fs.readDirectory(path).pipe(Effect.orElseSucceed(() => []))

const exists = (fs: FileSystem.FileSystem, path: string): Effect.Effect<boolean> =>
  fs.exists(path).pipe(Effect.orElseSucceed(() => false))

const text = (fs: FileSystem.FileSystem, path: string): Effect.Effect<string | undefined> =>
  fs.readFileString(path).pipe(
    Effect.map((content) => content.trim()),
    Effect.orElseSucceed(() => undefined)
  )

const number = (fs: FileSystem.FileSystem, path: string): Effect.Effect<number | undefined> =>
  Effect.map(text(fs, path), (content) => content !== undefined && /^\d+$/.test(content) ? Number(content) : undefined)

const lastSegment = (path: string): string => path.slice(path.lastIndexOf("/") + 1)
