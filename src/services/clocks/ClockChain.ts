/**
 * The clocks that the clock of the node depends on: the chain from the grandmaster over the PHCs to the system clock.
 * Where one phc2sys follows several ptp4l, they stand in for each other, and only the one that it follows is in the
 * chain. Pure: NodeClockView takes the worst of the chain.
 */
import { servesTime } from "../linuxptp/PortState.ts"
import { profileKey } from "../profiles/ProfileKey.ts"
import type { ClockState } from "./ClockState.ts"
import { type HeldClock, unheldClock } from "./Holdover.ts"
import type { ClockStateName } from "./NodeClock.ts"
import { heldOf, type ObservedClock } from "./ObservedClock.ts"
import type { ObservedProcess } from "./ObservedProcess.ts"
import { followingPort } from "./ProgramEvidence.ts"
import { systemClock } from "./SourceEvidence.ts"

/** The clocks of one program, and its process. */
export interface ChainLink {
  readonly process: ObservedProcess
  readonly clock: ObservedClock
}

export interface ClockChain {
  /** Those near the grandmaster come first. Never empty. */
  readonly held: ReadonlyArray<HeldClock>
  /** Programs that stand by for a ptp4l that is followed, the followed one excluded. */
  readonly standingBy: ReadonlyArray<ChainLink>
  /** The ptp4l that follow a master or should, the one that counts first. */
  readonly following: ReadonlyArray<ChainLink>
}

const badness: Readonly<Record<ClockStateName, number>> = { FREERUN: 2, HOLDOVER: 1, LOCKED: 0 }

/** The first of the worst. */
export const worstOf = (held: ReadonlyArray<HeldClock>): HeldClock =>
  held.toSorted((a, b) => badness[b.state] - badness[a.state])[0] ?? unheldClock

const heldBy = ({ clock }: ChainLink): ReadonlyArray<HeldClock> => [...clock.held.values()]

/** The chain of the processes of a node. */
export const clockChain = (state: ClockState, processes: ReadonlyArray<ObservedProcess>): ClockChain => {
  const links = processes.flatMap((process) => [...process.clocks.values()].map((clock) => ({ process, clock })))
  const [ptp4l, ts2phc, phc2sys] = (["ptp4l", "ts2phc", "phc2sys"] as const).map((program) =>
    links.filter(({ clock }) => clock.evidence.program === program)
  )
  const hasReceiver = (ts2phc ?? []).some(({ process }) => process.settings.pulseSource === "nmea")
  const following = (ptp4l ?? []).filter((link) => !onlyServes(link, hasReceiver))
  return chainOf(state, { ptp4l: ptp4l ?? [], following, ts2phc: ts2phc ?? [], phc2sys: phc2sys ?? [] })
}

interface Links {
  readonly ptp4l: ReadonlyArray<ChainLink>
  readonly following: ReadonlyArray<ChainLink>
  readonly ts2phc: ReadonlyArray<ChainLink>
  readonly phc2sys: ReadonlyArray<ChainLink>
}

const chainOf = (state: ClockState, { following, phc2sys, ptp4l, ts2phc }: Links): ClockChain => {
  // A ptp4l that only serves time gets it from the other programs. If there are none, the node is the grandmaster.
  if (ptp4l.length > 0 && following.length === 0 && ts2phc.every((link) => takesTimeFrom(link, ptp4l, state.nics))) {
    return { held: [{ ...unheldClock, reason: "Grandmaster" }], standingBy: [], following: [] }
  }
  const shared = phc2sys.find((link) => servesAll(link, ptp4l))
  const followed = shared === undefined ? undefined : followedBy(shared.clock, following)
  if (shared === undefined || followed === undefined) {
    return { held: [...following, ...ts2phc, ...phc2sys].flatMap(heldBy), standingBy: [], following }
  }
  const standingBy = following.filter((link) => link !== followed)
  const rest = [...ts2phc, ...phc2sys.filter((link) => link !== shared)]
  return {
    held: [...heldBy(followed), ...rest.flatMap(heldBy), systemClockOf(shared.clock)],
    standingBy,
    following: [followed, ...standingBy]
  }
}

/**
 * True for a ptp4l whose time comes from somewhere else: it is the grandmaster, or a receiver on this node (`nmea`) gives
 * the time, whatever it followed before.
 */
const onlyServes = ({ clock, process }: ChainLink, hasReceiver: boolean): boolean => {
  const { evidence } = clock
  if (hasReceiver && followingPort(evidence) === undefined) {
    return process.settings.follows === "Never" || [...evidence.ports.values()].some(({ state }) => servesTime(state))
  }
  return [...clock.held.values()].some(({ reason }) => reason === "Grandmaster")
}

/** True for a ts2phc that only passes on what these ptp4l say: its source is the PHC of one of their ports. */
const takesTimeFrom = (
  { process }: ChainLink,
  ptp4l: ReadonlyArray<ChainLink>,
  nics: ClockState["nics"]
): boolean => {
  const { pulseSource } = process.settings
  if (pulseSource === "ptp4l") return true
  const ports = new Set(ptp4l.flatMap(portNames))
  const sharing = [...nics].filter(([path, names]) => path === pulseSource || names.includes(pulseSource))
  return [pulseSource, ...sharing.flatMap(([, names]) => names)].some((name) => ports.has(name))
}

const portNames = ({ clock: { evidence } }: ChainLink): ReadonlyArray<string> => [
  ...evidence.interfaces,
  ...[...evidence.ports.values()].flatMap((port) => port.interface ?? [])
]

/** True for a phc2sys that follows all ptp4l of the node: its own profile has none. */
const servesAll = ({ process: { settings, spec } }: ChainLink, ptp4l: ReadonlyArray<ChainLink>): boolean => {
  const own = profileKey(spec.config, spec.profile)
  return spec.program === "phc2sys" && settings.isAutomatic &&
    !ptp4l.some(({ process }) => profileKey(process.spec.config, process.spec.profile) === own)
}

/** In a chain of redundant clocks the other clocks that phc2sys steers belong to sources that are not followed. */
const systemClockOf = (clock: ObservedClock): HeldClock =>
  clock.held.has(systemClock) ? heldOf(clock, systemClock) : worstOf([...clock.held.values()])

/**
 * The source that a phc2sys follows. Where it has not said which, it is the best one. When a source is lost, phc2sys
 * changes to another one before it measures again; until then the other one counts already.
 */
export const followedBy = (phc2sys: ObservedClock, sources: ReadonlyArray<ChainLink>): ChainLink | undefined => {
  const best = sources.toSorted((a, b) => badnessOf(a) - badnessOf(b))[0]
  const { evidence } = phc2sys
  const named = sources.find((link) => evidence.source !== undefined && portNames(link).includes(evidence.source))
  if (named === undefined || best === undefined || badnessOf(named) === badnessOf(best)) return named ?? best
  const lostAt = worstOf(heldBy(named)).lostAt
  const measuredAt = evidence.measurements.get(systemClock)?.measuredAt
  return lostAt !== undefined && measuredAt !== undefined && measuredAt <= lostAt ? best : named
}

const badnessOf = (link: ChainLink): number => badness[worstOf(heldBy(link)).state]
