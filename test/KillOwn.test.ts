import { assert, describe, it } from "@effect/vitest"
import { killOwn } from "./KillOwn.ts"

describe("killOwn", () => {
  it("refuses what is no pid of a test's process: nobody, the own group, init, everybody", () => {
    for (const pid of [undefined, 0, 1, -1, -process.pid, Number.NaN, 1.5]) {
      // The default action of SIGURG is none: a mistake here must not end the test runner either.
      assert.throws(() => killOwn(pid, "SIGURG"), "not a process of a test")
    }
  })
})
