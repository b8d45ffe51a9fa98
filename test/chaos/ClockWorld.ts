/**
 * A node whose linuxptp prints what its clocks do, in virtual time: two ptp4l that stand in for each other, the phc2sys
 * that follows one of them, and a ts2phc with a receiver. Faults change what is so; the daemon's rules hear only lines
 * and statuses.
 */
import {
  advance,
  type ClockState,
  initialClockState,
  nextDeadline,
  observeLine,
  observeStatuses
} from "../../src/services/clocks/ClockState.ts"
import type { ClockStateName, NodeClock } from "../../src/services/clocks/NodeClock.ts"
import { nodeClock } from "../../src/services/clocks/NodeClockView.ts"
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import { saidBy, specOf, statusOf } from "../services/clocks/ProcessLog.ts"
import { type Dice, makeDice } from "../simulation/Dice.ts"

export interface Program {
  readonly spec: ProcessSpec
  run: number
  isDead: boolean
  isStalled: boolean
  /** It says at each step that it cannot adjust its clock, and goes on to print offsets or not. */
  refusal: "None" | "WithOffsets" | "Silent"
  /** What it prints next instead of a good offset. */
  nextOffsetNs: number | undefined
}

export interface Source extends Program {
  readonly nic: string
  state: "SLAVE" | "LISTENING" | "FAULTY" | "UNCALIBRATED"
}

export interface ClockWorld {
  readonly dice: Dice
  /** Two for phc2sys to follow; none beside a receiver. */
  readonly sources: ReadonlyArray<Source>
  readonly phc2sys: Program
  readonly ts2phc: Program | undefined
  /** What ts2phc takes the time from. */
  reference: "Present" | "HeldOver" | "GivenUp"
  /** How far the system clock is away. It is slewed by 0.1 s a second. */
  systemOffsetNs: number
  readonly now: () => number
  readonly say: (program: Program, ...messages: ReadonlyArray<string>) => void
  /** A port enters a state, and says so. */
  readonly enter: (source: Source, state: Source["state"], event: string) => void
  /** The supervisor tells how the programs are. */
  readonly tellStatuses: () => void
  /** One second goes by. */
  readonly second: () => void
  readonly clock: () => NodeClock
  /** Every state that was told since this was asked last. */
  readonly told: () => ReadonlySet<ClockStateName>
  readonly state: () => ClockState
}

const nanos = (millis: number) => BigInt(millis) * 1_000_000n
const stepMillis = 250
/** ObserveClocks looks so often for measurements that have stopped. */
const lookMillis = 5_000
const slewedNsInSecond = 100_000_000

const makeProgram = (spec: ProcessSpec): Program => ({
  spec,
  run: 1,
  isDead: false,
  isStalled: false,
  refusal: "None",
  nextOffsetNs: undefined
})

const ptp4l = (profile: string, nic: string): ProcessSpec =>
  specOf("ptp4l", { id: `ptp4l-${profile}`, profile, argv: ["ptp4l", "-s"], interfaces: [nic] })

const offsetOf = (program: Program, usual: number): number => {
  const offset = program.nextOffsetNs ?? usual
  program.nextOffsetNs = undefined
  return offset
}

const makeSource = (profile: string, nic: string): Source =>
  Object.assign(makeProgram(ptp4l(profile, nic)), { nic, state: "LISTENING" as const })

const refused = [
  "failed to adjust the clock: Operation not permitted",
  "failed to set clock status: Operation not permitted"
]

export const makeClockWorld = (seed: number): ClockWorld => {
  const dice = makeDice(seed)
  const hasReceiver = dice.chance(0.3)
  const sources = hasReceiver ? [] : [makeSource("a", "ens1f0"), makeSource("b", "ens2f0")]
  const ts2phc = hasReceiver
    ? makeProgram(specOf("ts2phc", { argv: ["ts2phc", "-s", "nmea", "-c", "ens4f0"] }))
    : undefined
  const phc2sys = makeProgram(specOf("phc2sys", {
    profile: "sys",
    argv: ["phc2sys", ...hasReceiver ? ["-s", "ens4f0", "-O", "-37"] : ["-a", "-r"]],
    after: sources.map(({ spec }) => spec.id)
  }))
  const programs = [...sources, phc2sys, ...ts2phc === undefined ? [] : [ts2phc]]
  let now = 1_000
  let state = initialClockState
  let clock: NodeClock | undefined
  let followed: string | undefined
  let told = new Set<ClockStateName>()

  const become = (next: ClockState) => {
    state = next
    clock = nodeClock(next, clock, now)
    if (clock !== undefined) told.add(clock.state)
  }
  const say: ClockWorld["say"] = (program, ...messages) => {
    if (program.isDead || program.isStalled) return
    for (const message of messages) become(observeLine(state, saidBy(program.spec, message, program.run), nanos(now)))
  }
  const tellStatuses = () =>
    become(observeStatuses(
      state,
      programs.map(({ isDead, isStalled, run, spec }) =>
        statusOf(spec, { run, isStalled, ...isDead ? { pid: undefined, state: "BackOff" } : {} })
      ),
      nanos(now)
    ))
  const enter: ClockWorld["enter"] = (source, to, event) => {
    if (source.state !== to) say(source, `port 1 (${source.nic}): ${source.state} to ${to} on ${event}`)
    source.state = to
  }

  /** phc2sys.c, do_loop: it changes its source before it measures. */
  const chooseSource = () => {
    const alive = sources.filter(({ isDead, state: port }) => port === "SLAVE" && !isDead).map(({ nic }) => nic)
    const next = alive.includes(followed ?? "") ? followed : alive[0]
    if (next === followed) return
    followed = next
    say(
      phc2sys,
      "reconfiguring after port state change",
      ...next === undefined
        ? []
        : [`selecting ${next} as domain source clock`, `selecting ${next} as out-of-domain source clock`]
    )
  }
  const measure = (program: Program, message: (offsetNs: number) => string, usual: number) => {
    if (program.refusal !== "None") say(program, ...refused)
    if (program.refusal !== "Silent") say(program, message(offsetOf(program, usual)))
  }
  const pulse = (program: Program) => {
    if (world.reference !== "Present") say(program, "nmea source timed out")
    if (world.reference === "GivenUp") return
    const held = world.reference === "HeldOver" ? " holdover" : ""
    measure(program, (offset) => `ens4f0 offset ${offset} s3 freq -10${held}`, dice.between(-20, 20))
  }
  const work = () => {
    for (const source of sources) {
      if (source.state !== "SLAVE") continue
      measure(source, (offset) => `master offset ${offset} s2 freq -55 path delay 214`, dice.between(-20, 20))
    }
    if (ts2phc !== undefined) pulse(ts2phc)
    chooseSource()
    if (sources.length > 0 && followed === undefined) return
    measure(
      phc2sys,
      (offset) => `CLOCK_REALTIME phc offset ${offset} s2 freq -10 delay 500`,
      world.systemOffsetNs + dice.between(-9, 9)
    )
    world.systemOffsetNs = Math.max(0, world.systemOffsetNs - slewedNsInSecond)
  }
  const world: ClockWorld = {
    dice,
    sources,
    phc2sys,
    ts2phc,
    reference: "Present",
    systemOffsetNs: 0,
    now: () => now,
    say,
    enter,
    tellStatuses,
    second: () => {
      work()
      for (let step = 0; step < 1_000; step += stepMillis) {
        now += stepMillis
        const deadline = nextDeadline(state)
        if (now % lookMillis === 0 || (deadline !== undefined && deadline <= nanos(now))) {
          become(advance(state, nanos(now)))
        }
      }
    },
    clock: () => {
      if (clock === undefined) throw new Error("no clock")
      return clock
    },
    told: () => {
      const all = told
      told = new Set()
      return all
    },
    state: () => state
  }
  tellStatuses()
  return world
}
