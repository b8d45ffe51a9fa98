import { assert, describe, it } from "@effect/vitest"
import { parseScheduling, schedulingOf } from "../../../src/layers/processes/ProcScheduling.ts"

/** Of a `/proc/PID/stat` of Linux 6.18, with the name, rt_priority and policy of choice. */
const stat = (name: string, priority: number, policy: number) =>
  `6903 (${name}) S 6894 6894 4296 0 -1 4194304 98 0 0 0 0 0 0 0 20 0 1 0 72640 3133440 406 18446744073709551615 ` +
  `94298128834560 94298128854441 140722079193712 0 0 0 0 0 0 0 0 0 17 1 ${priority} ${policy} 0 0 0 94298128870448 ` +
  "94298128872064 94298256781312 140722079201776 140722079201796 140722079201796 140722079203307 0\n"

describe("ProcScheduling", () => {
  it("reads policy and priority", () => {
    assert.deepStrictEqual(parseScheduling(stat("ptp4l", 10, 1)), { policy: "SCHED_FIFO", priority: 10 })
    assert.deepStrictEqual(parseScheduling(stat("ptp4l", 99, 2)), { policy: "SCHED_RR", priority: 99 })
    assert.deepStrictEqual(parseScheduling(stat("ptp4l", 0, 0)), { policy: "SCHED_OTHER", priority: 0 })
    assert.deepStrictEqual(parseScheduling(stat("ptp4l", 0, 3)), { policy: "other", priority: 0 })
  })

  it("is not misled by blanks and parentheses in the program's name", () =>
    assert.deepStrictEqual(parseScheduling(stat("a) R 1 (b", 10, 1)), { policy: "SCHED_FIFO", priority: 10 }))

  it("gives nothing for what is no such line, and for a process that is not there", () => {
    assert.isUndefined(parseScheduling(""))
    assert.isUndefined(parseScheduling("1 (sh) S 1 1"))
    assert.isUndefined(schedulingOf(2 ** 22 + 1))
  })

  it("reads its own", () => assert.strictEqual(schedulingOf(process.pid)?.policy, "SCHED_OTHER"))
})
