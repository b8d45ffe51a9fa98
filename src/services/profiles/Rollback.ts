/**
 * Where a rollback is decided. A version of a profile is rejected if its processes repeatedly end at their start before
 * it was ever ready (`learnFrom`), or if the program refuses it before it is started (`learnRefusal`). Only a program's
 * complaint about the text itself is final; otherwise Trials decides when the version is tried again. A version whose
 * processes were all ready has worked, and is never rejected again.
 * ProfileVersions decides what runs instead of a rejected version.
 */
import { Equal } from "effect"
import type { PtpProfile } from "../kubernetes/NodePTPCfg.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import type { ProcessStatus } from "../processes/ProcessSupervisor.ts"
import {
  isOfSameProfile,
  isSameVersion,
  type RejectedProfile,
  type RunningVersion,
  type ValidProfile,
  validProfile,
  type VersionMemory
} from "./VersionMemory.ts"

/** A single failure may be an accident. */
export const enoughFailures = 3

const versionOf = ({ generation, profile, uid }: RunningVersion): ValidProfile => validProfile(uid, profile, generation)

/** What else is known when statuses are judged. */
export interface Lesson {
  /** Ids of processes that ran before their version. Their failures say nothing about it. */
  readonly inherited?: ReadonlySet<string>
  /** How many failed starts are enough. A version that is tried again has one start. */
  readonly enough?: (version: ValidProfile) => number
  /** The installed version. */
  readonly linuxptp?: string | undefined
}

/**
 * The memory after the processes of `running` were seen with these statuses. Returns the same object if they show
 * nothing new. `statuses` must not contain those of other specs with the same ids, which belong to a predecessor that
 * is being stopped.
 */
export const learnFrom = (
  memory: VersionMemory,
  running: ReadonlyArray<RunningVersion>,
  statuses: ReadonlyArray<ProcessStatus>,
  { enough = () => enoughFailures, inherited = new Set(), linuxptp }: Lesson = {}
): VersionMemory =>
  running.reduce((known, version) => {
    const own = statuses.filter(({ id }) => version.processIds.includes(id))
    // A version without processes proves nothing and is nothing to return to.
    const isComplete = own.length > 0 && own.length === version.processIds.length
    if (isComplete && own.every(({ state }) => state === "Running")) return withWorking(known, version)
    const needed = enough(version)
    const failed = own.find(({ deaths, id, wasReady }) => !wasReady && deaths >= needed && !inherited.has(id))
    return failed === undefined ? known : withRejected(known, {
      ...versionOf(version),
      by: "FailedToStart",
      message: failed.lastExit ?? "",
      ...(failed.configurationErrors > 0 ? { isFinal: true } : {}),
      ...(linuxptp === undefined ? {} : { linuxptp })
    })
  }, memory)

/** The parts of a decision that are compared with the next one. */
export interface Planned {
  readonly running: ReadonlyArray<RunningVersion>
  readonly processes: ReadonlyArray<ProcessSpec>
  /** Ids of processes that already ran before their version, and continue unchanged. */
  readonly inherited: ReadonlySet<string>
}

/** The processes of `next` that the previous decision had too, so the new version did not start them. */
export const inheritedBy = (next: Omit<Planned, "inherited">, before: Planned): ReadonlySet<string> => {
  const isOld = (version: RunningVersion) => before.running.some(isSameVersion(version))
  return new Set(next.running.flatMap((version) =>
    version.processIds.filter((id) => {
      const spec = next.processes.find((process) => process.id === id)
      const isUnchanged = before.processes.some((process) => Equal.equals(process, spec))
      return isUnchanged && (isOld(version) ? before.inherited.has(id) : true)
    })
  ))
}

/** The memory after a program has refused the configuration of one of these processes, before it was started. */
export const learnRefusal = (
  memory: VersionMemory,
  running: ReadonlyArray<RunningVersion>,
  { id }: ProcessSpec,
  message: string
): VersionMemory => {
  const version = running.find(({ processIds }) => processIds.includes(id))
  return version === undefined ? memory : withRejected(memory, { ...versionOf(version), by: "Refused", message })
}

/** True if every version in `running` is known to work or has no process that could fail. */
export const allWorked = (memory: VersionMemory, running: ReadonlyArray<RunningVersion>): boolean =>
  running.every((version) => version.processIds.length === 0 || memory.worked.some(isSameVersion(version)))

/** A NIC that was seen. Some drivers register its clock a moment after the NIC; that counts as another appearance. */
export type SeenNic = NonNullable<RejectedProfile["nics"]>[number]

/**
 * The memory after these NICs were seen with this linuxptp. A rejection remembers which NICs of its profile were there,
 * and is withdrawn when another one appears. A NIC that disappears and comes back does not count, even over a restart
 * of the daemon. No NIC changes a text that was refused, but another linuxptp may read it otherwise.
 */
export const forgiveFor = (
  memory: VersionMemory,
  nics: ReadonlyArray<SeenNic> | undefined,
  linuxptp?: string
): VersionMemory => {
  const rejected = memory.rejected.flatMap((one): ReadonlyArray<RejectedProfile> => {
    const there = nics?.filter((nic) => namesNic(one.profile, nic.name))
    const isOtherProgram = linuxptp !== undefined && one.linuxptp !== undefined && one.linuxptp !== linuxptp
    const hasNewNic = one.isFinal !== true && one.nics !== undefined && there !== undefined &&
      !there.every((nic) => one.nics?.some(covers(nic)))
    if (isOtherProgram || hasNewNic) return []
    return [{
      ...one,
      ...(one.nics === undefined && there !== undefined ? { nics: there } : {}),
      ...(one.linuxptp === undefined && linuxptp !== undefined ? { linuxptp } : {})
    }]
  })
  return Equal.equals(rejected, memory.rejected) ? memory : { ...memory, rejected }
}

const covers = (nic: SeenNic) => (known: SeenNic): boolean => known.name === nic.name && (known.hasPhc || !nic.hasPhc)

/** Whether a text of the profile contains this name. */
export const namesNic = (profile: PtpProfile, nic: string): boolean =>
  Object.values(profile).some((text) => textNamesNic(text, nic))

export const textNamesNic = (text: unknown, nic: string): boolean =>
  typeof text === "string" && text.split(/[^\w.:@-]+/).includes(nic)

const withWorking = (memory: VersionMemory, version: RunningVersion): VersionMemory =>
  memory.worked.some(isSameVersion(version)) && !memory.rejected.some(isSameVersion(version)) ? memory : {
    ...memory,
    worked: [...memory.worked.filter((other) => !isOfSameProfile(version)(other)), versionOf(version)],
    rejected: memory.rejected.filter((other) => !isSameVersion(version)(other))
  }

/** A version that has worked once is never rejected: the cause of its failure is not its text. */
const withRejected = (memory: VersionMemory, version: RejectedProfile): VersionMemory =>
  memory.worked.some(isSameVersion(version)) || memory.rejected.some(isSameVersion(version))
    ? memory
    : { ...memory, rejected: [...memory.rejected, version] }
