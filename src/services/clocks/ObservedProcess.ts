/**
 * What the daemon has observed of one supervised process: which run of it printed the lines, and the clocks of the
 * programs in it. A process is one program, except timemaster, which passes on the lines of its ptp4l and phc2sys.
 * Lines of an earlier run, or of another process that had the same id before, never count.
 */
import { type LogEvent, parseLogLine } from "../linuxptp/LogEvent.ts"
import type { ManagementNews } from "../linuxptp/ManagementClient.ts"
import type { ProcessSpec } from "../processes/ProcessSpec.ts"
import type { ProcessLine, ProcessStatus } from "../processes/ProcessSupervisor.ts"
import { noSightings, observeSighting, recentSightings, type Sightings, type SightingSpeaker } from "./ClockAlarms.ts"
import { type ClockSettings, clockSettings } from "./ClockSettings.ts"
import { type LineTimes, lineTimes } from "./LineTimes.ts"
import { observeManagement } from "./ManagementEvidence.ts"
import {
  isOnlySampled,
  judgeClock,
  type Judgement,
  newClock,
  type ObservedClock,
  withEvidence,
  withoutEvidence
} from "./ObservedClock.ts"
import { printIntervalOf } from "./PrintInterval.ts"
import { isClockProgram, observeEvent, type ProgramEvidence } from "./ProgramEvidence.ts"
import { childName, parseChildMessage, type Speaker, speakerOf } from "./Speaker.ts"

/** A process and what is known from its lines. */
export interface ObservedProcess {
  /** The spec object that the supervisor runs. Another object means another process, even with the same id. */
  readonly spec: ProcessSpec
  /** The spec that had this id before. Lines of it may still arrive. */
  readonly formerSpec: ProcessSpec | undefined
  /** What `spec` says about its clocks. */
  readonly settings: ClockSettings
  readonly run: number
  /** True when this run is over. */
  readonly isEnded: boolean
  /** True while it shows no sign of life. Then its measurements are gone, however new the last one is. */
  readonly isStalled: boolean
  /** True once the supervisor has listed it. */
  readonly isListed: boolean
  /** By program name; for children of timemaster by program name and tag. */
  readonly clocks: ReadonlyMap<string, ObservedClock>
  /** Children of timemaster by pid. */
  readonly children: ReadonlyMap<number, string>
  /** What was seen with this spec, over all its runs: a restart does not end an alarm. */
  readonly sightings: Sightings
}

/** No timemaster has more children. */
const mostClocks = 64

const newProcess = (spec: ProcessSpec): ObservedProcess => ({
  spec,
  formerSpec: undefined,
  settings: clockSettings(spec),
  run: 0,
  isEnded: true,
  isStalled: false,
  isListed: false,
  clocks: freshClocks(spec),
  children: new Map(),
  sightings: noSightings
})

const freshClocks = (spec: ProcessSpec): ObservedProcess["clocks"] =>
  isClockProgram(spec.program)
    ? new Map([[spec.program, newClock(spec.program, spec.interfaces, printIntervalOf(spec))]])
    : new Map()

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
  if (event.program === "timemaster") {
    const seen = withSighting(current, { program: event.program, interfaces: [] }, event, judgement)
    return "text" in event ? observeChild(seen, event.text, judgement) : seen
  }
  const speaker = speakerOf(line.spec, event)
  return speaker === undefined
    ? current
    : withClock(withSighting(current, speaker, event, judgement), speaker, event, {
      ...judgement,
      ...lineTimes(event.uptime, judgement.now)
    })
}

/** The process after news from its management socket in this run. Returns the same object if they say nothing. */
export const observeProcessNews = (
  process: ObservedProcess,
  news: ManagementNews,
  judgement: Judgement
): ObservedProcess => {
  const key = process.spec.program
  const clock = process.clocks.get(key)
  return clock === undefined
    ? process
    : withClockEvidence(process, key, clock, observeManagement(clock.evidence, news), judgement)
}

const withSighting = (
  process: ObservedProcess,
  speaker: SightingSpeaker,
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
  const clocks = ended.length === 1 ? new Map([...process.clocks, ...allWithoutEvidence(ended)]) : process.clocks
  return judgeProcess({ ...process, children, clocks }, judgement)
}

/** True if nothing has changed but the samples of a ptp4l. */
export const isProcessOnlySampled = (before: ObservedProcess, after: ObservedProcess): boolean =>
  before.spec === after.spec && before.run === after.run && before.isEnded === after.isEnded &&
  before.isStalled === after.isStalled && before.isListed === after.isListed && before.sightings === after.sightings &&
  before.clocks.size === after.clocks.size && [...after.clocks].every(([key, clock]) => {
    const known = before.clocks.get(key)
    return known !== undefined && isOnlySampled(known, clock)
  })

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
  if (status.pid === undefined && !current.isEnded) return endOfRun(current, judgement)
  const { isStalled } = status
  return current.isStalled === isStalled ? current : judgeProcess({ ...current, isStalled }, judgement)
}

/** The process after the end of its run: nothing is known except that it is over. */
export const endOfRun = (process: ObservedProcess, judgement: Judgement): ObservedProcess =>
  judgeProcess({ ...process, isEnded: true, clocks: allWithoutEvidence(process.clocks) }, judgement)

/** The same process judged at another time or with other thresholds. Returns the same object if nothing changes. */
export const judgeProcess = (process: ObservedProcess, judgement: Judgement): ObservedProcess => {
  const clocks = new Map<string, ObservedClock>()
  const sightings = recentSightings(process.sightings, judgement.now)
  let isChanged = sightings !== process.sightings
  for (const [key, clock] of process.clocks) {
    const next = judged(process, clock, judgement)
    // A child of timemaster that has ended has no status that could show it.
    const isFree = [...next.held.values()].every(({ state }) => state === "FREERUN")
    const isGone = process.spec.program === "timemaster" && isFree && isSilent(next.evidence)
    isChanged ||= isGone || next !== clock
    if (!isGone) clocks.set(key, next)
  }
  return isChanged ? { ...process, clocks, sightings } : process
}

/** The following run of the process. Its evidence starts empty, but a lock goes into holdover. */
const nextRun = (process: ObservedProcess, spec: ProcessSpec, run: number, judgement: Judgement): ObservedProcess => {
  const isSame = spec === process.spec
  const fresh = freshClocks(spec)
  const clocks = new Map([...fresh, ...process.clocks].map(([key, clock]) => {
    const evidence = fresh.get(key)?.evidence ?? withoutEvidence(clock).evidence
    return [key, { ...clock, evidence, hasFollowed: isSame && clock.hasFollowed }]
  }))
  return judgeProcess({
    ...process,
    spec,
    settings: isSame ? process.settings : clockSettings(spec),
    formerSpec: isSame ? process.formerSpec : process.spec,
    run,
    isEnded: false,
    isStalled: false,
    clocks,
    children: new Map(),
    sightings: isSame ? process.sightings : noSightings
  }, judgement)
}

const allWithoutEvidence = (clocks: Iterable<readonly [string, ObservedClock]>): ObservedProcess["clocks"] =>
  new Map([...clocks].map(([key, clock]) => [key, withoutEvidence(clock)]))

const isSilent = ({ measurements, ports }: ProgramEvidence): boolean => ports.size === 0 && measurements.size === 0

const judged = (process: ObservedProcess, clock: ObservedClock, judgement: Judgement): ObservedClock =>
  judgeClock(clock, {
    isEnded: process.isEnded,
    isStalled: process.isStalled,
    isMeter: process.spec.program === "timemaster",
    settings: process.settings
  }, judgement)

const withClock = (
  process: ObservedProcess,
  { interfaces, key, program }: Speaker,
  event: LogEvent,
  judgement: Judgement & LineTimes
): ObservedProcess => {
  if (process.clocks.size >= mostClocks && !process.clocks.has(key)) return process
  const clock = process.clocks.get(key) ?? newClock(program, interfaces)
  return withClockEvidence(process, key, clock, observeEvent(clock.evidence, event, judgement), judgement)
}

const withClockEvidence = (
  process: ObservedProcess,
  key: string,
  clock: ObservedClock,
  evidence: ProgramEvidence,
  judgement: Judgement
): ObservedProcess => {
  if (evidence === clock.evidence) return process
  const next = judged(process, withEvidence(clock, evidence), judgement)
  return { ...process, clocks: new Map(process.clocks).set(key, next) }
}
