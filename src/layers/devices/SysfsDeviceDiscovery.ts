/**
 * Finds the node's interfaces by reading `/sys`, asking the kernel (EthtoolIoctl) and listening to link events
 * (RouteNetlink). One scan loop serves all readers. The daemon and the command `devices` use it. With another root than
 * `/sys`, or without native calls, the kernel is not asked: then the folder `ptp` of a device decides, and a frequent
 * poll replaces the events.
 */
import { Array as Arr, Duration, Effect, Equal, FileSystem, Layer, Option, Stream, SubscriptionRef } from "effect"
import { DeviceDiscovery } from "../../services/devices/DeviceDiscovery.ts"
import { isPtpCapable, type NetworkInterface } from "../../services/devices/PtpDevice.ts"
import type { Libc } from "../native/Libc.ts"
import * as EthtoolIoctl from "./EthtoolIoctl.ts"
import * as RouteNetlink from "./RouteNetlink.ts"
import { makeScan } from "./SysfsInterfaces.ts"

/** How interfaces are asked about time stamps, and when to look again. */
interface Sources {
  readonly askTimestamping: EthtoolIoctl.AskTimestamping
  readonly looks: Stream.Stream<void>
}

/** The first look comes after one interval, because the first scan is already done then. */
const every = (interval: Duration.Input): Stream.Stream<void> => Stream.drop(Stream.tick(interval), 1)

const filesOnly = (interval: Duration.Input): Sources => ({
  askTimestamping: () => ({ _tag: "NotAsked" }),
  looks: every(interval)
})

/** Finds the interfaces below `sysfsRoot`. The layer is ready when they have been read once. */
export const layer = (
  options: { readonly sysfsRoot: string }
): Layer.Layer<DeviceDiscovery, never, FileSystem.FileSystem | Libc> =>
  Layer.effect(
    DeviceDiscovery,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      // The events are subscribed to before the first scan, so that no change is missed in between.
      const { askTimestamping, looks } = isKernelsOwn(options.sysfsRoot)
        ? yield* kernelSources
        : filesOnly("500 millis")
      const scan = makeScan(fs, options.sysfsRoot, askTimestamping)
      const first = yield* scan
      if (first.length === 0) {
        yield* Effect.logWarning("no network interfaces found: is SYSFS_ROOT right?").pipe(Effect.annotateLogs(options))
      }
      const current = yield* SubscriptionRef.make(first)
      const look = Effect.gen(function*() {
        const before = yield* SubscriptionRef.get(current)
        const now = yield* scan
        if (Equal.equals(before, now)) return
        yield* SubscriptionRef.set(current, now)
        yield* logChange(before, now)
      })
      yield* looks.pipe(
        // Looks that become due during a look are joined: one more look sees everything.
        Stream.buffer({ capacity: 1, strategy: "sliding" }),
        Stream.runForEach(() => Effect.flatMap(Effect.timed(look), ([took]) => Effect.sleep(restAfter(took)))),
        Effect.annotateLogs("job", "device-discovery"),
        Effect.forkScoped
      )
      return DeviceDiscovery.of({
        interfaces: SubscriptionRef.changes(current).pipe(Stream.buffer({ capacity: 1, strategy: "sliding" })),
        look: Effect.fn("DeviceDiscovery.look")((paths) =>
          Effect.map(Effect.forEach(paths, (path) => lookAt(fs, path)), Arr.getSomes)
        )
      })
    })
  )

/** A file with another content is another one. A device that is written to stays the same. */
const lookAt = (fs: FileSystem.FileSystem, path: string) =>
  fs.stat(path).pipe(
    Effect.map(({ dev, ino, mtime, rdev, type }) => ({
      path,
      identity: [dev, Option.getOrUndefined(ino), Option.getOrUndefined(rdev), type === "File" ? mtime : type]
        .map(String).join(" ")
    })),
    Effect.option
  )

/** A look may be slow because of a driver. The rest after it must not grow with it without limit. */
const longestRest = Duration.seconds(5)

/**
 * The rest after a look is four times as long as the look, at most 5 s. On a node with 200 interfaces a look takes 0.1
 * s. So while pods are created all the time, looking takes a fifth of a CPU, and a change is still seen within a
 * second.
 */
export const restAfter = (look: Duration.Duration): Duration.Duration =>
  Duration.min(Duration.times(look, 4), longestRest)

const isKernelsOwn = (sysfsRoot: string): boolean => /^\/+sys\/*$/.test(sysfsRoot)

const kernelSources = Effect.gen(function*() {
  const sources: Sources = {
    askTimestamping: yield* EthtoolIoctl.open,
    looks: Stream.merge(every("30 seconds"), RouteNetlink.settled(yield* RouteNetlink.open))
  }
  return sources
}).pipe(
  // Without native calls the files still show the NICs. To publish none would stop the node's profiles. This poll is
  // slower than the one for a copy of sysfs, because a node with many pods has hundreds of interfaces.
  Effect.catch((error) =>
    Effect.logWarning("cannot ask the kernel for time stamping and link events; device/ptp and a poll decide").pipe(
      Effect.annotateLogs({ reason: error.message }),
      Effect.as(filesOnly("5 seconds"))
    )
  )
)

/** Logs one line for a change of hardware. The veth interfaces of pods come and go too often for that. */
const logChange = (before: ReadonlyArray<NetworkInterface>, now: ReadonlyArray<NetworkInterface>) => {
  const hardware = now.filter(isHardware)
  const old = new Map(before.filter(isHardware).map((nic) => [nic.name, nic]))
  const names = new Set(hardware.map((nic) => nic.name))
  const changes = {
    added: hardware.filter((nic) => !old.has(nic.name)).map((nic) => nic.name),
    removed: [...old.keys()].filter((name) => !names.has(name)),
    changed: hardware.filter((nic) => old.has(nic.name) && !Equal.equals(old.get(nic.name), nic)).map((nic) => nic.name)
  }
  const isQuiet = changes.added.length + changes.removed.length + changes.changed.length === 0
  return (isQuiet ? Effect.logDebug("virtual interfaces changed") : Effect.logInfo("network interfaces changed")).pipe(
    Effect.annotateLogs({ ...changes, capable: hardware.filter(isPtpCapable).map((nic) => nic.name) })
  )
}

const isHardware = (nic: NetworkInterface): boolean => nic.kind === "physical"
