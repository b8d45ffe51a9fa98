/** Mistakes in how the state of a clock, its alarms and its series follow from the evidence. */
import type { Mutant } from "./Mutant.ts"

const clockState = ["services/clocks/ClockState.test.ts", "services/clocks/Measurement.test.ts"]
const series = ["services/clocks/ClockSeries.test.ts"]

export const clockMutants: ReadonlyArray<Mutant> = [
  {
    name: "a clock that was never LOCKED goes into HOLDOVER",
    file: "src/services/clocks/Holdover.ts",
    search: `previous.state === "LOCKED" ? now`,
    replace: "previous.heldUntil === undefined ? now",
    tests: ["services/clocks/Holdover.test.ts", ...clockState]
  },
  {
    name: "a HOLDOVER never ends",
    file: "src/services/clocks/Holdover.ts",
    search: "heldUntil !== undefined && now < heldUntil",
    replace: "heldUntil !== undefined",
    tests: ["services/clocks/Holdover.test.ts", ...clockState]
  },
  {
    name: "the upper threshold excludes its own value",
    file: "src/services/clocks/OffsetDistance.ts",
    search: "offsetNs <= maxOffsetNs",
    replace: "offsetNs < maxOffsetNs",
    tests: clockState
  },
  {
    name: "the lower threshold is not looked at",
    file: "src/services/clocks/OffsetDistance.ts",
    search: "offsetNs >= minOffsetNs && offsetNs <= maxOffsetNs",
    replace: "offsetNs <= maxOffsetNs",
    tests: clockState
  },
  {
    name: "measurements that stopped count for ever",
    file: "src/services/clocks/ClockVerdict.ts",
    search: `measurement === undefined || !isFresh(measurement, now)) return { kind: "Gone"`,
    replace: `measurement === undefined) return { kind: "Gone"`,
    tests: clockState
  },
  {
    name: "a sample that ptp4l repeats is a measurement",
    file: "src/services/clocks/ManagementEvidence.ts",
    search: "sample.ingressTime === 0n || sample.ingressTime === before.ingressTime",
    replace: "sample.ingressTime === 0n",
    tests: ["services/clocks/ManagementEvidence.test.ts"]
  },
  {
    name: "old news of the other source count",
    file: "src/services/clocks/PortEvidence.ts",
    search: "known.by !== told.by && told.at < known.at",
    replace: "false",
    tests: ["services/clocks/ManagementEvidence.test.ts"]
  },
  {
    name: "a socket that is dead says nothing while the log is silent",
    file: "src/services/clocks/Measurement.ts",
    search: "freshAtMost(measurement, heardAt + socketPatience)",
    replace: "measurement",
    tests: ["services/clocks/ManagementEvidence.test.ts"]
  },
  {
    name: "phc2sys counts as following a source that it does not name any more",
    file: "src/services/clocks/Measurement.ts",
    search: "freshAtMost(measurement, now + doubtPatience)",
    replace: "measurement",
    tests: series
  },
  {
    name: "one good clock of several is enough",
    file: "src/services/clocks/ClockChain.ts",
    search: "badness[b.state] - badness[a.state]",
    replace: "badness[a.state] - badness[b.state]",
    tests: [...clockState, "services/clocks/NodeClockView.test.ts", "programs/ObserveClocks.test.ts"]
  },
  {
    name: "one offset over the bound ends a lock",
    file: "src/services/clocks/Holdover.ts",
    search: `isSettled && distance !== "Far" && contrary < enough`,
    replace: "false",
    tests: ["services/clocks/Holdover.test.ts", ...clockState]
  },
  {
    name: "a clock that was wrong is trusted again after one good offset",
    file: "src/services/clocks/Holdover.ts",
    search: "isDistrusted: isLocked || previous.isDistrusted",
    replace: "isDistrusted: false",
    tests: ["services/clocks/Holdover.test.ts", ...clockState]
  },
  {
    name: "a port that is UNCALIBRATED is locked",
    file: "src/services/clocks/ClockVerdict.ts",
    search: `port.state === "SLAVE"`,
    replace: "true",
    tests: clockState
  },
  {
    name: "a lost source counts for the node although phc2sys follows another one",
    file: "src/services/clocks/ClockChain.ts",
    search: "shared === undefined || followed === undefined",
    replace: "shared !== undefined || followed === undefined",
    tests: ["services/clocks/Redundancy.test.ts"]
  },
  {
    name: "a boundary clock without a master is an ordinary grandmaster",
    file: "src/services/clocks/ClockVerdict.ts",
    search: `isFollower ? "GrandmasterLost" : "Grandmaster"`,
    replace: `"Grandmaster"`,
    tests: ["services/clocks/NodeClockView.test.ts"]
  },
  {
    name: "a servo that steps is taken for one that slews",
    file: "src/services/clocks/ClockVerdict.ts",
    search: " && Math.abs(measurement.offsetNs) < stepThresholdNs",
    replace: "",
    tests: ["services/clocks/ClockAlarms.test.ts"]
  },
  {
    name: "a clock that nothing steers is LOCKED",
    file: "src/services/clocks/ClockVerdict.ts",
    search: "!facts.isMeter && !isOfOther",
    replace: "facts.isMeter && !isOfOther",
    tests: clockState
  },
  {
    name: "a harmless message is an alarm",
    file: "src/services/linuxptp/KnownFaults.ts",
    search: "fault === undefined || fault.isHarmless === true",
    replace: "fault === undefined",
    tests: ["services/clocks/ClockAlarms.test.ts"]
  },
  {
    name: "37 s are suspected on one side only",
    file: "src/services/clocks/ClockAlarms.ts",
    search: "Math.abs(Math.abs(offsetNs) - utcOffsetNs)",
    replace: "Math.abs(offsetNs - utcOffsetNs)",
    tests: ["services/clocks/ClockAlarms.test.ts"]
  },
  {
    name: "a clock check alarms a line too early",
    file: "src/services/clocks/ClockAlarms.ts",
    search: "ClockOwnerConflict: 3,",
    replace: "ClockOwnerConflict: 2,",
    tests: ["services/clocks/ClockAlarms.test.ts"]
  },
  {
    name: "LOCKED and HOLDOVER are swapped in clock_state",
    file: "src/services/clocks/ClockSeries.ts",
    search: "LOCKED: 1, HOLDOVER: 2",
    replace: "LOCKED: 2, HOLDOVER: 1",
    tests: series
  },
  {
    name: "the label process is the id",
    file: "src/services/clocks/ClockSeries.ts",
    search: "process: spec.program,\n",
    replace: "process: id,\n",
    tests: series
  },
  {
    name: "process_status is always up",
    file: "src/services/clocks/ClockSeries.ts",
    search: "value: pid === undefined ? 0 : 1",
    replace: "value: 1",
    tests: series
  }
]
