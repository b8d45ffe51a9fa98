import { assert, describe, it } from "@effect/vitest"
import { clockSeries } from "../../../src/services/clocks/ClockSeries.ts"
import {
  advance,
  type ClockState,
  initialClockState,
  nextDeadline,
  observeLine,
  observeNews,
  observeStatuses
} from "../../../src/services/clocks/ClockState.ts"
import { nodeClock } from "../../../src/services/clocks/NodeClockView.ts"
import type { ManagementAnswer } from "../../../src/services/linuxptp/ManagementClient.ts"
import type { PortState } from "../../../src/services/linuxptp/PortState.ts"
import { lineOf, specOf, statusOf } from "./ProcessLog.ts"

const second = 1_000_000_000n
const at = (seconds: number) => BigInt(Math.round(seconds * 1e9))

const summaries = (summaryInterval: number) =>
  specOf("ptp4l", { argv: ["ptp4l", "-s", `--summary_interval=${summaryInterval}`] })

const ptp4l = summaries(0)

/** A ptp4l that runs, at 100 s of the node's uptime, before anything was heard of it. */
const startedWith = (spec = ptp4l) => observeStatuses(initialClockState, [statusOf(spec)], at(100))

/** The line as it was printed at this time, read when `now` says. */
const printed = (state: ClockState, message: string, seconds: number, now = seconds, spec = ptp4l) =>
  observeLine(state, lineOf(spec, `ptp4l[${seconds.toFixed(3)}]: ${message}`), at(now))

const told = (state: ClockState, answer: Partial<ManagementAnswer>, seconds: number, spec = ptp4l) =>
  observeNews(
    state,
    { spec, run: 1 },
    { kind: "told", answer: { ports: [], clockClass: undefined, ...answer }, heardAt: at(seconds) },
    at(seconds)
  )

const silent = (state: ClockState, askedAt: number, seconds: number, spec = ptp4l) =>
  observeNews(state, { spec, run: 1 }, { kind: "silent", askedAt: at(askedAt) }, at(seconds))

const port = (state: PortState) => ({ ports: [{ number: 1, state }] })
const grandmaster = { identity: "62bd56.fffe.1c046d" }
const sample = (offsetNs: number, ingressTime: number) => ({
  grandmaster,
  sample: { offsetNs, ingressTime: BigInt(ingressTime) }
})

const view = (state: ClockState) => nodeClock(state, undefined, 0)
const stateAndReason = (state: ClockState) => `${view(state)?.state} ${view(state)?.reason}`
const series = (state: ClockState, name: string) =>
  clockSeries(state, "worker-1").filter((one) => one.name === name).map(({ value }) => value)

/** Told on the socket alone: it follows, and has had two samples. LOCKED at 103 s. */
const lockedBySocket = (spec = ptp4l) => {
  const listening = told(startedWith(spec), { ...port("LISTENING"), ...sample(0, 0) }, 100, spec)
  const calibrating = told(listening, { ...port("UNCALIBRATED"), ...sample(90, 1) }, 102, spec)
  return told(calibrating, { ...port("SLAVE"), ...sample(12, 2) }, 103, spec)
}

/** Asked once a second from 104 s on; each time there is a new sample. */
const measuredUntil = (state: ClockState, seconds: number, spec = ptp4l) => {
  let next = state
  for (let time = 104; time <= seconds; time++) next = told(next, sample(-7, time), time, spec)
  return next
}

describe("evidence on the management socket", () => {
  it("is enough for a lock, its grandmaster, its ports and a signed offset, without a line", () => {
    const locked = measuredUntil(lockedBySocket(), 104)
    assert.deepInclude(view(locked), {
      state: "LOCKED",
      grandmaster: "62bd56.fffe.1c046d",
      ports: [{ interface: "ens1f0", state: "SLAVE" }]
    })
    assert.deepStrictEqual(series(locked, "offset_ns"), [-7])
    assert.deepStrictEqual(series(locked, "frequency_adjustment_ns"), [])
  })

  it("is LOCKED at once after a re-sync, not at the next summary", () => {
    const spec = summaries(4)
    const lost = told(measuredUntil(lockedBySocket(spec), 110, spec), port("FAULTY"), 110.5, spec)
    assert.strictEqual(stateAndReason(lost), "HOLDOVER Holdover")
    assert.deepStrictEqual(series(lost, "offset_ns"), [999_999])
    const again = told(told(lost, port("LISTENING"), 112, spec), port("UNCALIBRATED"), 112.3, spec)
    assert.strictEqual(stateAndReason(again), "HOLDOVER Holdover")
    assert.strictEqual(
      stateAndReason(told(again, { ...port("SLAVE"), ...sample(30, 200) }, 112.8, spec)),
      "LOCKED Locked"
    )
  })

  it("loses no lock because a summary is not due for minutes", () => {
    const spec = summaries(8)
    let state = printed(lockedBySocket(spec), "rms 12 max 30 freq -5 +/- 1", 104, 104, spec)
    for (let time = 105; time < 360; time++) {
      state = advance(told(state, sample(time % 20, time), time, spec), at(time))
      assert.strictEqual(stateAndReason(state), "LOCKED Locked")
    }
    // What only the summary tells is still shown.
    assert.deepStrictEqual(series(state, "max_offset_ns"), [30])
    assert.deepStrictEqual(series(state, "frequency_adjustment_ns"), [-5])
  })

  it.each([0, 8])("knows a Sync every 16 s after the second one, with summary_interval %i", (summaryInterval) => {
    const spec = summaries(summaryInterval)
    let state = lockedBySocket(spec)
    for (let time = 104; time < 200; time++) {
      const synced = time - (time - 103) % 16
      state = advance(told(state, sample(synced % 50, synced), time, spec), at(time))
      if (summaryInterval === 0 && time === synced) {
        state = printed(state, `master offset ${synced % 50} s2 freq +0 path delay 5`, time, time + 0.1, spec)
      }
      if (time < 119) continue
      assert.strictEqual(stateAndReason(state), "LOCKED Locked")
      assert.deepStrictEqual(series(state, "offset_ns"), [synced % 50])
    }
  })

  it("is no measurement when the sample is an old one, however often it is told", () => {
    let state = measuredUntil(lockedBySocket(), 110)
    for (let time = 111; time < 130; time++) state = advance(told(state, sample(-7, 110), time), at(time))
    assert.strictEqual(stateAndReason(state), "FREERUN Unlocked")
    assert.deepStrictEqual(series(state, "offset_ns"), [999_999])
  })

  it("is no measurement at its first answer, after a step, or where no port follows", () => {
    const first = told(startedWith(), { ...port("SLAVE"), ...sample(3, 77) }, 100)
    assert.strictEqual(stateAndReason(first), "FREERUN Unlocked")
    assert.strictEqual(stateAndReason(told(first, sample(3, 0), 101)), "FREERUN Unlocked")
    const serving = told(told(startedWith(), { ...port("MASTER"), ...sample(3, 1) }, 100), sample(3, 2), 101)
    assert.deepStrictEqual(series(serving, "offset_ns"), [])
  })

  it("does not take the offset from before a calibration for a new one", () => {
    const lost = told(measuredUntil(lockedBySocket(), 110), { ...port("LISTENING"), ...sample(-7, 0) }, 111)
    const calibrating = told(told(lost, port("UNCALIBRATED"), 112), sample(-7, 300), 113)
    assert.deepStrictEqual(series(advance(calibrating, at(121)), "offset_ns"), [999_999])
  })

  it.each([-2, 0, 4, 8])(
    "loses the lock of a ptp4l that is stopped within 7 s, with summary_interval %i",
    (interval) => {
      const spec = summaries(interval)
      const locked = measuredUntil(lockedBySocket(spec), 110, spec)
      // Just before it was stopped it printed a line.
      const state = printed(locked, "rms 12 max 30 freq -5 +/- 1", 110.2, 110.2, spec)
      const asked = silent(silent(state, 111, 113, spec), 111, 114, spec)
      const deadline = nextDeadline(asked)
      assert.isBelow(Number((deadline ?? 0n) - at(110.2)) / 1e9, 7)
      assert.strictEqual(stateAndReason(advance(asked, (deadline ?? 0n) - 1n)), "LOCKED Locked")
      assert.strictEqual(stateAndReason(advance(asked, deadline ?? 0n)), "HOLDOVER Holdover")
    }
  )

  it("loses the lock of a ptp4l that is stopped also where a sample is not due for long", () => {
    let state = lockedBySocket()
    for (let time = 107; time < 130; time += 4) state = told(state, sample(-7, time), time)
    // The next sample is due at 131 s, and two may be lost.
    assert.strictEqual(stateAndReason(advance(state, at(139))), "LOCKED Locked")
    assert.strictEqual(stateAndReason(silent(state, 132, 133.5)), "HOLDOVER Holdover")
  })

  it("says nothing against a lock when the socket is dead and the log goes on", () => {
    let state = measuredUntil(lockedBySocket(), 110)
    for (let time = 111; time < 200; time++) {
      state = printed(state, "rms 12 max 30 freq -5 +/- 1", time)
      state = advance(time > 112 ? silent(state, 110.5, time) : state, at(time) + second / 2n)
      assert.strictEqual(stateAndReason(state), "LOCKED Locked")
    }
    assert.strictEqual(stateAndReason(advance(state, at(209.1))), "HOLDOVER Holdover")
  })

  it("counts a sample once that both sources tell", () => {
    let state = measuredUntil(lockedBySocket(), 110)
    for (let time = 111; time < 113; time++) {
      state = printed(told(state, sample(time, time), time), `master offset ${time} s2 freq -5 path delay 5`, time)
    }
    // Two samples beyond the threshold are no event, a third one is.
    assert.strictEqual(stateAndReason(state), "LOCKED Locked")
    const third = told(printed(state, "master offset 113 s2 freq -5 path delay 5", 113), sample(113, 113), 113)
    assert.strictEqual(stateAndReason(third), "FREERUN OffsetOutOfBounds")
  })

  it("of two sources the newer one counts, whichever is read first", () => {
    const locked = measuredUntil(lockedBySocket(), 110)
    const late = printed(locked, "port 1: LISTENING to UNCALIBRATED on RS_SLAVE", 102, 110.1)
    assert.strictEqual(stateAndReason(late), "LOCKED Locked")
    const master = printed(locked, "selected local clock 020000.fffe.000001 as best master", 101, 110.1)
    assert.strictEqual(view(master)?.grandmaster, "62bd56.fffe.1c046d")
    const lost = printed(locked, "port 1: SLAVE to LISTENING on ANNOUNCE_RECEIPT_TIMEOUT_EXPIRES", 110.5, 111)
    assert.strictEqual(stateAndReason(told(lost, port("SLAVE"), 110.4)), "HOLDOVER Holdover")
    assert.strictEqual(stateAndReason(told(lost, port("SLAVE"), 110.6)), "HOLDOVER Holdover")
    assert.deepStrictEqual(view(told(lost, port("SLAVE"), 110.6))?.ports, [{ interface: "ens1f0", state: "SLAVE" }])
  })

  it("belongs to its run", () => {
    const locked = measuredUntil(lockedBySocket(), 110)
    const dead = observeStatuses(locked, [statusOf(ptp4l, { pid: undefined })], at(111))
    assert.strictEqual(told(dead, sample(1, 500), 111.1), dead)
    const successor = observeStatuses(dead, [statusOf(ptp4l, { run: 2 })], at(112))
    assert.strictEqual(told(successor, { ...port("SLAVE"), ...sample(1, 501) }, 112.1), successor)
  })

  it("has the class of the grandmaster's clock while it answers", () => {
    const locked = told(lockedBySocket(), { clockClass: 6 }, 104)
    assert.deepStrictEqual(series(locked, "clock_class"), [6])
    assert.deepStrictEqual(series(silent(locked, 105, 107), "clock_class"), [])
  })
})
