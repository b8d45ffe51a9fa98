import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { type HeldClock, nextHeldClock } from "../../../src/services/clocks/Holdover.ts"

const second = 1_000_000_000n

describe("nextHeldClock", () => {
  it("does not hold a clock that never was locked", () => {
    assert.deepStrictEqual(nextHeldClock(undefined, "Listening", 5, 0n), {
      state: "FREERUN",
      reason: "Listening",
      heldUntil: undefined
    })
  })

  it("holds nothing with a holdover of 0 s", () => {
    const locked = nextHeldClock(undefined, "Locked", 0, 0n)
    assert.strictEqual(nextHeldClock(locked, "NoProcess", 0, 0n).reason, "NoProcess")
  })

  it("is LOCKED exactly while the verdict says so, and in HOLDOVER at most its time since", () => {
    const verdict = fc.constantFrom("Locked" as const, "Listening" as const, "OffsetOutOfBounds" as const)
    fc.assert(fc.property(fc.array(fc.tuple(verdict, fc.nat(4))), fc.nat(9), (steps, holdOverSeconds) => {
      let now = 0n
      let lockedAt: bigint | undefined
      let lostAt: bigint | undefined
      let held: HeldClock | undefined
      for (const [reason, seconds] of steps) {
        now += BigInt(seconds) * second
        held = nextHeldClock(held, reason, holdOverSeconds, now)
        assert.strictEqual(held.state === "LOCKED", reason === "Locked")
        if (reason === "Locked") {
          lockedAt = now
          lostAt = undefined
          continue
        }
        lostAt ??= now
        const isHeld = lockedAt !== undefined && now - lostAt < BigInt(holdOverSeconds) * second
        assert.strictEqual(held.state, isHeld ? "HOLDOVER" : "FREERUN")
        assert.strictEqual(held.heldUntil !== undefined, isHeld)
      }
    }))
  })
})
