/**
 * The node's clock among faults of clocks, `SEEDS` of them from `SEED_START` on, as in Seeds.test.ts. The faults come
 * one after the other, so what is true of the clock is known at each second.
 */
import { assert, describe, it } from "@effect/vitest"
import { clockSeries } from "../../src/services/clocks/ClockSeries.ts"
import { clockFaults } from "./ClockFaults.ts"
import { type ClockWorld, makeClockWorld } from "./ClockWorld.ts"

const seeds = Number(process.env["SEEDS"] ?? 1_000)
const firstSeed = Number(process.env["SEED_START"] ?? 0)

/** After a fault is over: three good measurements, and a look. */
const recoverySeconds = 8
/** An alarm by lines lasts 5 min, and a look comes each 5 s. */
const alarmSeconds = 306
/** It is long, and the same after most faults. */
const shareOfLongEnds = 0.1

/** Two things that must never be said of one clock: that it is LOCKED, and that it is not measured. */
const contradictions = (world: ClockWorld): ReadonlyArray<string> => {
  const series = clockSeries(world.state(), "node")
  const locked = new Set(
    series.flatMap(({ labels: { iface, process }, name, value }) =>
      name === "clock_state" && value === 1 ? [`${process} ${iface}`] : []
    )
  )
  return series.flatMap(({ labels: { iface, process }, name, value }) =>
    name === "offset_ns" && Math.abs(value) >= 999_999 && locked.has(`${process} ${iface}`)
      ? [`${process} ${iface}`]
      : []
  )
}

interface Run {
  readonly breaches: ReadonlyArray<string>
  readonly happened: ReadonlyArray<string>
}

const runSeed = (seed: number): Run => {
  const world = makeClockWorld(seed)
  const { clock, dice, enter, second, sources } = world
  const breaches: Array<string> = []
  const happened: Array<string> = []
  const look = (what: string, allowed: ReadonlyArray<string>, isUnbroken = false) => {
    const { reason, state } = clock()
    const where = `seed ${seed}, second ${world.now() / 1_000}, ${what}`
    if (!allowed.includes(state)) breaches.push(`${where}: ${state} ${reason} instead of ${allowed.join(" or ")}`)
    const told = world.told()
    if (isUnbroken && told.size > 1) breaches.push(`${where}: ${[...told].join(", ")}`)
    for (const one of contradictions(world)) breaches.push(`${where}: ${one} is LOCKED without a measurement`)
  }
  const pass = (seconds: number, what: string) => {
    for (let left = seconds; left > 0; left--) {
      second()
      look(what, left > seconds - recoverySeconds ? ["FREERUN", "HOLDOVER", "LOCKED"] : ["LOCKED"])
    }
  }
  for (const source of sources) {
    enter(source, "UNCALIBRATED", "RS_SLAVE")
    enter(source, "SLAVE", "MASTER_CLOCK_SELECTED")
  }
  pass(10, "the start")
  for (let left = dice.between(2, 6); left > 0; left--) {
    const fault = dice.some(clockFaults)
    const ongoing = fault?.begin(world)
    if (fault === undefined || ongoing === undefined) continue
    happened.push(fault.kind)
    const lasts = dice.between(1, ongoing.longest)
    for (let seconds = 0; seconds < lasts; seconds++) {
      second()
      look(fault.kind, ongoing.allowed(seconds), ongoing.isUnbroken)
    }
    // An offset has to be slewed for 10 s.
    if (ongoing.alarm !== undefined && lasts > 15 && !clock().alarms.some(({ reason }) => reason === ongoing.alarm)) {
      breaches.push(`seed ${seed}, ${fault.kind}: ${ongoing.alarm} is not told`)
    }
    ongoing.end()
    pass(dice.between(recoverySeconds + 1, 30), `after ${fault.kind}`)
  }
  if (dice.chance(shareOfLongEnds)) {
    pass(alarmSeconds, "the end")
    for (const { reason } of clock().alarms) breaches.push(`seed ${seed}: ${reason} is told for ever`)
  }
  return { breaches, happened }
}

describe(`the node's clock among faults, seeds ${firstSeed} to ${firstSeed + seeds - 1}`, () => {
  it("is what is so at each second, and LOCKED again after each fault", () => {
    const runs = Array.from({ length: seeds }, (_, index) => runSeed(firstSeed + index))
    const counts = clockFaults.map(({ kind }) =>
      [kind, runs.flatMap(({ happened }) => happened).filter((one) => one === kind).length] as const
    )
    console.log(counts.map(([kind, count]) => `${String(count).padStart(6)} ${kind}`).join("\n"))
    assert.deepStrictEqual(runs.flatMap(({ breaches }) => breaches).slice(0, 20), [])
    if (seeds >= 1_000) assert.deepStrictEqual(counts.filter(([, count]) => count === 0), [])
  })
})
