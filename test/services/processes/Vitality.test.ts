import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { lookPeriod, observe, type Vitality } from "../../../src/services/processes/Vitality.ts"

const second = 1_000_000_000n
const period = Duration.toNanosUnsafe(lookPeriod)

interface Seen {
  readonly state?: string
  readonly switches: number
  readonly owes?: boolean
  /** Seconds since the look before. */
  readonly after?: number
}

/** What a series of looks shows, from the first one at 100 s; it owes an answer since that look on which `owes` began. */
const watch = (looks: ReadonlyArray<Seen>, pauseSeconds?: number) => {
  let now = 100n * second
  let vitality: Vitality | undefined
  let owesSince: bigint | undefined
  const pause = pauseSeconds === undefined ? undefined : Duration.seconds(pauseSeconds)
  return looks.map(({ after, owes = false, state = "S", switches }) => {
    now += after === undefined ? period : BigInt(after) * second
    owesSince = owes ? owesSince ?? now : undefined
    vitality = observe(vitality, { now, vitals: { state, switches }, unansweredSince: owesSince }, pause)
    return vitality
  })
}

const same = (count: number, seen: Seen): ReadonlyArray<Seen> => Array.from({ length: count }, () => seen)
const stalledAt = (all: ReadonlyArray<Vitality>) => all.findIndex(({ isStalled }) => isStalled)
const hungAt = (all: ReadonlyArray<Vitality>) => all.findIndex(({ isHung }) => isHung)

describe("a process that is looked at", () => {
  it("never hangs while it sleeps and owes no answer, however long: its cable may be out", () =>
    assert.strictEqual(stalledAt(watch(same(1_000, { switches: 7 }))), -1))

  it("never hangs while it is silent and its context switches go on", () =>
    assert.strictEqual(
      stalledAt(watch(Array.from({ length: 100 }, (_, index) => ({ switches: index, owes: true })))),
      -1
    ))

  for (const state of ["T", "t", "D"]) {
    it(`is stalled at the second look in state ${state}, and hangs when that has lasted for 30 s`, () => {
      const all = watch([{ switches: 7 }, ...same(20, { state, switches: 8 })])
      assert.strictEqual(stalledAt(all), 2)
      assert.strictEqual(hungAt(all), 11)
    })
  }

  it("does not hang in a state that is another one at any look in between", () => {
    const all = watch([
      ...same(9, { state: "D", switches: 7 }),
      { switches: 7 },
      ...same(9, { state: "D", switches: 7 })
    ])
    assert.strictEqual(hungAt(all), -1)
  })

  it("does not hang in D state while its context switches go on: a slow driver", () =>
    assert.strictEqual(
      stalledAt(watch(Array.from({ length: 50 }, (_, index) => ({ state: "D", switches: index })))),
      -1
    ))

  it("hangs 30 s after the first answer that it owes, if its context switches stand still since then", () => {
    const all = watch([...same(100, { switches: 7 }), ...same(20, { switches: 7, owes: true })])
    assert.strictEqual(stalledAt(all), 101)
    assert.strictEqual(hungAt(all), 110)
  })

  it("does not hang when it has answered in between", () => {
    const owing = same(9, { switches: 7, owes: true })
    assert.strictEqual(hungAt(watch([...owing, { switches: 8 }, ...owing, { switches: 9 }, ...owing])), -1)
  })

  it("hangs by its context switches alone only if it wakes up by itself", () => {
    const all = watch(same(30, { switches: 7 }), 1)
    assert.strictEqual(stalledAt(all), 1)
    assert.strictEqual(hungAt(all), 10)
  })

  it("is given three of its own pauses where these are longer", () => {
    const all = watch(same(100, { switches: 7 }), 60)
    // 180 s, with two looks to spare for what was not seen.
    assert.strictEqual(stalledAt(all), 58)
    assert.strictEqual(hungAt(all), 60)
  })

  it("is counted anew after a look that came late, because the daemon itself was stopped", () => {
    const all = watch([...same(9, { switches: 7 }), { switches: 7, after: 60 }, ...same(20, { switches: 7 })], 1)
    assert.strictEqual(hungAt(all), 19)
    // What was known of it remains known.
    assert.isTrue(all[9]?.isStalled)
  })

  it("lives again with its next context switch", () => {
    const all = watch([...same(5, { state: "T", switches: 7 }), { switches: 8 }])
    assert.deepStrictEqual(all.map(({ isStalled }) => isStalled), [false, true, true, true, true, false])
  })
})
