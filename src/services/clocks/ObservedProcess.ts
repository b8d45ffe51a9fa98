/**
 * What the daemon has observed of one supervised process: which run of it printed the lines, and the clocks of the
 * programs in it. A process is one program, except timemaster, which passes on the lines of its ptp4l and phc2sys.
 * Lines of an earlier run, or of another process that had the same id before, never count.
 */
import { type LogEvent, parseLogLine } from "../linuxptp/LogEvent.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import type { ProcessLine, ProcessStatus } from "../processes/ProcessSupervisor.ts"
import type { ClockThreshold } from "../profiles/Decision.ts"
import { noSightings, observeSighting, recentSightings, type Sightings } from "./ClockAlarms.ts"
import { type ClockVerdict, clockVerdict } from "./ClockVerdict.ts"
import { type HeldClock, nextHeldClock, unheldClock } from "./Holdover.ts"
import { type ClockProgram, isClockProgram, noEvidence, observeEvent, type ProgramEvidence } from "./ProgramEvidence.ts"
import { childName, parseChildMessage, type Speaker, speakerOf } from "./Speaker.ts"

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
}

/** A process and what is known from its lines. */
export interface ObservedProcess {
  /** The spec object that the supervisor runs. Another object means another process, even with the same id. */
  readonly spec: ProcessSpec
  /** The spec that had this id before. Lines of it may still arrive. */
  readonly formerSpec: ProcessSpec | undefined
  readonly run: number
  /** True when this run is over. */
  readonly isEnded: boolean
  /** True once the supervisor has listed it. */
  readonly isListed: boolean
  /** By program name; for children of timemaster by program name and tag. */
  readonly clocks: ReadonlyMap<string, ObservedClock>
  /** Children of timemaster by pid. */
  readonly children: ReadonlyMap<number, string>
  /** What was seen with this spec, over all its runs: a restart does not end an alarm. */
  readonly sightings: Sightings
}

/** The time and the thresholds by which something is judged. */
export interface Judgement {
  readonly threshold: ClockThreshold
  /** Monotonic nanoseconds. */
  readonly now: bigint
}

/** No timemaster has more children. */
const mostClocks = 64

/** The name in `ObservedClock.held` of a clock that has none. */
const unnamed = ""

/** The state of the clock called `name`; that of the program, if it has only one. */
export const heldOf = ({ held }: ObservedClock, name: string): HeldClock =>
  held.get(name) ?? held.get(unnamed) ?? unheldClock

const clockOf = (program: ClockProgram, interfaces: ReadonlyArray<string>): ObservedClock => ({
  evidence: noEvidence(program, interfaces),
  held: new Map([[unnamed, unheldClock]]),
  steered: []
})

const newProcess = (spec: ProcessSpec): ObservedProcess => ({
  spec,
  formerSpec: undefined,
  run: 0,
  isEnded: true,
  isListed: false,
  clocks: isClockProgram(spec.program)
    ? new Map([[spec.program, clockOf(spec.program, spec.interfaces)]])
    : new Map(),
  children: new Map(),
  sightings: noSightings
})

/** The process after one of its lines. Returns the same object if the line says nothing about a clock. */
export const observeProcessLine = (
  known: ObservedProcess | undefined,
  line: ProcessLine,
  judgement: Judgement
): ObservedProcess => {
  const process = known ?? newProcess(line.spec)
  if (line.spec === process.formerSpec) return process
  const isNew = line.spec !== process.spec || line.run > process.run
  if (!isNew && (line.run < process.run || process.isEnded)) return process
  const current = isNew ? nextRun(process, line.spec, line.run, judgement) : process
  const event = parseLogLine(line.text)
  if (event.kind === "unframed") return current
  if (event.program === "timemaster") return "text" in event ? observeChild(current, event.text, judgement) : current
  const speaker = speakerOf(line.spec, event)
  return speaker === undefined
    ? current
    : withClock(withSighting(current, speaker, event, judgement), speaker, event, judgement)
}

const withSighting = (
  process: ObservedProcess,
  speaker: Speaker,
  event: LogEvent,
  { now }: Judgement
): ObservedProcess => {
  const sightings = observeSighting(process.sightings, speaker, event, now)
  return sightings === process.sightings ? process : { ...process, sightings }
}

/** A child that ends loses its evidence. Only timemaster's own lines report such an end. */
const observeChild = (process: ObservedProcess, text: string, judgement: Judgement): ObservedProcess => {
  const message = parseChildMessage(text)
  if (message === undefined) return process
  const children = new Map(process.children)
  if (message.kind === "started") {
    if (children.size >= mostClocks) return process
    return { ...process, children: children.set(message.pid, message.child) }
  }
  const child = children.get(message.pid)
  children.delete(message.pid)
  const ended = [...process.clocks].filter(([, { evidence }]) =>
    childName(evidence.program, evidence.interfaces) === child
  )
  // With two domains on one NIC the two children cannot be told apart. Then nothing is removed, because otherwise the
  // living one would seem silent for long.
  const clocks = ended.length === 1 ? new Map([...process.clocks, ...withoutEvidence(new Map(ended))]) : process.clocks
  return judgeProcess({ ...process, children, clocks }, judgement)
}

/** The process after the supervisor's status of it. `isNews`: the status before was about another process. */
export const observeProcessStatus = (
  known: ObservedProcess | undefined,
  status: ProcessStatus,
  isNews: boolean,
  judgement: Judgement
): ObservedProcess => {
  const process = { ...(known ?? newProcess(status.spec)), isListed: true }
  if (process.spec !== status.spec) {
    // The lines of the new process arrived before its status.
    if (!isNews) return process
    const next = nextRun(process, status.spec, status.run, judgement)
    return status.pid === undefined ? endOfRun(next, judgement) : next
  }
  if (status.run < process.run) return process
  const current = status.run > process.run ? nextRun(process, status.spec, status.run, judgement) : process
  return status.pid === undefined && !current.isEnded ? endOfRun(current, judgement) : current
}

/** The process after the end of its run: nothing is known except that it is over. */
export const endOfRun = (process: ObservedProcess, judgement: Judgement): ObservedProcess =>
  judgeProcess({ ...process, isEnded: true, clocks: withoutEvidence(process.clocks) }, judgement)

/** The same process judged at another time or with other thresholds. Returns the same object if nothing changes. */
export const judgeProcess = (process: ObservedProcess, judgement: Judgement): ObservedProcess => {
  const clocks = new Map<string, ObservedClock>()
  const sightings = recentSightings(process.sightings, judgement.now)
  let isChanged = sightings !== process.sightings
  for (const [key, clock] of process.clocks) {
    const judged = judgeClock(process, clock, judgement)
    // A child of timemaster that has ended has no status that could show it.
    const isFree = [...judged.held.values()].every(({ state }) => state === "FREERUN")
    const isGone = process.spec.program === "timemaster" && isFree && isSilent(judged.evidence)
    isChanged ||= isGone || judged !== clock
    if (!isGone) clocks.set(key, judged)
  }
  return isChanged ? { ...process, clocks, sightings } : process
}

/** The following run of the process. Its evidence starts empty, but a lock goes into holdover. */
const nextRun = (process: ObservedProcess, spec: ProcessSpec, run: number, judgement: Judgement): ObservedProcess => {
  const isSame = spec === process.spec
  const fresh = newProcess(spec).clocks
  const clocks = new Map([...fresh, ...process.clocks].map(([key, clock]) => {
    const { interfaces, program } = fresh.get(key)?.evidence ?? clock.evidence
    return [key, { ...clock, evidence: noEvidence(program, interfaces) }]
  }))
  return judgeProcess({
    ...process,
    spec,
    formerSpec: isSame ? process.formerSpec : process.spec,
    run,
    isEnded: false,
    clocks,
    children: new Map(),
    sightings: isSame ? process.sightings : noSightings
  }, judgement)
}

const withoutEvidence = (clocks: ObservedProcess["clocks"]): ObservedProcess["clocks"] =>
  new Map([...clocks].map(([key, clock]) => {
    const { interfaces, program } = clock.evidence
    return [key, { ...clock, evidence: noEvidence(program, interfaces) }]
  }))

const isSilent = ({ measurements, ports }: ProgramEvidence): boolean => ports.size === 0 && measurements.size === 0

const judgeClock = (process: ObservedProcess, clock: ObservedClock, { now, threshold }: Judgement): ObservedClock => {
  const { evidence, held, steered } = clock
  const facts = { threshold, isMeter: process.spec.program === "timemaster", now }
  const names = evidence.program === "ptp4l" || steered.length === 0 ? [unnamed] : steered
  const next = new Map(names.map((name) => {
    const verdict = process.isEnded ? noProcess : clockVerdict(evidence, name, facts)
    return [name, nextHeldClock(held.get(name) ?? unheldClock, verdict, threshold.holdOverTimeoutSeconds, now)]
  }))
  const isSame = held.size === next.size && [...next].every(([name, one]) => held.get(name) === one)
  return isSame ? clock : { ...clock, held: next }
}

const noProcess: ClockVerdict = { kind: "Gone", reason: "NoProcess" }

const withClock = (
  process: ObservedProcess,
  { interfaces, key, program }: Speaker,
  event: LogEvent,
  judgement: Judgement
): ObservedProcess => {
  const clock = process.clocks.get(key) ?? clockOf(program, interfaces)
  const evidence = observeEvent(clock.evidence, event, judgement.now)
  if (evidence === clock.evidence || (process.clocks.size >= mostClocks && !process.clocks.has(key))) return process
  const steered = evidence.measurements.size === 0 ? clock.steered : [...evidence.measurements.keys()]
  const next = judgeClock(process, { ...clock, evidence, steered }, judgement)
  return { ...process, clocks: new Map(process.clocks).set(key, next) }
}
