import { assert, describe, it } from "@effect/vitest"
import { isFresh, isSettled, isWithin, measurementOf } from "../../../src/services/clocks/Measurement.ts"
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
  it.each([[-101, false], [-100, true], [0, true], [100, true], [101, false]])(
    "an offset of %s ns is within ±100 ns: %s",
    (offsetNs, expected) => {
      assert.strictEqual(isWithin(offset(offsetNs), threshold(-100, 100)), expected)
    }
  )

  it("takes either sign for a summary, which has none", () => {
    assert.isTrue(isWithin(summary(500), threshold(-100, 1000)))
    assert.isTrue(isWithin(summary(500), threshold(-1000, 100)))
    assert.isFalse(isWithin(summary(500), threshold(-100, 100)))
    assert.isFalse(isWithin(offset(500), threshold(-1000, 100)))
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
