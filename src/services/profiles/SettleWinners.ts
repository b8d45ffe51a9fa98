/**
 * Finds the winners of a node that can run together. Selection, conflicts and a phc2sys for all ptp4l depend on each
 * other: if such a phc2sys has no ptp4l to follow, its profile counts as missing, and then another profile may win.
 */
import type { NodeIdentity } from "../kubernetes/Node.ts"
import type { NodePTPCfg } from "../kubernetes/NodePTPCfg.ts"
import type { PausableWork } from "../PausableWork.ts"
import { bindPhc2sys, type Phc2sysPlan } from "./Phc2sysPlan.ts"
import { isError, type PlanProblem } from "./PlanProblem.ts"
import { type Claimant, type Conflict, findConflicts } from "./ProfileConflicts.ts"
import { profileKey } from "./ProfileKey.ts"
import { type SelectedProfile, type Selection, selectWithPauses } from "./ProfileSelection.ts"
import { type Candidate, type ProfileVersion, withoutBest } from "./ProfileVersions.ts"
import type { Ptp4lServer } from "./Ptp4lPlan.ts"
import type { Reference } from "./VersionMemory.ts"

/** A winner, and its version that runs. */
export interface Winner extends Claimant {
  readonly selected: SelectedProfile
  readonly candidate: Candidate
  readonly version: ProfileVersion
  /** Bound to all ptp4l of the winners; undefined if the profile has no phc2sys of this kind. */
  readonly phc2sysForAll: Phc2sysPlan | undefined
}

/** Selection and conflicts, after every winner was found to be able to run. */
export interface Settled {
  readonly selection: Selection
  readonly running: ReadonlyArray<Winner>
  readonly conflicts: ReadonlyArray<Conflict<Winner>>
  /** The given candidates, without versions that cannot run on this node. */
  readonly candidates: ReadonlyMap<string, Candidate>
}

/** What else the winners depend on. */
export interface SettleSetup {
  readonly node: NodeIdentity
  /** Reasons against a version on this node. The uid is that of its object. */
  readonly objections: (uid: string, version: ProfileVersion) => ReadonlyArray<PlanProblem>
  readonly references: ReadonlyArray<Reference>
  /** Whether somebody wants to know why the others lost. */
  readonly isExplained: boolean
  /** How badly a ptp4l can be followed, from 0. A phc2sys for all of them follows those that can be followed best. */
  readonly troubleOf: (server: Ptp4lServer) => number
}

/**
 * The winners that can run, with one exception. If all of them are doubtful and none has a version that worked, the
 * profiles of the next priority run, if there are any, because a mistake in a new object must not stop the clock of
 * another one.
 */
export function* settleWinners(
  configs: ReadonlyArray<NodePTPCfg>,
  given: ReadonlyMap<string, Candidate>,
  setup: SettleSetup
): PausableWork<Settled> {
  const settled = yield* settleRunnable(configs, given, setup)
  if (settled.running.length === 0 || !settled.running.every(isDoubtful)) return settled
  const others = new Map(settled.candidates)
  for (const { candidate, name, selected } of settled.running) {
    others.set(profileKey(selected.uid, name), { ...candidate, versions: [] })
  }
  const instead = yield* settleWinners(configs, others, setup)
  // If no profile starts at all, the one with the highest priority is tried again and again, because that is what
  // people want.
  return instead.running.some((one) => !isDoubtful(one)) ? instead : settled
}

const isDoubtful = (one: Winner): boolean => one.isDoubtful === true

/** Selects until every winner can run. Each round removes a version, so it ends. */
function* settleRunnable(
  configs: ReadonlyArray<NodePTPCfg>,
  given: ReadonlyMap<string, Candidate>,
  { isExplained, troubleOf, node, objections, references }: SettleSetup
): PausableWork<Settled> {
  const reasonsAgainst = ({ phc2sysForAll, selected, version }: Winner): ReadonlyArray<PlanProblem> => [
    ...phc2sysForAll?.problems ?? [],
    ...objections(selected.uid, version)
  ]
  let candidates = given
  while (true) {
    const known = candidates
    const isInvalid = (uid: string, name: string) => (known.get(profileKey(uid, name))?.versions ?? []).length === 0
    const selection = yield* selectWithPauses(configs, node, isInvalid, references, isExplained)
    const { conflicts, running: unbound } = findConflicts(
      selection.winners.flatMap((selected) => winner(selected, known))
    )
    const running = bindAll(unbound, troubleOf)
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
  const { ports, steeredNics, systemClockWriters } = version.plan
  const { config, name } = selected
  return [{
    config,
    name,
    isDoubtful: version.isDoubtful,
    selected,
    candidate,
    version,
    ports,
    steeredNics,
    systemClockWriters,
    phc2sysForAll: undefined
  }]
}

const serversOf = (winners: ReadonlyArray<Winner>): ReadonlyArray<Ptp4lServer> =>
  winners.flatMap(({ version }) => version.plan.ptp4l ?? [])

/**
 * A phc2sys for all ptp4l waits for ever for one that does not answer. So it follows none that is doubtful or lost, as
 * long as there are others.
 */
const bindAll = (
  winners: ReadonlyArray<Winner>,
  troubleOf: SettleSetup["troubleOf"]
): ReadonlyArray<Winner> => {
  const sound = serversOf(winners.filter((one) => !isDoubtful(one)))
  const servers = sound.length > 0 ? sound : serversOf(winners)
  const least = Math.min(...servers.map(troubleOf))
  const followed = servers.filter((server) => troubleOf(server) === least)
  return winners.map((one) => {
    const draft = one.version.plan.phc2sysForAll
    if (draft === undefined) return one
    const doubt = isDoubtful(one) || sound.length === 0
    return { ...one, isDoubtful: doubt, phc2sysForAll: bindPhc2sys(draft, servers, followed) }
  })
}
