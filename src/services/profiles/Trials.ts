/**
 * When a version is tried again whose start failed by something outside of its text: a device that was busy, a directory
 * that was gone, a signal. Each trial stops what works, so it is one start: when a NIC, a PHC, or a device or file that
 * it names has changed, and by itself after 1, 2 and 4 minutes. NodeMemory keeps the trials; they are not saved, so that
 * a restart of the daemon begins them anew.
 */
import { Equal } from "effect"
import type { SeenFile } from "../devices/DeviceDiscovery.ts"
import type { NetworkInterface } from "../devices/PtpDevice.ts"
import type { NodeMemoryAction } from "./NodeMemoryEvent.ts"
import { enoughFailures, namesNic } from "./Rollback.ts"
import {
  isSameVersion,
  type RejectedProfile,
  type RunningVersion,
  type ValidProfile,
  type VersionMemory
} from "./VersionMemory.ts"

export interface Trial {
  readonly version: ValidProfile
  /** How often it was started again because a pause was over. */
  readonly timedStarts: number
  /** Why it is started again just now; undefined while something else runs. */
  readonly underWay: "Pause" | "Change" | undefined
  /** The time of its last failure, in monotonic nanoseconds. */
  readonly failedAt: bigint
  /** Its NICs and their clocks at that time. */
  readonly nics: ReadonlyArray<string>
  /** Devices and files at the first look after that; undefined before it. */
  readonly files: ReadonlyArray<SeenFile> | undefined
  /** Devices and files that it names and that were not there at the last look. */
  readonly missing: ReadonlyArray<string>
  /** Something has changed since. */
  readonly hasNews: boolean
}

const minute = 60_000_000_000n
const pauses: ReadonlyArray<bigint> = [minute, 2n * minute, 4n * minute]
/** A NIC that comes and goes must not stop what works all the time. */
const afterChange = 10_000_000_000n

/** Versions that are tried again. What was refused, or failed by its text, waits for an edit. */
const isTriedAgain = ({ by, isFinal }: RejectedProfile): boolean => by === "FailedToStart" && isFinal !== true

/** The trials after versions were rejected, or worked, or were replaced. */
export const renewTrials = (
  trials: ReadonlyArray<Trial>,
  { rejected, worked }: VersionMemory,
  running: ReadonlyArray<RunningVersion>,
  interfaces: ReadonlyArray<NetworkInterface>,
  now: bigint
): ReadonlyArray<Trial> => {
  const failed = rejected.filter(isTriedAgain).map((version): Trial => {
    const trial = trials.find((one) => isSameVersion(version)(one.version))
    if (trial !== undefined && trial.underWay === undefined) return trial
    const before = trial?.timedStarts ?? 0
    return {
      version,
      timedStarts: trial?.underWay === "Pause" ? before + 1 : before,
      underWay: undefined,
      failedAt: now,
      nics: nicsOf(version, interfaces),
      files: undefined,
      missing: [],
      hasNews: false
    }
  })
  const open = trials.filter(({ underWay, version }) =>
    underWay !== undefined && running.some(isSameVersion(version)) && !worked.some(isSameVersion(version)) &&
    !failed.some((one) => isSameVersion(version)(one.version))
  )
  const next = [...failed, ...open]
  return Equal.equals(next, trials) ? trials : next
}

/** How many failed starts of this version are enough: one if it is tried again. */
export const enoughFor = (trials: ReadonlyArray<Trial>) => (version: ValidProfile): number =>
  trials.some((trial) => trial.underWay !== undefined && isSameVersion(version)(trial.version)) ? 1 : enoughFailures

/**
 * Puts an end to the rejections whose time has come. A version that runs already, for want of others, needs no trial,
 * and one that its object does not contain any more has none.
 */
export const startDueTrials = (
  trials: ReadonlyArray<Trial>,
  versions: VersionMemory,
  running: ReadonlyArray<RunningVersion>,
  now: bigint
): { readonly trials: ReadonlyArray<Trial>; readonly versions: VersionMemory } => {
  const due = trials.filter((trial) => (dueAt(trial) ?? now + 1n) <= now)
  if (due.length === 0) return { trials, versions }
  const started = due.filter(({ version }) =>
    !running.some(isSameVersion(version)) &&
    versions.objects.some(({ profiles, uid }) =>
      uid === version.uid && profiles.some((profile) => Equal.equals(profile, version.profile))
    )
  )
  const begin = (trial: Trial): Trial =>
    started.includes(trial)
      ? { ...trial, underWay: trial.hasNews ? "Change" : "Pause" }
      : { ...trial, failedAt: now, hasNews: false }
  return {
    trials: trials.map((trial) => due.includes(trial) ? begin(trial) : trial),
    versions: {
      ...versions,
      rejected: versions.rejected.filter((one) => !started.some(({ version }) => isSameVersion(one)(version)))
    }
  }
}

/** The monotonic nanosecond at which this one is to be started again. */
const dueAt = ({ failedAt, hasNews, missing, timedStarts, underWay }: Trial): bigint | undefined => {
  if (underWay !== undefined) return undefined
  if (hasNews) return failedAt + afterChange
  const pause = pauses[timedStarts]
  return pause === undefined || missing.length > 0 ? undefined : failedAt + pause
}

/** The time of the next start; undefined if there is none. */
export const nextDue = (trials: ReadonlyArray<Trial>): bigint | undefined =>
  trials.flatMap((trial) => dueAt(trial) ?? []).toSorted((a, b) => a < b ? -1 : 1)[0]

/** The trials after the interfaces were seen. */
export const withInterfaces = (
  trials: ReadonlyArray<Trial>,
  interfaces: ReadonlyArray<NetworkInterface>
): ReadonlyArray<Trial> =>
  trials.map((trial) => {
    const hasNews = nicsOf(trial.version, interfaces).some((nic) => !trial.nics.includes(nic))
    return hasNews && !trial.hasNews ? { ...trial, hasNews } : trial
  })

/** The trials after devices and files were looked at. */
export const withFiles = (trials: ReadonlyArray<Trial>, seen: ReadonlyArray<SeenFile>): ReadonlyArray<Trial> =>
  trials.map((trial) => {
    const missing = namedPaths(trial.version).filter((path) => !seen.some((file) => file.path === path))
    if (trial.files === undefined) return { ...trial, files: seen, missing }
    const { files } = trial
    const isNew = (file: SeenFile) => !files.some((other) => Equal.equals(other, file))
    const hasNews = trial.hasNews || seen.filter(({ path }) => pathsOf(trial).includes(path)).some(isNew)
    return hasNews === trial.hasNews && Equal.equals(missing, trial.missing) ? trial : { ...trial, missing, hasNews }
  })

/** Devices and files that it names, and the clocks of its NICs. */
const pathsOf = ({ nics, version }: Trial): ReadonlyArray<string> => namedPaths(version).concat(nics.flatMap(clockOf))

const watchedPaths = (trials: ReadonlyArray<Trial>): ReadonlyArray<string> => [
  ...new Set(trials.filter(({ underWay }) => underWay === undefined).flatMap(pathsOf))
]

/** A device node tells nobody that it is there. */
const lookPeriod = 5_000_000_000n
/** So that a start that does not come about is not asked for all the time. */
const leastWait = 1_000_000_000n

/** Waits for the next start and the next look. The first look after a failure is always made. */
export const waitForTrials = (
  trials: ReadonlyArray<Trial>,
  isLookDue: boolean,
  now: bigint
): ReadonlyArray<NodeMemoryAction> => {
  const paths = watchedPaths(trials)
  const looks = paths.length > 0 && (isLookDue || trials.some(({ files }) => files === undefined))
  const times = [nextDue(trials), paths.length > 0 ? now + lookPeriod : undefined]
  const [at] = times.filter((time) => time !== undefined).toSorted((a, b) => a < b ? -1 : 1)
  return [
    ...(looks ? [{ _tag: "LookAtFiles", paths } as const] : []),
    ...(at === undefined ? [] : [{ _tag: "WaitUntil", monotonicNanos: at > now ? at : now + leastWait } as const])
  ]
}

/** Only where a configuration may name something; sockets of the programs themselves are the daemon's. */
const mayBeMissing = /^\/(?:dev|etc\/linuxptp|usr\/share\/zoneinfo|(?:var\/)?run\/chrony)[\w./:@+-]+$/

const namedPaths = ({ profile }: ValidProfile): ReadonlyArray<string> =>
  Object.values(profile).flatMap((text) =>
    typeof text === "string" ? text.split(/[\s"'=,;]+/).filter((word) => mayBeMissing.test(word)) : []
  )

/**
 * A NIC, its number and its clock, as text. A version that names no NIC, such as a phc2sys for all ptp4l, may depend on
 * each that has a clock.
 */
const nicsOf = ({ profile }: ValidProfile, interfaces: ReadonlyArray<NetworkInterface>): ReadonlyArray<string> => {
  const named = interfaces.filter(({ name }) => namesNic(profile, name))
  const concerned = named.length > 0 ? named : interfaces.filter(({ phcIndex }) => phcIndex !== undefined)
  return concerned.map(({ ifindex, name, phcIndex }) => `${name} ${ifindex ?? ""} ${phcIndex ?? ""}`)
}

const clockOf = (nic: string): ReadonlyArray<string> => {
  const index = nic.slice(nic.lastIndexOf(" ") + 1)
  return index === "" ? [] : [`/dev/ptp${index}`]
}

const changes = "when a NIC, a PHC, a device or linuxptp changes"

/** When a rejected version is tried again, as text for people. */
export const nextTrialText = (trials: ReadonlyArray<Trial>) => (rejected: RejectedProfile): string => {
  const trial = trials.find(({ version }) => isSameVersion(rejected)(version))
  if (trial !== undefined && trial.missing.length > 0) {
    return `it is tried again as soon as ${trial.missing.join(" and ")} is there`
  }
  // A rejection that was read from the disk gets its trial with the decision that this text is for.
  const pause = pauses[trial?.timedStarts ?? 0]
  return pause === undefined
    ? `it is tried again ${changes}, and with the next edit`
    : `it is tried again ${pause / minute} min later, and ${changes}`
}
