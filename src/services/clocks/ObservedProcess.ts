/**
 * One supervised process as the clock observer sees it: which run of it speaks, and the clocks of the programs in it.
 * A process is one program, except timemaster, whose ptp4l and phc2sys speak through it. Lines of an earlier run, or
 * of the process that had this id before, never count.
 */
import { type LogEvent, parseLogLine } from "../linuxptp/LogEvent.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import type { ProcessLine, ProcessStatus } from "../processes/ProcessSupervisor.ts"
import type { ClockThreshold } from "../profiles/Decision.ts"
import { noSightings, observeSighting, recentSightings, type Sightings } from "./ClockAlarms.ts"
import { clockVerdict } from "./ClockVerdict.ts"
import { type HeldClock, nextHeldClock } from "./Holdover.ts"
import { type ClockProgram, isClockProgram, noEvidence, observeEvent, type ProgramEvidence } from "./ProgramEvidence.ts"
import { childName, parseChildMessage, type Speaker, speakerOf } from "./Speaker.ts"

/** The clock of one program. */
export interface ObservedClock {
  readonly evidence: ProgramEvidence
  readonly held: HeldClock
  /** Clocks measured last, also by an earlier run: a state needs a name when the process is dead. */
  readonly steered: ReadonlyArray<string>
}

/** A process and what it has said. */
export interface ObservedProcess {
  /** The value that the supervisor runs: another object is another process, even when it has the same id. */
  readonly spec: ProcessSpec
  /** The value that had this id before; lines of it may still arrive. */
  readonly formerSpec: ProcessSpec | undefined
  readonly run: number
  /** True when this run is over. */
  readonly isEnded: boolean
  /** True once the supervisor has told of it. */
  readonly isListed: boolean
  /** By program; by program and tag for the children of timemaster. */
  readonly clocks: ReadonlyMap<string, ObservedClock>
  /** Children of timemaster by pid. */
  readonly children: ReadonlyMap<number, string>
  /** Of this spec, over its runs: a restart does not heal what alarms. */
  readonly sightings: Sightings
}

/** When something is judged, and by what. */
export interface Judgement {
  readonly threshold: ClockThreshold
  /** Monotonic nanoseconds. */
  readonly now: bigint
}

/** More children than a timemaster has. */
const mostClocks = 64

const unheld: HeldClock = { state: "FREERUN", reason: "NoProcess", heldUntil: undefined }

const clockOf = (program: ClockProgram, interfaces: ReadonlyArray<string>): ObservedClock => ({
  evidence: noEvidence(program, interfaces),
  held: unheld,
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

/** The process after one of its lines; the same object when the line tells nothing of a clock. */
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

/** A child that ends takes its evidence along; nobody but timemaster tells so. */
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
  // Two domains on one NIC can't be told apart: the one that lives would be silent for long.
  const clocks = ended.length === 1 ? new Map([...process.clocks, ...withoutEvidence(new Map(ended))]) : process.clocks
  return judgeProcess({ ...process, children, clocks }, judgement)
}

/** The process after a status of it. `isNews`: the supervisor's status before this one was of another process. */
export const observeProcessStatus = (
  known: ObservedProcess | undefined,
  status: ProcessStatus,
  isNews: boolean,
  judgement: Judgement
): ObservedProcess => {
  const process = { ...(known ?? newProcess(status.spec)), isListed: true }
  if (process.spec !== status.spec) {
    // Lines of the new process were faster than its status.
    if (!isNews) return process
    const next = nextRun(process, status.spec, status.run, judgement)
    return status.pid === undefined ? endOfRun(next, judgement) : next
  }
  if (status.run < process.run) return process
  const current = status.run > process.run ? nextRun(process, status.spec, status.run, judgement) : process
  return status.pid === undefined && !current.isEnded ? endOfRun(current, judgement) : current
}

/** The process with nothing known of its run but that it is over. */
export const endOfRun = (process: ObservedProcess, judgement: Judgement): ObservedProcess =>
  judgeProcess({ ...process, isEnded: true, clocks: withoutEvidence(process.clocks) }, judgement)

/** The same process at another time or with other thresholds; the same object when nothing changes. */
export const judgeProcess = (process: ObservedProcess, judgement: Judgement): ObservedProcess => {
  const clocks = new Map<string, ObservedClock>()
  const sightings = recentSightings(process.sightings, judgement.now)
  let isChanged = sightings !== process.sightings
  for (const [key, clock] of process.clocks) {
    const judged = judgeClock(process, clock, judgement)
    // A child of timemaster that is gone has no status that would tell so.
    const isGone = process.spec.program === "timemaster" && judged.held.state === "FREERUN" && isSilent(judged.evidence)
    isChanged ||= isGone || judged !== clock
    if (!isGone) clocks.set(key, judged)
  }
  return isChanged ? { ...process, clocks, sightings } : process
}

/** The run that follows: evidence starts anew, a lock is held on. */
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
  const verdict = process.isEnded
    ? "NoProcess"
    : clockVerdict(clock.evidence, threshold, process.spec.program === "timemaster", now)
  const held = nextHeldClock(clock.held, verdict, threshold.holdOverTimeoutSeconds, now)
  const { heldUntil, reason } = clock.held
  return held.reason === reason && held.heldUntil === heldUntil ? clock : { ...clock, held }
}

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
