/**
 * One ptp4l in virtual time, as its log and its management socket show it. Faults change what is so; the daemon's rules
 * hear lines and news only, the lines sometimes a little late. It steps in tenths of a second and has a Sync each second.
 */
import {
  advance,
  type ClockState,
  initialClockState,
  nextDeadline,
  observeLine,
  observeNews,
  observeStatuses
} from "../../src/services/clocks/ClockState.ts"
import { nodeClock } from "../../src/services/clocks/NodeClockView.ts"
import type { ManagementAnswer } from "../../src/services/linuxptp/ManagementClient.ts"
import type { PortState } from "../../src/services/linuxptp/PortState.ts"
import { lineOf, specOf, statusOf } from "../services/clocks/ProcessLog.ts"
import { type Dice, makeDice } from "../simulation/Dice.ts"

export interface EvidenceWorld {
  readonly dice: Dice
  /** log2 of the seconds between two summaries. */
  readonly summaryInterval: number
  /** It is stopped: it neither prints nor answers. */
  isStopped: boolean
  /** Sync messages arrive. */
  hearsSync: boolean
  /** Its socket answers. */
  isAnswering: boolean
  /** What it prints is read. */
  isLogRead: boolean
  readonly port: () => PortState
  readonly enter: (state: PortState) => void
  /** Milliseconds since anything was printed with a measurement in it, and read. */
  readonly sinceSummary: () => number
  /** A tenth of a second goes by. */
  readonly tick: () => void
  readonly state: () => ClockState
  readonly clock: () => string
}

const tickMillis = 100
const grandmaster = { identity: "62bd56.fffe.1c046d" }
const nanos = (millis: number) => BigInt(millis) * 1_000_000n

export const makeEvidenceWorld = (seed: number): EvidenceWorld => {
  const dice = makeDice(seed)
  const summaryInterval = dice.pick([-2, 0, 4, 8])
  const spec = specOf("ptp4l", { argv: ["ptp4l", "-s", `--summary_interval=${summaryInterval}`] })
  // linuxptp below 4.0 has to be asked for its samples, once a second.
  const pushesSamples = dice.chance(0.5)
  let now = 1_000_000 + dice.between(0, 9) * tickMillis
  let state = observeStatuses(initialClockState, [statusOf(spec)], nanos(now))
  let port: PortState = "LISTENING"
  let sample = { offsetNs: 0, ingressTime: 0n }
  let summaryAt = 0
  let unansweredAt: number | undefined
  const late: Array<{ readonly readAt: number; readonly text: string }> = []

  const print = (message: string) => {
    if (!world.isLogRead || world.isStopped) return
    const text = `ptp4l[${(now / 1_000).toFixed(3)}]: ${message}`
    // Lines keep their order.
    late.push({ readAt: Math.max(now + dice.pick([0, 0, 0, 100, 300]), late.at(-1)?.readAt ?? 0), text })
  }
  const tell = (answer: Partial<ManagementAnswer>) => {
    if (!world.isAnswering || world.isStopped) return
    unansweredAt = undefined
    const told = { ports: [], clockClass: undefined, ...answer }
    state = observeNews(state, { spec, run: 1 }, { kind: "told", answer: told, heardAt: nanos(now) }, nanos(now))
  }
  const ports = () => ({ ports: [{ number: 1, state: port }] })
  const ask = () => {
    if (world.isAnswering && !world.isStopped) {
      return tell({ ...now % 5_000 < 1_000 ? ports() : {}, grandmaster, sample })
    }
    if (unansweredAt !== undefined && now - unansweredAt >= 1_500) {
      const askedAt = nanos(unansweredAt)
      state = observeNews(state, { spec, run: 1 }, { kind: "silent", askedAt }, nanos(now))
    }
    unansweredAt ??= now
  }
  const sync = () => {
    if (world.isStopped || !world.hearsSync || (port !== "SLAVE" && port !== "UNCALIBRATED")) return
    sample = { offsetNs: dice.between(-40, 40), ingressTime: nanos(now) }
    if (pushesSamples) tell({ grandmaster, sample })
    if (port === "UNCALIBRATED") return world.enter("SLAVE")
    if (summaryInterval <= 0) print(`master offset ${sample.offsetNs} s2 freq -5 path delay 500`)
    else if (now - summaryAt >= 1_000 * 2 ** summaryInterval) print("rms 12 max 40 freq -5 +/- 3 delay 500 +/- 1")
  }
  const read = () => {
    while (late[0] !== undefined && late[0].readAt <= now) {
      const { text } = late.shift() ?? { text: "" }
      if (/offset|rms/.test(text)) summaryAt = now
      state = observeLine(state, lineOf(spec, text), nanos(now))
    }
  }
  const world: EvidenceWorld = {
    dice,
    summaryInterval,
    isStopped: false,
    hearsSync: true,
    isAnswering: true,
    isLogRead: true,
    port: () => port,
    enter: (to) => {
      print(`port 1: ${port} to ${to} on RS_SLAVE`)
      if (to === "UNCALIBRATED") sample = { ...sample, ingressTime: 0n }
      port = to
      tell(ports())
      if (!pushesSamples || to === "UNCALIBRATED") tell({ grandmaster, sample })
    },
    sinceSummary: () => now - summaryAt,
    tick: () => {
      now += tickMillis
      if (now % 1_000 === 300) sync()
      if (now % (pushesSamples && unansweredAt === undefined ? 5_000 : 1_000) === 0) ask()
      read()
      const deadline = nextDeadline(state)
      if (deadline !== undefined && deadline <= nanos(now)) state = advance(state, nanos(now))
    },
    state: () => state,
    clock: () => nodeClock(state, undefined, 0)?.state ?? ""
  }
  return world
}
