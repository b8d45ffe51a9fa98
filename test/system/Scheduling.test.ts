/** Real-time scheduling as the kernel has it, which is not always what argv asks for. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { labLayer, labMissing } from "./Lab.ts"
import { clientProfile, conditionOf, configOf, isWell, kill, makeWellNode } from "./LabNode.ts"

const priority = 20
const missing = labMissing ??
  (spawnSync("chrt", ["-f", String(priority), "true"]).status === 0 ? undefined : "chrt -f is not permitted here")

/** proc(5), /proc/PID/stat: fields 40 and 41, policy 1 is SCHED_FIFO and 0 SCHED_OTHER. */
const schedulingOf = (pid: number | undefined) => {
  // The name, field 2, is in parentheses and may have blanks.
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) /s, "").split(" ")
  return { priority: Number(fields[40 - 3]), policy: Number(fields[41 - 3]) }
}

const fifo = { ...clientProfile(), ptpSchedulingPolicy: "SCHED_FIFO", ptpSchedulingPriority: priority }

describe.skipIf(missing !== undefined)(
  `scheduling${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  () => {
    it.live("runs ptp4l in SCHED_FIFO at the profile's priority, also after its death, until the profile says otherwise", () =>
      Effect.gen(function*() {
        const { childOf, patchSpec, statusWhere } = yield* makeWellNode(fifo)
        const first = childOf("ptp4l", "client")
        assert.deepStrictEqual(schedulingOf(first), { policy: 1, priority })
        kill(first)
        const again = yield* statusWhere("well again", (now) => now.processes[0]?.restarts === 1 && isWell(now))
        assert.deepStrictEqual(schedulingOf(childOf("ptp4l", "client")), { policy: 1, priority })
        assert.strictEqual(conditionOf(again, "Degraded").reason, "AsExpected")

        yield* patchSpec(configOf("lab", 4, clientProfile()))
        yield* statusWhere("changed", (now) => isWell(now) && now.profiles[0]?.generation === 2)
        assert.deepStrictEqual(schedulingOf(childOf("ptp4l", "client")), { policy: 0, priority: 0 })
      }).pipe(Effect.scoped, Effect.provide(labLayer)))
  }
)
