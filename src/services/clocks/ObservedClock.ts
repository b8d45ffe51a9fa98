/**
 * The clocks that one program steers: the evidence about them and the state of each. Pure: ObservedProcess decides what
 * becomes evidence.
 */
import type { ClockThreshold } from "../profiles/Decision.ts"
import type { ClockSettings } from "./ClockSettings.ts"
import { type ClockVerdict, clockVerdict } from "./ClockVerdict.ts"
import { type HeldClock, nextHeldClock, unheldClock } from "./Holdover.ts"
import { type ClockProgram, noEvidence, type ProgramEvidence, withValidMeasurements } from "./ProgramEvidence.ts"

/** The clocks of one program. */
export interface ObservedClock {
  readonly evidence: ProgramEvidence
  /**
   * The state of each clock that it steers, by name. ptp4l steers one clock, whatever port it follows, and other
   * programs may not have named one yet: then the only name is `unnamed`.
   */
  readonly held: ReadonlyMap<string, HeldClock>
  /**
   * The clocks that were measured last, also by an earlier run. A state needs the name of its clock even when the
   * process is dead.
   */
  readonly steered: ReadonlyArray<string>
  /** True for a ptp4l that has followed a master since its configuration changed last. */
  readonly hasFollowed: boolean
}

/** By what clocks are judged. */
export interface Judgement {
  readonly threshold: ClockThreshold
  /** Monotonic nanoseconds. */
  readonly now: bigint
}

/** What is known of the process that runs the program. */
interface RunFacts {
  readonly isEnded: boolean
  readonly isStalled: boolean
  /** See `VerdictFacts`. */
  readonly isMeter: boolean
  readonly settings: ClockSettings
}

/** The name in `ObservedClock.held` of a clock that has none. */
const unnamed = ""

/** The clocks of a program that has said nothing. */
export const newClock = (
  program: ClockProgram,
  interfaces: ReadonlyArray<string>,
  printInterval?: bigint
): ObservedClock => ({
  evidence: noEvidence(program, interfaces, printInterval),
  held: new Map([[unnamed, unheldClock]]),
  steered: [],
  hasFollowed: false
})

/** The state of the clock called `name`; that of the program, if it has only one. */
export const heldOf = ({ held }: ObservedClock, name: string): HeldClock =>
  held.get(name) ?? held.get(unnamed) ?? unheldClock

/** The same clocks after other evidence. They are not judged yet. */
export const withEvidence = (clock: ObservedClock, evidence: ProgramEvidence): ObservedClock => ({
  ...clock,
  evidence,
  steered: evidence.measurements.size === 0 ? clock.steered : [...evidence.measurements.keys()],
  hasFollowed: clock.hasFollowed || evidence.followedPort !== undefined
})

/**
 * True if nothing has changed but the samples of a ptp4l: then only values of its metrics differ, and not its state. That is so
 * once a second, so it must not cost much.
 */
export const isOnlySampled = (before: ObservedClock, after: ObservedClock): boolean => {
  const [a, b] = [before.evidence, after.evidence]
  return a.program === "ptp4l" && samePorts(a.ports, b.ports) && a.bestMaster === b.bestMaster &&
    sameMeasured(a.measurements, b.measurements) && hasClass(a) === hasClass(b) &&
    a.refusal === b.refusal &&
    before.hasFollowed === after.hasFollowed && before.held.size === after.held.size &&
    [...after.held].every(([name, held]) => isSameState(before.held.get(name), held))
}

const samePorts = (before: ProgramEvidence["ports"], after: ProgramEvidence["ports"]): boolean =>
  before === after || (before.size === after.size &&
    [...after].every(([number, port]) => {
      const known = before.get(number)
      return known?.state === port.state && known.interface === port.interface
    }))

const hasClass = ({ management }: ProgramEvidence): boolean =>
  management?.clockClass !== undefined && management.silentSince === undefined

const sameMeasured = (before: ProgramEvidence["measurements"], after: ProgramEvidence["measurements"]): boolean =>
  before.size === after.size && [...after].every(([name, { frequencyPpb }]) => {
    const known = before.get(name)
    return known !== undefined && (known.frequencyPpb === undefined) === (frequencyPpb === undefined)
  })

const isSameState = (before: HeldClock | undefined, after: HeldClock): boolean =>
  before !== undefined && before.state === after.state && before.reason === after.reason &&
  before.heldUntil === after.heldUntil && before.lostAt === after.lostAt && before.isTooFar === after.isTooFar

/** The same clocks without any evidence. They are not judged yet. */
export const withoutEvidence = (clock: ObservedClock): ObservedClock => ({
  ...clock,
  evidence: noEvidence(clock.evidence.program, clock.evidence.interfaces, clock.evidence.printInterval)
})

/** The same clocks, judged. Returns the same object if nothing changes. */
export const judgeClock = (clock: ObservedClock, run: RunFacts, { now, threshold }: Judgement): ObservedClock => {
  const { hasFollowed, held, steered } = clock
  const evidence = withValidMeasurements(clock.evidence, now)
  const verdictOf = (name: string): ClockVerdict => {
    if (run.isEnded) return { kind: "Gone", reason: "NoProcess" }
    if (run.isStalled) return { kind: "Gone", reason: "Unlocked" }
    const { follows, stepThresholdNs } = run.settings
    const isFollower = follows === "Meant" || (follows === "Perhaps" && hasFollowed)
    return clockVerdict(evidence, name, { threshold, isMeter: run.isMeter, stepThresholdNs, isFollower, now })
  }
  const names = evidence.program === "ptp4l" || steered.length === 0 ? [unnamed] : steered
  const next = new Map(names.map((name) => {
    const before = held.get(name) ?? unheldClock
    return [name, nextHeldClock(before, verdictOf(name), threshold.holdOverTimeoutSeconds, now)]
  }))
  const isSame = held.size === next.size && [...next].every(([name, one]) => held.get(name) === one)
  return isSame && evidence === clock.evidence ? clock : { ...clock, evidence, held: next }
}
