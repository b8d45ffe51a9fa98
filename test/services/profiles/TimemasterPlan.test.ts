import { assert, describe, it } from "@effect/vitest"
import type { PtpProfile } from "../../../src/services/kubernetes/NodePTPCfg.ts"
import type { LinuxptpVersion } from "../../../src/services/linuxptp/LinuxptpVersion.ts"
import { planTimemaster } from "../../../src/services/profiles/TimemasterPlan.ts"

const release3: LinuxptpVersion = { major: 3, minor: 1, patch: 1 }
const release4: LinuxptpVersion = { major: 4, minor: 4, patch: 0 }

const domain = "[ptp_domain 0]\ninterfaces eth0 eth1\n"

const planOf = (profile: Omit<PtpProfile, "name">, version = release4) =>
  planTimemaster({ config: "c", profile: { name: "p", ...profile }, version, runDir: "/run/d" })

const plan = (timemasterConf: string, version = release4) => planOf({ timemasterConf }, version)

const fileOf = (...args: Parameters<typeof plan>): string => Object.values(plan(...args)?.spec.files ?? {}).join()

/** A section of the file as it is written, without its name. */
const sectionOf = (name: string, ...args: Parameters<typeof plan>): ReadonlyArray<string> =>
  fileOf(...args).split("\n\n").flatMap((section) => {
    const [head, ...lines] = section.trim().split("\n")
    return head === `[${name}]` ? lines : []
  })

const directory = "/run/d/timemaster-p-73872a1d"
const owned = [
  `pidfile ${directory}/chrony/chronyd.pid`,
  `bindcmdaddress ${directory}/chrony/chronyd.sock`,
  "cmdport 0"
]

describe("planTimemaster", () => {
  it("starts nothing without configuration text", () => {
    assert.isUndefined(planOf({ timemasterOpts: "-l 7" }))
  })

  it.each([[release3, ""], [release4, "use_vclocks 0\n"]] as const)(
    "puts every file and socket below its own directory and lets its children speak, on %j",
    (version, clocks) => {
      assert.deepStrictEqual(plan(domain, version)?.spec.argv, [
        "timemaster",
        "-m",
        "-q",
        "-f",
        `${directory}/timemaster.conf`
      ])
      assert.strictEqual(
        fileOf(domain, version),
        `${domain}
[timemaster]
${clocks}rundir ${directory}

[ptp4l]
options -l 6 -m -q

[phc2sys]
options -l 6 -m -q

[chronyd]
options -d

[chrony.conf]
${owned.join("\n")}
makestep 1 3
`
      )
      assert.deepStrictEqual(plan(domain, version)?.interfaces, ["eth0", "eth1"])
    }
  )

  it("keeps the options of a child and its log level", () => {
    assert.deepStrictEqual(sectionOf("ptp4l", `${domain}[ptp4l]\noptions -2 -l 7\n`), ["options -2 -l 7 -m -q"])
    assert.deepStrictEqual(sectionOf("chronyd", `${domain}[chronyd]\noptions -x\n`), ["options -x -d"])
    assert.deepStrictEqual(sectionOf("chronyd", `${domain}[chronyd]\noptions -d -x\n`), ["options -d -x"])
  })

  it("writes chronyd's places before the user's lines, which replace timemaster's default", () => {
    const text = `${domain}[chrony.conf]\nrtcsync\ncmdport 323\n`
    assert.deepStrictEqual(sectionOf("chrony.conf", text), [...owned, "rtcsync", "cmdport 323"])
    // The last of several sections is the one that timemaster uses.
    const twice = `${domain}[chrony.conf]\nrtcsync\n[chrony.conf]\nmanual\n`
    assert.deepStrictEqual(sectionOf("chrony.conf", twice), [...owned, "rtcsync", ...owned, "manual"])
  })

  it("has nothing of chronyd beside ntpd", () => {
    const text = `${domain}[timemaster]\nntp_program ntpd\n`
    assert.notInclude(fileOf(text), "chrony")
  })

  it("makes virtual clocks only when it is told to", () => {
    assert.include(sectionOf("timemaster", `${domain}[timemaster]\nuse_vclocks -1\n`), "use_vclocks -1")
    assert.notInclude(sectionOf("timemaster", `${domain}[timemaster]\nuse_vclocks 1\n`), "use_vclocks 0")
  })

  it("has a scheduling policy, which its children inherit", () => {
    const planned = planOf({ timemasterConf: domain, ptpSchedulingPolicy: "SCHED_FIFO", ptpSchedulingPriority: 9 })
    assert.deepStrictEqual(planned?.spec.argv.slice(0, 4), ["chrt", "--fifo", "9", "timemaster"])
  })
})
