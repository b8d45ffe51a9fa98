import { assert, describe, it } from "@effect/vitest"
import { clockSettings } from "../../../src/services/clocks/ClockSettings.ts"
import type { NodePTPCfg } from "../../../src/services/kubernetes/NodePTPCfg.ts"
import { parseLinuxptpVersion } from "../../../src/services/linuxptp/LinuxptpVersion.ts"
import { planProfile } from "../../../src/services/profiles/ProfilePlan.ts"
import { specOf } from "./ProcessLog.ts"

type Profile = NodePTPCfg["profiles"][number]

/** The settings of the process of `profile` that is planned for this version of linuxptp. */
const settingsOf = (program: string, profile: Omit<Profile, "name">, linuxptp = "4.2") => {
  const version = parseLinuxptpVersion(linuxptp)
  if (version === undefined) throw new Error(linuxptp)
  const { processes } = planProfile({ profile: { name: "a", ...profile }, config: "c", version, runDir: "/run/x" })
  const spec = processes.find((process) => process.program === program)
  if (spec === undefined) throw new Error(`no ${program}`)
  return clockSettings(spec)
}

describe("clockSettings", () => {
  const ports: ReadonlyArray<readonly [string, Omit<Profile, "name">, string?]> = [
    ["Perhaps", { interface: "ens1f0", ptp4lOpts: "-2" }],
    ["Meant", { interface: "ens1f0", ptp4lOpts: "-2 -s" }],
    ["Meant", { interface: "ens1f0", ptp4lOpts: "-2 -s" }, "3.1.1"],
    ["Meant", { interface: "ens1f0", ptp4lConf: "[global]\nslaveOnly 1\n" }, "3.1.1"],
    ["Meant", { ptp4lConf: "[global]\nclock_type BC\n[ens1f0]\n[ens1f1]\n" }],
    ["Meant", { ptp4lConf: "[ens1f0]\n[ens1f1]\nmasterOnly 1\n" }],
    ["Perhaps", { ptp4lConf: "[ens1f0]\n[ens1f1]\n" }],
    ["Never", { ptp4lConf: "[ens1f0]\nmasterOnly 1\n[ens1f1]\nserverOnly 1\n" }],
    ["Never", { ptp4lConf: "[ens1f0]\nmasterOnly 1\n" }, "3.1.1"],
    ["Never", { ptp4lConf: "[global]\nserverOnly 1\nclock_type BC\n[ens1f0]\n[ens1f1]\n" }],
    ["Never", { interface: "ens1f0", ptp4lConf: "[global]\nclockClass 6\n" }],
    ["Never", {
      interface: "ens1f0",
      ptp4lOpts: "--clockClass=6",
      ptpSchedulingPolicy: "SCHED_FIFO",
      ptpSchedulingPriority: 10
    }]
  ]
  for (const [expected, profile, linuxptp] of ports) {
    it(`of ptp4l: a port follows: ${expected} for ${JSON.stringify(profile)}`, () => {
      assert.strictEqual(settingsOf("ptp4l", profile, linuxptp).follows, expected)
    })
  }

  it.each<readonly [number, Omit<Profile, "name">]>([
    [Infinity, { interface: "ens1f0", ptp4lOpts: "-2", phc2sysOpts: "-a -r" }],
    [Infinity, { interface: "ens1f0", ptp4lOpts: "-2", phc2sysOpts: "-a -r -F 0.1" }],
    [1_000_000, { interface: "ens1f0", ptp4lOpts: "-2", phc2sysOpts: "-a -r -S 0.001" }],
    [2e9, { interface: "ens1f0", ptp4lOpts: "-2", phc2sysOpts: "-a -r", phc2sysConf: "[global]\nstep_threshold 2.0\n" }]
  ])("of phc2sys: offsets below %s ns are slewed by %j", (expected, profile) => {
    assert.strictEqual(settingsOf("phc2sys", profile).stepThresholdNs, expected)
  })

  it.each<readonly [string, Omit<Profile, "name">]>([
    ["generic", { ts2phcOpts: "-c ens1f0" }],
    ["nmea", { ts2phcOpts: "-s nmea -c ens1f0" }],
    ["nmea", { ts2phcConf: "[nmea]\nts2phc.master 1\n[ens1f0]\n" }],
    ["ens1f0", { ts2phcConf: "[ens1f0]\nts2phc.master 1\n[ens2f0]\n" }],
    ["/dev/ptp3", { ts2phcOpts: "-s /dev/ptp3 -c ens1f0" }],
    ["ptp4l", { interface: "ens1f0", ptp4lOpts: "-2", ts2phcOpts: "-a" }]
  ])("of ts2phc: it takes the time from %s with %j", (expected, profile) => {
    assert.strictEqual(settingsOf("ts2phc", profile).pulseSource, expected)
  })

  it("of timemaster are not known", () => {
    assert.strictEqual(clockSettings(specOf("timemaster")).follows, "Perhaps")
  })
})
