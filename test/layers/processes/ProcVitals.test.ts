import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { parseVitals, vitalsOf } from "../../../src/layers/processes/ProcVitals.ts"

/** The lines that matter of a `/proc/PID/status` of Linux 6.18. */
const status = (state: string, voluntary: number, forced: number) =>
  `Name:\tptp4l\nUmask:\t0022\nState:\t${state}\nTgid:\t6903\nSeccomp:\t0\n` +
  `voluntary_ctxt_switches:\t${voluntary}\nnonvoluntary_ctxt_switches:\t${forced}\n`

describe("ProcVitals", () => {
  it("reads the state, and both counts of context switches as one", () => {
    assert.deepStrictEqual(parseVitals(status("S (sleeping)", 40, 2)), { state: "S", switches: 42 })
    assert.deepStrictEqual(parseVitals(status("t (tracing stop)", 0, 0)), { state: "t", switches: 0 })
  })

  it("gives nothing for what is no such text, and for a process that is not there", () => {
    assert.isUndefined(parseVitals(""))
    assert.isUndefined(parseVitals("Name:\tkthreadd\nState:\tS (sleeping)\n"))
    assert.isUndefined(vitalsOf(2 ** 22 + 1))
  })

  it("sees that a process is stopped", async () => {
    const child = spawn("sleep", ["1000"])
    await once(child, "spawn")
    try {
      child.kill("SIGSTOP")
      // The kernel stops it before it runs again.
      while (vitalsOf(child.pid ?? 0)?.state !== "T") await new Promise((resume) => setImmediate(resume))
      assert.strictEqual(vitalsOf(child.pid ?? 0)?.state, "T")
    } finally {
      child.kill("SIGKILL")
      await once(child, "exit")
    }
  })
})
