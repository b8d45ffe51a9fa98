import { assert, describe, it } from "@effect/vitest"
import { isFresh, isGivenUp, isSettled, measurementOf } from "../../../src/services/clocks/Measurement.ts"
import { distanceOf } from "../../../src/services/clocks/OffsetDistance.ts"
import type { OffsetEvent, SummaryEvent } from "../../../src/services/linuxptp/LogEvent.ts"

const offset = (offsetNs: number, change: Partial<OffsetEvent> = {}) =>
  measurementOf({ kind: "offset", offsetNs, servoState: "s2", frequencyPpb: 0, ...change }, "master", 1n, undefined)
const summary = (rmsNs: number, change: Partial<SummaryEvent> = {}) =>
  measurementOf(
    { kind: "summary", rmsNs, maxNs: rmsNs, frequencyPpb: 0, frequencyStdDevPpb: 0, ...change },
    "master",
    1n,
    undefined
  )
const threshold = (minOffsetNs: number, maxOffsetNs: number) => ({
  holdOverTimeoutSeconds: 5,
  minOffsetNs,
  maxOffsetNs
})

describe("Measurement", () => {
  it.each([
    [-1001, "Far"],
    [-1000, "Outside"],
    [-101, "Outside"],
    [-100, "Inside"],
    [0, "Inside"],
    [100, "Inside"],
    [101, "Outside"],
    [1000, "Outside"],
    [1001, "Far"]
  ])("an offset of %s ns is to ±100 ns: %s", (offsetNs, expected) => {
    assert.strictEqual(distanceOf(offset(offsetNs), threshold(-100, 100)), expected)
  })

  it("measures each side by its own threshold", () => {
    assert.strictEqual(distanceOf(offset(-101), threshold(-10, 1000)), "Far")
    assert.strictEqual(distanceOf(offset(1001), threshold(-10, 1000)), "Outside")
  })

  it("takes either sign for a summary, which has none", () => {
    assert.strictEqual(distanceOf(summary(500), threshold(-100, 1000)), "Inside")
    assert.strictEqual(distanceOf(summary(500), threshold(-1000, 100)), "Inside")
    assert.strictEqual(distanceOf(summary(500), threshold(-10, 100)), "Outside")
    assert.strictEqual(distanceOf(summary(1001), threshold(-100, 100)), "Far")
    assert.strictEqual(distanceOf(offset(500), threshold(-1000, 100)), "Outside")
  })

  it.each([["s0", false], ["s1", false], ["s2", true], ["s3", true]] as const)(
    "is settled in %s: %s",
    (servoState, is) => {
      assert.strictEqual(isSettled(offset(0, { servoState })), is)
    }
  )

  it("is not settled without its reference, and settled in a summary", () => {
    assert.isFalse(isSettled(offset(0, { holdover: true })))
    assert.isTrue(isSettled(summary(0)))
    assert.isFalse(isGivenUp(offset(0, { holdover: true })))
    assert.isTrue(isGivenUp(offset(0, { holdover: true, servoState: "s0" })))
  })

  it("stays fresh for 150 s while no second measurement tells the interval, not for ever", () => {
    const { measuredAt } = offset(0)
    assert.isTrue(isFresh(offset(0), measuredAt + 150_000_000_000n))
    assert.isFalse(isFresh(offset(0), measuredAt + 150_000_000_001n))
  })

  it("has 0 for a delay that is not printed", () => {
    assert.strictEqual(offset(0).delayNs, 0)
    assert.strictEqual(summary(0, { delayNs: -7 }).delayNs, -7)
  })
})
