/**
 * The winners of a node that can run together. Selection, conflicts and a phc2sys for all ptp4l depend on each other:
 * a phc2sys that turns out to have no ptp4l to follow counts as missing, and then another profile may win.
 */
import { Equal } from "effect"
import type { NodeIdentity } from "../kubernetes/Node.ts"
import type { NodePTPCfg } from "../kubernetes/NodePTPCfg.ts"
import { bindPhc2sys, type Phc2sysPlan } from "./Phc2sysPlan.ts"
import { isError, type PlanProblem } from "./PlanProblem.ts"
import { type Claimant, type Conflict, findConflicts } from "./ProfileConflicts.ts"
import { profileKey } from "./ProfileKey.ts"
import { type SelectedProfile, type Selection, selectProfiles } from "./ProfileSelection.ts"
import { type Candidate, type ProfileVersion, withoutBest } from "./ProfileVersions.ts"

/** A winner with the version of it that runs. */
export interface Winner extends Claimant {
  readonly selected: SelectedProfile
  readonly candidate: Candidate
  readonly version: ProfileVersion
  /** Bound to all ptp4l of the winners; undefined where the profile has none of this kind. */
  readonly phc2sysForAll: Phc2sysPlan | undefined
}

/** Selection and conflicts after every winner was found able to run. */
export interface Settled {
  readonly selection: Selection
  readonly running: ReadonlyArray<Winner>
  readonly conflicts: ReadonlyArray<Conflict<Winner>>
  /** As given, without the versions that could not run on this node. */
  readonly candidates: ReadonlyMap<string, Candidate>
}

/** What else is known against a version on this node: of the object with this uid. */
type Objections = (uid: string, version: ProfileVersion) => ReadonlyArray<PlanProblem>

/**
 * The winners that can run, with one mercy: when all of them turned out not to start and have no version that worked,
 * the next priority runs, if there is one. A mistake in a new object must not take the clock of another one down.
 */
export const settleWinners = (
  configs: ReadonlyArray<NodePTPCfg>,
  node: NodeIdentity,
  given: ReadonlyMap<string, Candidate>,
  objections: Objections = () => []
): Settled => {
  const settled = settleRunnable(configs, node, given, objections)
  if (settled.running.length === 0 || !settled.running.every(failedToStart)) return settled
  const others = new Map(settled.candidates)
  for (const { candidate, name, selected } of settled.running) {
    others.set(profileKey(selected.uid, name), { ...candidate, versions: [] })
  }
  const instead = settleWinners(configs, node, others, objections)
  // Where nothing starts, the highest priority is what is tried on: it is what people want.
  return instead.running.some((one) => !failedToStart(one)) ? instead : settled
}

const failedToStart = ({ candidate: { rejected }, version }: Winner): boolean =>
  rejected?.by === "FailedToStart" && Equal.equals(version.profile, rejected.profile)

/** Selects until every winner can run. Each round drops a version, so it ends. */
const settleRunnable = (
  configs: ReadonlyArray<NodePTPCfg>,
  node: NodeIdentity,
  given: ReadonlyMap<string, Candidate>,
  objections: Objections
): Settled => {
  const reasonsAgainst = ({ phc2sysForAll, selected, version }: Winner): ReadonlyArray<PlanProblem> => [
    ...phc2sysForAll?.problems ?? [],
    ...objections(selected.uid, version)
  ]
  let candidates = given
  while (true) {
    const known = candidates
    const isInvalid = (uid: string, name: string) => known.get(profileKey(uid, name))?.versions.length === 0
    const selection = selectProfiles(configs, node, isInvalid)
    const { conflicts, running: unbound } = findConflicts(
      selection.winners.flatMap((selected) => winner(selected, known))
    )
    const running = bindAll(unbound)
    const unfit = running.filter((one) => reasonsAgainst(one).some(isError))
    if (unfit.length === 0) return { selection, running, conflicts, candidates }
    const next = new Map(candidates)
    for (const one of unfit) {
      next.set(profileKey(one.selected.uid, one.name), withoutBest(one.candidate, reasonsAgainst(one)))
    }
    candidates = next
  }
}

const winner = (selected: SelectedProfile, candidates: ReadonlyMap<string, Candidate>): ReadonlyArray<Winner> => {
  const candidate = candidates.get(profileKey(selected.uid, selected.name))
  const version = candidate?.versions[0]
  if (candidate === undefined || version === undefined) return []
  const { interfaces, systemClockWriters } = version.plan
  const { config, name } = selected
  return [{ config, name, selected, candidate, version, interfaces, systemClockWriters, phc2sysForAll: undefined }]
}

const bindAll = (winners: ReadonlyArray<Winner>): ReadonlyArray<Winner> => {
  const servers = winners.flatMap(({ version }) => version.plan.ptp4l ?? [])
  return winners.map((one) => {
    const draft = one.version.plan.phc2sysForAll
    return draft === undefined ? one : { ...one, phc2sysForAll: bindPhc2sys(draft, servers) }
  })
}
