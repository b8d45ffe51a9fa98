/** What a decision says about mistakes: where each is, what runs instead, and when a version is tried again. */
import { Equal } from "effect"
import type { Problem, RolledBackProfile } from "./Decision.ts"
import { missingText, namedInterfaces } from "./MissingInterface.ts"
import { planError, type PlanProblem } from "./PlanProblem.ts"
import { profileKey } from "./ProfileKey.ts"
import type { Candidate, ProfileVersion } from "./ProfileVersions.ts"
import { generationText } from "./ReadObjects.ts"
import { textNamesNic } from "./Rollback.ts"
import type { Settled } from "./SettleWinners.ts"
import type { RejectedProfile } from "./VersionMemory.ts"

/** When a version whose start failed is tried again, as text for people. */
export type NextTrial = (rejected: RejectedProfile) => string

/** Every problem of profiles. `interfaces` are the names of the node's interfaces; undefined if they are not known. */
export const problemsOf = (
  settled: Settled,
  node: string,
  interfaces: ReadonlyArray<string> | undefined
): ReadonlyArray<Problem> => {
  const here = keysHere(settled)
  return [
    ...settled.selection.problems,
    ...[...settled.candidates].flatMap(([key, candidate]) =>
      candidate.problems.map((problem) => problemOf(candidate, problem, here.has(key) ? {} : { elsewhere: true }))
    ),
    ...settled.conflicts.map(({ loser, message }) =>
      problemOf(loser.candidate, { severity: "error", field: "", message: `does not run: ${message}` })
    ),
    ...missingInterfaces(settled, here, node, interfaces ?? []),
    ...lostInterfaces(settled, interfaces)
  ]
}

/** A problem of a profile with its path in the object. The text contains the names of profile and field too. */
const problemOf = (
  { config, index, name }: Candidate,
  { field, message, severity }: PlanProblem,
  more: Pick<Problem, "elsewhere" | "reason"> = {}
): Problem => ({
  severity,
  config: config.name,
  path: `spec.profile${index === undefined ? "" : `[${index}]`}${field === "" ? "" : `.${field}`}`,
  message: `profile "${name}"${field === "" ? "" : `, ${field}:`} ${message}`,
  ...more
})

/** Keys of the profiles that this node runs, or would run if they were able to. */
const keysHere = ({ conflicts, running, selection }: Settled): ReadonlySet<string> =>
  new Set([
    ...[...running, ...conflicts.map(({ loser }) => loser)].map(({ selected }) =>
      profileKey(selected.uid, selected.name)
    ),
    ...selection.invalid.map(({ name, uid }) => profileKey(uid, name))
  ])

/** A profile that waits for an interface. Other nodes lack the interfaces of profiles that are not for them. */
const missingInterfaces = (
  settled: Settled,
  here: ReadonlySet<string>,
  node: string,
  interfaces: ReadonlyArray<string>
): ReadonlyArray<Problem> =>
  [...settled.candidates].flatMap(([key, candidate]) => {
    const { current } = candidate
    if (current === undefined || !here.has(key)) return []
    const instead = meanwhile(settled, candidate, key)
    return current.missing.map((nic): Problem => {
      const field = fieldOf(current, nic)
      const text = `${missingText(node, nic, interfaces)}; ${instead}`
      const problem = planError(field, field === "" ? `names ${nic}: ${text}` : text)
      return problemOf(candidate, problem, { reason: "InterfaceMissing" })
    })
  })

/** The field whose text has the name. Empty if it is written in another way, as in `-iens1f0`. */
const fieldOf = ({ profile }: ProfileVersion, nic: string): string =>
  Object.entries(profile).find(([field, text]) => field !== "name" && textNamesNic(text, nic))?.[0] ?? ""

const meanwhile = ({ running }: Settled, { current }: Candidate, key: string): string => {
  const own = running.find(({ selected }) => profileKey(selected.uid, selected.name) === key)
  if (own === undefined) return "what else is recommended runs until it comes"
  return own.version === current
    ? "it is started again and again until it comes"
    : `its last version${generationText(own.version.generation)} runs until it comes`
}

/** A NIC that is gone under a version that worked. It may be plugged in again, so this is only a warning. */
const lostInterfaces = (
  { running }: Settled,
  interfaces: ReadonlyArray<string> | undefined
): ReadonlyArray<Problem> =>
  running.flatMap(({ candidate, version }) =>
    version.missing.length > 0 || interfaces === undefined ? [] : namedInterfaces(version.plan)
      .filter((nic) => !interfaces.includes(nic))
      .map((nic) =>
        problemOf(candidate, {
          severity: "warning",
          field: fieldOf(version, nic),
          message: `names ${nic}, which this node does not have any more`
        })
      )
  )

/** Profiles whose version in the object did not start, while something else runs. */
export const rolledBackProfiles = (
  settled: Settled,
  nextTrial: NextTrial | undefined
): ReadonlyArray<RolledBackProfile> => {
  const here = keysHere(settled)
  return [...settled.candidates].flatMap(([key, candidate]) => {
    const { config, current, name, rejected, versions: [best] } = candidate
    if (!here.has(key) || best !== undefined && best === current) return []
    const failed = rejected.find(({ by, profile }) => by === "FailedToStart" && !Equal.equals(profile, best?.profile))
    if (failed === undefined) return []
    const instead = best === undefined
      ? "what is recommended at the next priority runs instead"
      : `its last version that worked${generationText(best.generation)} runs instead`
    const isFinal = failed.isFinal === true
    const next = isFinal || nextTrial === undefined ? "" : `; ${nextTrial(failed)}`
    return [{
      config: config.name,
      name,
      reason: isFinal ? "RolledBack" as const : "StartFailed" as const,
      message: `profile "${name}" did not start: ${failed.message}; ${instead}${next}`
    }]
  })
}
