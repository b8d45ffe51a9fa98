import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { portStates } from "../../../src/services/linuxptp/PortState.ts"
import type { Program } from "../../../src/services/linuxptp/Program.ts"
import { becomesReady } from "../../../src/services/linuxptp/Readiness.ts"

const readyAt = (program: Program, fixture: string): string | undefined =>
  readFileSync(`${import.meta.dirname}/../../fixtures/logs/${fixture}`, "utf8")
    .split("\n")
    .find((line) => becomesReady(program, line))

describe("becomesReady", () => {
  it.each<readonly [Program, string]>([
    ["ptp4l", ""],
    ["ptp4l", "ptp4l[1.000]: port 0: INITIALIZING to LISTENING on INIT_COMPLETE"],
    ["ptp4l", "ptp4l[1.000]: port 0 (/var/run/ptp4l): INITIALIZING to LISTENING on INIT_COMPLETE"],
    ["ptp4l", "ptp4l[1.000]: selected /dev/ptp0 as PTP clock"],
    ["ptp4l", "port 1: INITIALIZING to LISTENING on INIT_COMPLETE"],
    ["phc2sys", "phc2sys[1.000]: Waiting for ptp4l..."],
    ["phc2sys", "phc2sys[1.000]: unselecting eth0 for synchronization"],
    ["phc2sys", "phc2sys[1.000]: reconfiguring after port state change"],
    ["ts2phc", "ts2phc[1.000]: eth0 timestamp not valid, skipping"],
    ["ts2phc", "ts2phc[1.000]: eth0 lost holdover lock (offset          7)"],
    ["timemaster", "timemaster[1.000]: process 1 terminated with status 1"],
    ["timemaster", "timemaster[1.000]: exiting"]
  ])("%s is not ready after %j (L-27 ready by any line)", (program, line) => {
    assert.isFalse(becomesReady(program, line))
  })

  it.each<readonly [Program, string]>([
    ["ptp4l", "ptp4l[1.000]: port 1: INITIALIZING to LISTENING on INIT_COMPLETE"],
    ["ptp4l", "ptp4l[1.000]: [tag:5] port 2 (br-ex): FAULTY to LISTENING on INIT_COMPLETE"],
    ["phc2sys", "phc2sys[1.000]: CLOCK_REALTIME phc offset       575 s0 freq    +286 delay    180"],
    ["phc2sys", "phc2sys[1.000]: CLOCK_REALTIME rms    3 max    5 freq     -7 +/-   1 delay     9 +/-   0"],
    ["phc2sys", "phc2sys[1.000]: selecting CLOCK_REALTIME for synchronization"],
    ["phc2sys", "phc2sys[1.000]: selecting eth0 as the master clock"],
    ["phc2sys", "phc2sys[1.000]: selecting eth0 as domain source clock"],
    ["phc2sys", "phc2sys[1.000]: selecting system clock as source clock"],
    ["ts2phc", "ts2phc[1.000]: /dev/ptp0 offset          3 s2 freq      -8"],
    ["ts2phc", "ts2phc[1.000]: eth0 offset          3"],
    ["timemaster", "timemaster[1.000]: process 452 started: /usr/sbin/chronyd -n -f /run/chrony.conf "]
  ])("%s is ready after %j", (program, line) => {
    assert.isTrue(becomesReady(program, line))
  })

  it("counts the state a port enters, never the one it leaves (L-07 phc2sys never starts)", () => {
    const ready = portStates.filter((to) =>
      portStates.every((from) => becomesReady("ptp4l", `ptp4l[1.000]: port 1: ${from} to ${to} on RS_SLAVE`))
    )
    const notReady = portStates.filter((to) =>
      portStates.every((from) => !becomesReady("ptp4l", `ptp4l[1.000]: port 1: ${from} to ${to} on RS_SLAVE`))
    )
    assert.deepStrictEqual(notReady, ["INITIALIZING", "FAULTY", "DISABLED"])
    assert.deepStrictEqual(ready, portStates.filter((state) => !notReady.includes(state)))
  })

  it("does not count lines of timemaster's children", () => {
    const line = "ptp4l[1.000]: [0:eth0] port 1: INITIALIZING to LISTENING on INIT_COMPLETE"
    assert.isFalse(becomesReady("timemaster", line))
    assert.isFalse(becomesReady("phc2sys", line))
    assert.isFalse(becomesReady("ts2phc", "phc2sys[1.000]: [0:eth0] eth0 phc offset          3 s2 freq      -8"))
    assert.isFalse(becomesReady("timemaster", "chronyd[1.000]: process 7 started: /bin/true"))
  })

  it("finds the right line of recorded logs", () => {
    assert.strictEqual(
      readyAt("ptp4l", "ptp4l-hardware-3.1.1.txt"),
      "ptp4l[10.898]: [ptp4l.0.config] port 1: INITIALIZING to LISTENING on INIT_COMPLETE"
    )
    assert.strictEqual(
      readyAt("phc2sys", "phc2sys-automatic-3.1.1.txt"),
      "phc2sys[12.890]: [phc2sys.0.config] selecting CLOCK_REALTIME for synchronization"
    )
    assert.match(readyAt("timemaster", "timemaster-hardware-3.1.1.txt") ?? "", /process 452 started/)
    assert.isUndefined(readyAt("phc2sys", "phc2sys-no-suitable-ports-3.1.1.txt"))
    assert.isUndefined(readyAt("ptp4l", "ptp4l-missing-interface-3.1.1.txt"))
  })
})
