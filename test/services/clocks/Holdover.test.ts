import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { ClockVerdict } from "../../../src/services/clocks/ClockVerdict.ts"
import { type HeldClock, nextHeldClock, unheldClock } from "../../../src/services/clocks/Holdover.ts"
import { type Measurement, measurementOf } from "../../../src/services/clocks/Measurement.ts"
import type { OffsetDistance } from "../../../src/services/clocks/OffsetDistance.ts"

const second = 1_000_000_000n

/** Each call is another measurement. */
const measurement = (): Measurement =>
  measurementOf({ kind: "offset", offsetNs: 0, servoState: "s2", frequencyPpb: 0 }, "master", 0n, undefined)
const measured = (distance: OffsetDistance, isSettled = true, isOnlySlewed = false): ClockVerdict => ({
  kind: "Measured",
  measurement: measurement(),
  distance,
  isSettled,
  isOnlySlewed
})
const gone: ClockVerdict = { kind: "Gone", reason: "Listening" }
const free: ClockVerdict = { kind: "Free", reason: "Unlocked", isDistrusted: true }
const heldOver: ClockVerdict = { kind: "HeldOver" }
const after = (...verdicts: ReadonlyArray<ClockVerdict>): HeldClock =>
  verdicts.reduce((held, verdict) => nextHeldClock(held, verdict, 5, 0n), unheldClock)
const inside = () => measured("Inside")
const outside = () => measured("Outside")
const stateOf = ({ reason, state }: HeldClock) => `${state} ${reason}`

describe("nextHeldClock", () => {
  it.each<readonly [string, string, ReadonlyArray<ClockVerdict>]>([
    ["a clock that never was locked", "FREERUN Listening", [gone]],
    ["a first measurement inside", "LOCKED Locked", [inside()]],
    ["a first measurement inside after others outside", "LOCKED Locked", [outside(), outside(), outside(), inside()]],
    ["a lock whose measurements are gone", "HOLDOVER Holdover", [inside(), gone]],
    ["a lock that is known to be none", "FREERUN Unlocked", [inside(), free]],
    ["a holdover that is known to be over", "FREERUN Unlocked", [inside(), gone, free]],
    ["a holdover in which a bad offset is measured", "FREERUN OffsetOutOfBounds", [inside(), gone, outside()]],
    ["a good offset after such a one", "LOCKED Locked", [inside(), gone, outside(), inside()]],
    ["a servo that begins anew, far away", "FREERUN OffsetOutOfBounds", [inside(), measured("Outside", false)]],
    ["a servo that begins anew, near", "HOLDOVER Holdover", [inside(), measured("Inside", false)]],
    ["a holdover by the program's own word", "HOLDOVER Holdover", [heldOver]],
    ["one good offset after a clock that ran free", "FREERUN Unlocked", [inside(), free, inside()]],
    ["three good offsets after it", "LOCKED Locked", [inside(), free, inside(), inside(), inside()]],
    ["a clock that was wrong and then lost", "FREERUN Listening", [inside(), measured("Far"), gone]]
  ])("%s is %s", (_, expected, verdicts) => {
    assert.strictEqual(stateOf(after(...verdicts)), expected)
  })

  it("holds nothing with a holdover of 0 s", () => {
    assert.strictEqual(nextHeldClock(after(inside()), gone, 0, 0n).reason, "Listening")
  })

  it("ends a program's own holdover by its words, never by a timer", () => {
    const held = after(inside(), heldOver)
    assert.strictEqual(held.heldUntil, undefined)
    assert.strictEqual(stateOf(nextHeldClock(held, heldOver, 5, 9999n * second)), "HOLDOVER Holdover")
    assert.strictEqual(stateOf(nextHeldClock(held, free, 14_400, second)), "FREERUN Unlocked")
    assert.strictEqual(stateOf(nextHeldClock(held, gone, 14_400, second)), "FREERUN Listening")
  })

  it("is too far when an offset was only slewed for 10 s, not before, and from a servo that had settled on", () => {
    const slewed = (isSettled: boolean) => measured("Far", isSettled, true)
    const from = (first: ClockVerdict, ...rest: ReadonlyArray<readonly [seconds: bigint, ClockVerdict]>) =>
      rest.reduce((held, [seconds, verdict]) => nextHeldClock(held, verdict, 5, seconds * second), after(first))
        .isTooFar
    assert.isTrue(from(slewed(true), [10n, slewed(true)]))
    assert.isFalse(from(slewed(true), [9n, slewed(true)]))
    assert.isFalse(from(slewed(false), [10n, slewed(false)]))
    assert.isTrue(from(slewed(true), [5n, slewed(false)], [10n, slewed(true)]))
    assert.isFalse(from(slewed(true), [5n, measured("Far")], [10n, slewed(true)]))
    assert.isFalse(from(slewed(true), [5n, gone], [10n, slewed(true)]))
    assert.isFalse(from(slewed(true), [10n, slewed(true)], [11n, inside()]))
  })

  it("counts a measurement once, however often it is judged", () => {
    const bad = outside()
    assert.strictEqual(after(inside(), bad, bad, bad, bad).state, "LOCKED")
    const good = inside()
    assert.strictEqual(after(inside(), measured("Far"), good, good, good, good).state, "FREERUN")
  })

  it("is in HOLDOVER at most its time since its measurements are gone, and never beside a bad one", () => {
    const verdict = fc.constantFrom("inside", "outside", "far", "gone", "free")
    fc.assert(fc.property(fc.array(fc.tuple(verdict, fc.nat(4))), fc.nat(9), (steps, holdOverSeconds) => {
      let now = 0n
      let lostAt: bigint | undefined
      let held: HeldClock = unheldClock
      let [bad, good] = [0, 0]
      for (const [kind, seconds] of steps) {
        now += BigInt(seconds) * second
        const before = held
        const verdicts = { inside: inside(), outside: outside(), far: measured("Far"), gone, free }
        held = nextHeldClock(held, verdicts[kind], holdOverSeconds, now)
        bad = kind === "outside" || kind === "far" ? bad + 1 : 0
        good = kind === "inside" ? good + 1 : 0
        if (kind === "gone" && before.state === "LOCKED") lostAt = now
        if (held.state === "HOLDOVER") {
          assert.strictEqual(kind, "gone")
          assert.isBelow(Number(now - (lostAt ?? now)), holdOverSeconds * 1e9)
        }
        if (good >= 3) assert.strictEqual(held.state, "LOCKED")
        if (bad >= 3 || kind === "far" || kind === "free") assert.strictEqual(held.state, "FREERUN")
        if (before.state === "LOCKED" && kind === "outside" && bad < 3) assert.strictEqual(held.state, "LOCKED")
      }
    }))
  })
})
