import { assert, describe, it } from "@effect/vitest"
import { isServoLocked, servoState } from "../../../src/services/linuxptp/ServoState.ts"

describe("servoState", () => {
  it.each([
    [undefined, "s0", false],
    ["", "s0", false],
    ["0", "s0", false],
    ["1", "s1", false],
    ["2", "s2", true],
    ["3", "s3", true],
    ["4", "s0", false],
    ["toString", "s0", false]
  ])("of %j is %s", (digit, state, locked) => {
    assert.strictEqual(servoState(digit), state)
    assert.strictEqual(isServoLocked(servoState(digit)), locked)
  })
})
