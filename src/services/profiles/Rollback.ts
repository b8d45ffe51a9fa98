/**
 * Where a rollback is decided. A version of a profile is rejected if its processes repeatedly end at their start
 * because of their configuration (`learnFrom`), or if the program refuses it before it is started (`learnRefusal`). A
 * version whose processes were all ready has worked, and is never rejected again.
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

/**
 * A single failure may be an accident. Three may happen within 50 ms; if a missing NIC appears after that, the version
 * gets a new trial.
 */
const enoughErrors = 3

const versionOf = ({ generation, profile, uid }: RunningVersion): ValidProfile => validProfile(uid, profile, generation)

/**
 * The memory after the processes of `running` were seen with these statuses. Returns the same object if they show
 * nothing new. `statuses` must not contain those of other specs with the same ids, which belong to a predecessor that
 * is being stopped. The failure of a process that was inherited from the version before says nothing about this
 * version.
 */
export const learnFrom = (
  memory: VersionMemory,
  running: ReadonlyArray<RunningVersion>,
  statuses: ReadonlyArray<ProcessStatus>,
  inherited: ReadonlySet<string> = new Set()
): VersionMemory =>
  running.reduce((known, version) => {
    const own = statuses.filter(({ id }) => version.processIds.includes(id))
    // A version without processes proves nothing and is nothing to return to.
    const isComplete = own.length > 0 && own.length === version.processIds.length
    if (isComplete && own.every(({ state }) => state === "Running")) return withWorking(known, version)
    const failed = own.find(({ configurationErrors, id, wasReady }) =>
      !wasReady && configurationErrors >= enoughErrors && !inherited.has(id)
    )
    return failed === undefined ? known : turnDown(known, version, "FailedToStart", failed.lastExit ?? "")
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
  return version === undefined ? memory : turnDown(memory, version, "Refused", message)
}

/**
 * The memory after a version turned out not to run. Usually the version is rejected. One that stands in for a rejected
 * version is forgotten instead: if it replaced that rejection, the first one would be tried again, and the two would
 * alternate for ever.
 */
const turnDown = (
  memory: VersionMemory,
  version: RunningVersion,
  by: RejectedProfile["by"],
  message: string
): VersionMemory => {
  const isStandIn = memory.profiles.some(isSameVersion(version)) && !memory.worked.some(isSameVersion(version)) &&
    memory.rejected.some((other) => isOfSameProfile(version)(other) && !isSameVersion(version)(other))
  return isStandIn
    ? { ...memory, profiles: memory.profiles.filter((other) => !isSameVersion(version)(other)) }
    : withRejected(memory, version, by, message)
}

/** True if every version in `running` is known to work or has no process that could fail. */
export const allWorked = (memory: VersionMemory, running: ReadonlyArray<RunningVersion>): boolean =>
  running.every((version) => version.processIds.length === 0 || memory.worked.some(isSameVersion(version)))

/** A NIC that was seen. Some drivers register its clock a moment after the NIC; that counts as another appearance. */
export type SeenNic = NonNullable<RejectedProfile["nics"]>[number]

/**
 * The memory after these NICs were seen. A rejection remembers which NICs of its profile were there, and is withdrawn
 * when another one appears. A NIC that disappears and comes back does not count, even over a restart of the daemon.
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

/** A version that has worked once is never rejected: the cause of its failure is not its text. */
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
