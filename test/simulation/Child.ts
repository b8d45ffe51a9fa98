/** One simulated child: what it prints, when it becomes ready, and how it ends or why it cannot end. */
import { makeLineReader } from "../../src/layers/processes/LineReader.ts"
import type { OutputLine, ProcessExit, Vitals } from "../../src/services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import { type Behaviour, readyLines, talk } from "./Behaviour.ts"
import type { VirtualTime } from "./VirtualTime.ts"

/** A child that is not reaped yet. */
export interface Child {
  readonly pid: number
  readonly spec: ProcessSpec
  /** When its start was asked for; the fork took from then on. */
  readonly askedAt: number
  readonly bornAt: number
  readyAt: number | undefined
  termAt: number | undefined
  killAt: number | undefined
  obeysAfter: number | undefined
  /** D state: what would end it has to wait. */
  isStuck: boolean
  /** It executes nothing: stopped (`T`), or asleep for ever. A signal that nobody can ignore still ends it. */
  hang: "stopped" | "asleep" | undefined
  /** Since when it executes nothing, for whatever reason. */
  frozenAt: number | undefined
  isMute: boolean
  /** A ptp4l whose management socket is gone or another's: no phc2sys gets ready on it. */
  isDeaf: boolean
  /** From its end until that is noticed: a grandchild holds its output open. */
  outlivedBy: number
  readonly print: (text: string, stream?: OutputLine["stream"]) => void
  readonly becomeReady: () => void
  /** What ptp4l says when it is asked: it may be ready although nobody heard it say so. */
  readonly answer: () => "silent" | "running" | "ready"
  readonly end: (exit: ProcessExit) => void
  readonly free: () => void
  /** It executes nothing from now on. */
  readonly freeze: (how: "stuck" | "stopped" | "asleep") => void
  readonly vitals: () => Vitals
}

/** phc2sys asks ptp4l once a second. */
const askEveryMillis = 1_000

interface ChildOptions {
  readonly pid: number
  readonly spec: ProcessSpec
  readonly askedAt: number
  readonly behaviour: Behaviour
  readonly time: VirtualTime
  readonly isLiving: () => boolean
  /** Nothing keeps it from being ready. */
  readonly canWork: () => boolean
  readonly onLine: (line: OutputLine) => void
  readonly onReady: (child: Child) => void
  readonly onEnd: (child: Child, exit: ProcessExit) => void
}

export const makeChild = (
  { askedAt, behaviour, canWork, isLiving, onEnd, onLine, onReady, pid, spec, time }: ChildOptions
): Child => {
  let pending: ProcessExit | undefined
  /** Beside those that come by themselves. */
  let wakes = 0
  let isWorking = false
  let heard = ""
  const hear = (stream: OutputLine["stream"]) =>
    makeLineReader((text) => {
      heard = text
      onLine({ stream, text })
    })
  const readers = { stdout: hear("stdout"), stderr: hear("stderr") }
  const end = (exit: ProcessExit) => {
    if (!isLiving()) return
    // What executes nothing does not exit by itself.
    if (child.isStuck || (child.hang !== undefined && "code" in exit)) pending ??= exit
    else onEnd(child, exit)
  }
  const print = (text: string, stream: OutputLine["stream"] = "stdout") => {
    if (isLiving() && !child.isMute && child.frozenAt === undefined) {
      readers[stream].read(Buffer.from(`${text}\n`), time.now())
    }
  }
  const beReady = () => {
    if (child.readyAt !== undefined) return
    child.readyAt = time.now()
    onReady(child)
  }
  const answer = () => {
    if (!isLiving() || child.frozenAt !== undefined || child.isDeaf) return "silent"
    wakes += 1
    if (!isWorking) return "running"
    beReady()
    return "ready"
  }
  const becomeReady = () => {
    if (!isLiving() || child.readyAt !== undefined) return
    const isAble = child.frozenAt === undefined && canWork()
    const readyLine = isAble ? readyLines[spec.program]?.(spec, time.now()) : undefined
    const line = readyLine ?? talk(spec.program, time.now())
    isWorking ||= isAble
    print(line)
    if (isAble && heard === line) beReady()
    else if (!child.isMute) {
      // Not yet, or it was lost in a flood. Programs say more than once that they work: offsets, other port states.
      time.after(askEveryMillis, becomeReady)
    }
  }
  const child: Child = {
    pid,
    spec,
    askedAt,
    bornAt: time.now(),
    readyAt: undefined,
    termAt: undefined,
    killAt: undefined,
    obeysAfter: behaviour.obeysAfter,
    isStuck: false,
    hang: undefined,
    frozenAt: undefined,
    isMute: behaviour.isMute,
    isDeaf: behaviour.isDeaf,
    outlivedBy: 0,
    print,
    becomeReady,
    answer,
    end,
    free: () => {
      child.isStuck = false
      child.hang = undefined
      child.frozenAt = undefined
      wakes += 1
      const exit = pending
      pending = undefined
      if (exit !== undefined) end(exit)
    },
    freeze: (how) => {
      child.frozenAt ??= time.now()
      if (how === "stuck") child.isStuck = true
      else child.hang = how
    },
    vitals: () => {
      const state = child.isStuck ? "D" : child.hang === "stopped" ? "T" : "S"
      // phc2sys wakes up once a second, ptp4l when it is asked, and the others never have to.
      const alone = spec.program === "phc2sys" ? Math.floor(((child.frozenAt ?? time.now()) - child.bornAt) / 1_000) : 0
      return { state, switches: alone + wakes }
    }
  }
  return child
}
