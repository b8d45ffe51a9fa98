/**
 * Where a rollback is decided: a version of a profile whose processes end again and again at their start, by their own
 * configuration, is rejected; one whose processes were all ready worked, and is never rejected again. What runs in the
 * place of a rejected version is the first of `versions` in ProfileVersions.
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

/** One may be an accident of the start. Three can be over in 50 ms: a NIC that comes after them is a new trial. */
const enoughErrors = 3

const versionOf = ({ generation, profile, uid }: RunningVersion): ValidProfile => validProfile(uid, profile, generation)

/**
 * The memory after the processes of `running` were seen with these statuses; the same object when they teach nothing.
 * Statuses of other specs under the same ids, of a predecessor that is being stopped, must not be among them. What a
 * version has inherited from the one before it speaks neither for nor against it when it fails.
 */
export const learnFrom = (
  memory: VersionMemory,
  running: ReadonlyArray<RunningVersion>,
  statuses: ReadonlyArray<ProcessStatus>,
  inherited: ReadonlySet<string> = new Set()
): VersionMemory =>
  running.reduce((known, version) => {
    const own = statuses.filter(({ id }) => version.processIds.includes(id))
    // What starts nothing proves nothing, and is nothing to go back to.
    const isComplete = own.length > 0 && own.length === version.processIds.length
    if (isComplete && own.every(({ state }) => state === "Running")) return withWorking(known, version)
    const failed = own.find(({ configurationErrors, id, wasReady }) =>
      !wasReady && configurationErrors >= enoughErrors && !inherited.has(id)
    )
    return failed === undefined ? known : withRejected(known, version, "FailedToStart", failed.lastExit ?? "")
  }, memory)

/** What two decisions in a row have in common. */
export interface Planned {
  readonly running: ReadonlyArray<RunningVersion>
  readonly processes: ReadonlyArray<ProcessSpec>
  /** Ids of processes that ran before their version did, and go on unchanged. */
  readonly inherited: ReadonlySet<string>
}

/** The processes that `next` has of the decision before it: a new version did not start them. */
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

/** The memory after a program refused the configuration of one of these processes, before it was started. */
export const learnRefusal = (
  memory: VersionMemory,
  running: ReadonlyArray<RunningVersion>,
  { id }: ProcessSpec,
  message: string
): VersionMemory => {
  const version = running.find(({ processIds }) => processIds.includes(id))
  if (version === undefined) return memory
  // The version that was to stand in for a refused one is no better. Were it to take the place of that rejection, the
  // first would be tried again, and the two would go on for ever.
  const isStandIn = memory.profiles.some(isSameVersion(version)) && !memory.worked.some(isSameVersion(version)) &&
    memory.rejected.some((other) => isOfSameProfile(version)(other) && !isSameVersion(version)(other))
  return isStandIn
    ? { ...memory, profiles: memory.profiles.filter((other) => !isSameVersion(version)(other)) }
    : withRejected(memory, version, "Refused", message)
}

/** True when every version that runs here is known to work, or has nothing that could fail. */
export const allWorked = (memory: VersionMemory, running: ReadonlyArray<RunningVersion>): boolean =>
  running.every((version) => version.processIds.length === 0 || memory.worked.some(isSameVersion(version)))

/** A NIC that was seen. Some drivers register its clock a moment after the NIC, which is an arrival of its own. */
export type SeenNic = NonNullable<RejectedProfile["nics"]>[number]

/**
 * The memory after these NICs were seen: a rejection remembers which of those that its profile names were there, and
 * is forgiven when another comes. One that goes and comes back, also over a restart of the daemon, excuses nothing.
 */
export const forgiveFor = (memory: VersionMemory, nics: ReadonlyArray<SeenNic>): VersionMemory => {
  const rejected = memory.rejected.flatMap((one): ReadonlyArray<RejectedProfile> => {
    const there = nics.filter((nic) => names(one.profile, nic.name))
    if (one.nics === undefined) return [{ ...one, nics: there }]
    return there.every((nic) => one.nics?.some(covers(nic))) ? [one] : []
  })
  return Equal.equals(rejected, memory.rejected) ? memory : { ...memory, rejected }
}

const covers = (nic: SeenNic) => (known: SeenNic): boolean => known.name === nic.name && (known.hasPhc || !nic.hasPhc)

const names = (profile: PtpProfile, nic: string): boolean =>
  Object.values(profile).some((text) => typeof text === "string" && text.split(/[^\w.:@-]+/).includes(nic))

const withWorking = (memory: VersionMemory, version: RunningVersion): VersionMemory =>
  memory.worked.some(isSameVersion(version)) && !memory.rejected.some(isSameVersion(version)) ? memory : {
    ...memory,
    worked: [...memory.worked.filter((other) => !isOfSameProfile(version)(other)), versionOf(version)],
    rejected: memory.rejected.filter((other) => !isSameVersion(version)(other))
  }

/** What worked once is tried for ever: what keeps it from starting is not its text. */
const withRejected = (
  memory: VersionMemory,
  version: RunningVersion,
  by: RejectedProfile["by"],
  message: string
): VersionMemory =>
  memory.worked.some(isSameVersion(version)) || memory.rejected.some(isSameVersion(version)) ? memory : {
    ...memory,
    rejected: [...memory.rejected.filter((other) => !isOfSameProfile(version)(other)), {
      ...versionOf(version),
      by,
      message
    }]
  }
