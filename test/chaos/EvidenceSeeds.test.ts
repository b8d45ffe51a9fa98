/**
 * What is known of one ptp4l by its log and its socket, while one of them or the ptp4l itself fails, `SEEDS` of them from
 * `SEED_START` on.
 */
import { assert, describe, it } from "@effect/vitest"
import { clockSeries } from "../../src/services/clocks/ClockSeries.ts"
import { type EvidenceWorld, makeEvidenceWorld } from "./EvidenceWorld.ts"

const seeds = Number(process.env["SEEDS"] ?? 1_000)
const firstSeed = Number(process.env["SEED_START"] ?? 0)

interface Fault {
  readonly kind: string
  readonly begin: (world: EvidenceWorld) => void
  readonly end: (world: EvidenceWorld) => void
  /** True if the clock has to be LOCKED after so many seconds of it, false if it must not be, undefined if it may. */
  readonly isLocked: (world: EvidenceWorld, seconds: number) => boolean | undefined
}

/** LOCKED is said no longer than so many seconds. */
const within = (seconds: number) => (_: EvidenceWorld, passed: number) => passed < seconds ? undefined : false

const always = () => true

const faults: ReadonlyArray<Fault> = [
  {
    kind: "a stopped ptp4l",
    begin: (world) => {
      world.isStopped = true
    },
    end: (world) => {
      world.isStopped = false
    },
    isLocked: within(7)
  },
  {
    kind: "Announce without Sync",
    begin: (world) => {
      world.hearsSync = false
    },
    end: (world) => {
      world.hearsSync = true
    },
    isLocked: within(7)
  },
  {
    kind: "a dead socket with a talking log",
    begin: (world) => {
      world.isAnswering = false
    },
    end: (world) => {
      world.isAnswering = true
    },
    // Until the log has spoken after the first question that was not answered, ptp4l may be stopped.
    isLocked: ({ sinceSummary, summaryInterval }, seconds) =>
      summaryInterval <= 0 || (seconds > 6 && sinceSummary() / 1_000 < seconds - 6) ? true : undefined
  },
  {
    kind: "a talking socket with a silent log",
    begin: (world) => {
      world.isLogRead = false
    },
    end: (world) => {
      world.isLogRead = true
    },
    isLocked: always
  },
  {
    kind: "a cable that is pulled",
    begin: ({ enter }) => enter("FAULTY"),
    end: ({ enter }) => {
      enter("LISTENING")
      enter("UNCALIBRATED")
    },
    isLocked: within(1)
  },
  {
    kind: "a cable that is pulled while the log is silent",
    begin: (world) => {
      world.isLogRead = false
      world.enter("FAULTY")
    },
    end: ({ enter }) => {
      enter("LISTENING")
      enter("UNCALIBRATED")
    },
    isLocked: within(1)
  },
  {
    kind: "a cable that is pulled while the socket is dead",
    begin: (world) => {
      world.isAnswering = false
      world.enter("FAULTY")
    },
    end: (world) => {
      world.isAnswering = true
      world.enter("LISTENING")
      world.enter("UNCALIBRATED")
    },
    isLocked: within(1)
  },
  {
    kind: "another master",
    begin: ({ enter }) => {
      enter("UNCALIBRATED")
    },
    end: () => {},
    // Within a second of the servo's lock, whatever the summary interval.
    isLocked: (_, seconds) => seconds < 3 ? undefined : true
  }
]

/** A clock that is LOCKED has a good offset, and one that has run free for long has none. */
const contradictions = (world: EvidenceWorld, freeFor: number): ReadonlyArray<string> => {
  const offsets = clockSeries(world.state(), "node").filter(({ name }) => name === "offset_ns")
  return offsets.flatMap(({ value }) => {
    if (world.clock() === "LOCKED") return value === 999_999 ? ["LOCKED without an offset"] : []
    return freeFor > 12 && value !== 999_999 ? [`an offset of ${value} for ${freeFor} s`] : []
  })
}

const runSeed = (seed: number) => {
  const world = makeEvidenceWorld(seed)
  const { clock, dice, enter, tick } = world
  const breaches: Array<string> = []
  const happened: Array<string> = []
  let freeFor = 0
  const second = (what: string, seconds: number, isLocked: (seconds: number) => boolean | undefined) => {
    for (let tenth = 0; tenth < 10; tenth++) {
      tick()
      const wanted = isLocked(seconds + (tenth + 1) / 10)
      if (wanted !== undefined && (clock() === "LOCKED") !== wanted) {
        breaches.push(
          `seed ${seed}, ${what}, after ${seconds}.${tenth + 1} s: ${clock()}, summary ${world.summaryInterval}`
        )
      }
    }
    freeFor = clock() === "FREERUN" ? freeFor + 1 : 0
    for (const one of contradictions(world, freeFor)) breaches.push(`seed ${seed}, ${what}, ${seconds} s: ${one}`)
  }
  /** A calibration takes up to two samples, and asking up to a second. */
  const settle = (what: string, seconds: number) => {
    for (let passed = 0; passed < seconds; passed++) second(what, passed, (now) => now < 4 ? undefined : true)
  }
  enter("UNCALIBRATED")
  settle("the start", 10)
  for (let left = dice.between(1, 5); left > 0; left--) {
    const fault = dice.some(faults)
    if (fault === undefined) continue
    happened.push(fault.kind)
    fault.begin(world)
    const lasts = dice.between(1, 40)
    for (let passed = 0; passed < lasts; passed++) {
      second(fault.kind, passed, (seconds) => fault.isLocked(world, seconds))
    }
    fault.end(world)
    world.isLogRead = true
    settle(`after ${fault.kind}`, dice.between(5, 30))
  }
  return { breaches, happened }
}

describe(`what is known of a ptp4l among faults, seeds ${firstSeed} to ${firstSeed + seeds - 1}`, () => {
  it("is what is so, by the socket and by the log", () => {
    const runs = Array.from({ length: seeds }, (_, index) => runSeed(firstSeed + index))
    assert.deepStrictEqual(runs.flatMap(({ breaches }) => breaches).slice(0, 20), [])
    const kinds = new Set(runs.flatMap(({ happened }) => happened))
    if (seeds >= 1_000) assert.deepStrictEqual(faults.filter(({ kind }) => !kinds.has(kind)), [])
  })
})
