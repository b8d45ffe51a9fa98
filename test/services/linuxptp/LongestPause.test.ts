import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { longestPause } from "../../../src/services/linuxptp/LongestPause.ts"

const secondsOf = (program: string, ...argv: ReadonlyArray<string>) => {
  const pause = longestPause(program, argv)
  return pause === undefined ? undefined : Duration.toSeconds(pause)
}

describe("the longest pause of a program", () => {
  it("of phc2sys is a second, and longer only with a lower rate", () => {
    assert.strictEqual(secondsOf("phc2sys", "phc2sys", "-a", "-r"), 1)
    assert.strictEqual(secondsOf("phc2sys", "phc2sys", "-a", "-R", "8"), 1)
    assert.strictEqual(secondsOf("phc2sys", "chrt", "--fifo", "10", "phc2sys", "-R", "0.1", "-a"), 10)
    assert.strictEqual(secondsOf("phc2sys", "phc2sys", "-R", "8", "-R", "0.5"), 2)
  })

  it("of the others has no end", () => {
    for (const program of ["ptp4l", "ts2phc", "timemaster"]) assert.isUndefined(secondsOf(program, program, "-R", "1"))
  })
})
