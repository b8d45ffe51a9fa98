/**
 * DeviceDiscovery over `/sys`, the ethtool ioctl and netlink link events; one scan loop serves all readers.
 * The daemon and the `devices` command use it. Below another root than `/sys`, or where native calls are not to be
 * had, the kernel is not asked: a device's `ptp` folder decides then, and a quick poll takes the place of events.
 */
import { Duration, Effect, Equal, FileSystem, Layer, Stream, SubscriptionRef } from "effect"
import { DeviceDiscovery } from "../../services/devices/DeviceDiscovery.ts"
import { isPtpCapable, type NetworkInterface } from "../../services/devices/PtpDevice.ts"
import type { Libc } from "../native/Libc.ts"
import * as EthtoolIoctl from "./EthtoolIoctl.ts"
import * as RouteNetlink from "./RouteNetlink.ts"
import { makeScan } from "./SysfsInterfaces.ts"

/** How interfaces are asked, and when it is time to look again. */
interface Sources {
  readonly askTimestamping: EthtoolIoctl.AskTimestamping
  readonly looks: Stream.Stream<void>
}

/** The first scan has been made by then: the first look is due one interval later. */
const every = (interval: Duration.Input): Stream.Stream<void> => Stream.drop(Stream.tick(interval), 1)

const filesOnly = (interval: Duration.Input): Sources => ({
  askTimestamping: () => ({ _tag: "NotAsked" }),
  looks: every(interval)
})

/** Discovers the interfaces below `sysfsRoot`. The layer is ready once they have been read for the first time. */
export const layer = (
  options: { readonly sysfsRoot: string }
): Layer.Layer<DeviceDiscovery, never, FileSystem.FileSystem | Libc> =>
  Layer.effect(
    DeviceDiscovery,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      // Events are subscribed to before the first scan, so that nothing falls between the two.
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
        // However many are due during a look: one more sees all.
        Stream.buffer({ capacity: 1, strategy: "sliding" }),
        Stream.runForEach(() => Effect.flatMap(Effect.timed(look), ([took]) => Effect.sleep(restAfter(took)))),
        Effect.annotateLogs("job", "device-discovery"),
        Effect.forkScoped
      )
      return DeviceDiscovery.of({
        interfaces: SubscriptionRef.changes(current).pipe(Stream.buffer({ capacity: 1, strategy: "sliding" }))
      })
    })
  )

/** A look that a driver held up must not blind discovery for a multiple of that time. */
const longestRest = Duration.seconds(5)

/**
 * The rest after a look: four times as long as it took, at most 5 s. On a node of 200 interfaces a look takes 0.1 s;
 * while pods come and go without end, looking takes a fifth of a CPU, and a change is still seen within a second.
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
  // Without native calls a NIC is still found by its files; to publish nothing would stop the node's profiles. A node
  // has hundreds of interfaces when its pods are many: there, a poll as quick as a copy's would cost too much.
  Effect.catch((error) =>
    Effect.logWarning("cannot ask the kernel for time stamping and link events; device/ptp and a poll decide").pipe(
      Effect.annotateLogs({ reason: error.message }),
      Effect.as(filesOnly("5 seconds"))
    )
  )
)

/** One line for a change that touches hardware. Pods come and go with their veths; those are worth no line. */
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
