/**
 * From all NodePTPCfg objects to what runs on one node, and why: the one pure function that `plan` prints and the
 * daemon applies. Equal facts give equal decisions, whatever order they come in.
 */
import type { KubernetesObject } from "../kubernetes/KubernetesObject.ts"
import type { NodeIdentity } from "../kubernetes/Node.ts"
import type { LinuxptpVersion } from "../linuxptp/LinuxptpVersion.ts"
import type { ChosenProfile, Decision, Problem, SkippedProfile } from "./Decision.ts"
import type { LastValid } from "./LastValid.ts"
import type { PlanProblem } from "./PlanProblem.ts"
import { clockThreshold, knownPtpSettings } from "./ProfileSettings.ts"
import { type Candidate, candidatesOf, profileKey, type ProfileVersion, validProfiles } from "./ProfileVersions.ts"
import { readObjects } from "./ReadObjects.ts"
import { byText, sortProblems, sortSkipped } from "./ResultOrder.ts"
import { type Settled, settleWinners, type Winner } from "./SettleWinners.ts"

/** All that a decision depends on. */
export interface DecideInput {
  readonly objects: ReadonlyArray<KubernetesObject>
  readonly node: NodeIdentity
  /** Names of the node's interfaces; undefined when they are not known, and then none is missed. */
  readonly interfaces: ReadonlyArray<string> | undefined
  readonly linuxptpVersion: LinuxptpVersion
  /** Every process gets a directory below it. */
  readonly runDir: string
  /** What was valid until now. */
  readonly memory: LastValid
}

/** Decides, and says what to remember for the next time. */
export const decide = (input: DecideInput): { readonly decision: Decision; readonly memory: LastValid } => {
  const { configs, problems } = readObjects(input.objects, input.memory.objects)
  const setup = { version: input.linuxptpVersion, runDir: input.runDir }
  const settled = settleWinners(configs, input.node, candidatesOf(configs, input.memory.profiles, setup))
  return {
    decision: {
      profiles: settled.running.map(chosenProfile),
      skipped: sortSkipped([...settled.selection.skipped, ...settled.conflicts.flatMap(conflictRows)]),
      processes: settled.running.flatMap(processesOf).sort((a, b) => byText(a.id, b.id)),
      problems: sortProblems([
        ...problems,
        ...settled.selection.problems,
        ...profileProblems(settled),
        ...settled.conflicts.map(({ loser, message }) =>
          problemOf(loser.candidate, { severity: "error", field: "", message: `does not run: ${message}` }, false)
        ),
        ...unknownInterfaces(settled.running, input.interfaces)
      ])
    },
    memory: { objects: configs, profiles: validProfiles(settled.candidates, input.memory.profiles) }
  }
}

const processesOf = ({ phc2sysForAll, version }: Winner) => [
  ...version.plan.processes,
  ...(phc2sysForAll === undefined ? [] : [phc2sysForAll.spec])
]

const chosenProfile = ({ interfaces, selected, version }: Winner): ChosenProfile => ({
  config: selected.config,
  name: selected.name,
  generation: version.generation,
  priority: selected.priority,
  matchedBy: selected.matchedBy,
  interfaces,
  clockThreshold: clockThreshold(version.profile),
  settings: knownPtpSettings(version.profile)
})

const conflictRows = (
  { loser, message, reason }: Settled["conflicts"][number]
): ReadonlyArray<SkippedProfile> =>
  loser.selected.recommendedBy.map((config) => ({ config, name: loser.name, reason, message }))

/** A problem of a profile as it is told: its place in the object; the text names profile and field once more. */
const problemOf = (
  { config, index }: Candidate,
  { field, message, severity }: PlanProblem,
  isElsewhere: boolean
): Problem => ({
  severity,
  config: config.name,
  path: `spec.profile[${index}]${field === "" ? "" : `.${field}`}`,
  message: `profile "${config.profiles[index]?.name ?? ""}"${field === "" ? "" : `, ${field}:`} ${message}`,
  ...(isElsewhere ? { elsewhere: true } : {})
})

const profileProblems = ({ candidates, conflicts, running, selection }: Settled): ReadonlyArray<Problem> => {
  const here = new Set([
    ...[...running, ...conflicts.map(({ loser }) => loser)].map(({ selected }) =>
      profileKey(selected.uid, selected.name)
    ),
    ...selection.invalid.map(({ name, uid }) => profileKey(uid, name))
  ])
  return [...candidates].flatMap(([key, candidate]) =>
    candidate.problems.map((problem) => problemOf(candidate, problem, !here.has(key)))
  )
}

/** Hot-plugged and renamed NICs exist: a name that is not there yet is worth a word, no more. */
const unknownInterfaces = (
  running: ReadonlyArray<Winner>,
  known: ReadonlyArray<string> | undefined
): ReadonlyArray<Problem> =>
  running.flatMap(({ candidate, version }) =>
    namedInterfaces(version).filter((nic) => known?.includes(nic) === false).map((nic) => {
      const field = version.profile.interface?.trim() === nic ? "interface" : ""
      return problemOf(candidate, {
        severity: "warning",
        field,
        message: `names ${nic}, which this node does not have`
      }, false)
    })
  )

const namedInterfaces = ({ plan }: ProfileVersion): ReadonlyArray<string> => [
  ...new Set(plan.processes.flatMap(({ interfaces }) => interfaces))
]
