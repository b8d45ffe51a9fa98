import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { PtpProfile } from "../../../src/services/kubernetes/NodePTPCfg.ts"
import { parseConfigFile, renderConfigFile } from "../../../src/services/linuxptp/ConfigFile.ts"
import type { LinuxptpVersion } from "../../../src/services/linuxptp/LinuxptpVersion.ts"
import { readTimemasterHead } from "../../../src/services/linuxptp/TimemasterText.ts"
import { bindPhc2sys } from "../../../src/services/profiles/Phc2sysPlan.ts"
import { isValidPlan, planProfile } from "../../../src/services/profiles/ProfilePlan.ts"

const release4: LinuxptpVersion = { major: 4, minor: 4, patch: 0 }
const release3: LinuxptpVersion = { major: 3, minor: 1, patch: 1 }

type Fields = Omit<PtpProfile, "name">

const plan = (fields: Fields, version = release4, runDir = "/run/d") =>
  planProfile({ config: "c", profile: { name: "p", ...fields }, version, runDir })

const specOf = (fields: Fields, program: string, version = release4) =>
  plan(fields, version).processes.find((spec) => spec.program === program)

/** Paths without the hash, so that they can be read here. */
const plain = (text: string | undefined) => text?.replaceAll(/-[0-9a-f]{8}(?![0-9a-f])/g, "")
const argvOf = (...args: Parameters<typeof specOf>) => plain(specOf(...args)?.argv.join(" "))
const fileOf = (...args: Parameters<typeof specOf>) => plain(Object.values(specOf(...args)?.files ?? {}).join())

const errorsOf = (fields: Fields, version = release4) =>
  plan(fields, version).problems.filter(({ severity }) => severity === "error").map(({ field }) => field)

const problemsOf = (fields: Fields) =>
  plan(fields).problems.map(({ field, message, severity }) => `${severity} ${field}: ${message}`)

const bc: Fields = { interface: "eth0", ptp4lOpts: "-2", phc2sysOpts: "-a -r" }

const timemaster: Fields = {
  timemasterConf: "[ptp_domain 0]\ninterfaces eth0 eth1\n[timemaster]\nntp_program chronyd\n"
}

const server = (id: string, domainNumber: string, transportSpecific = "0") => ({
  id,
  socket: `/run/d/${id}/ptp4l`,
  domainNumber,
  transportSpecific,
  timeStamping: "hardware",
  interfaces: ["ens1f0"]
})

describe("planProfile", () => {
  it("starts nothing from nothing, and says so", () => {
    assert.deepStrictEqual(plan({}).processes, [])
    assert.deepStrictEqual(problemsOf({}), ["warning : starts no program"])
  })

  it.each<readonly [string, Fields, ReadonlyArray<string>]>([
    ["an interface alone", { interface: "eth0" }, []],
    ["ptp4l's options", { interface: "eth0", ptp4lOpts: "-2" }, ["ptp4l"]],
    ["ptp4l's text", { ptp4lConf: "[eth0]" }, ["ptp4l"]],
    ["phc2sys with -s", { phc2sysOpts: "-s eth0 -O 0" }, ["phc2sys"]],
    ["phc2sys with -d", { phc2sysOpts: "-d /dev/pps0 -O 0" }, ["phc2sys"]],
    ["phc2sys's options without a mode", { phc2sysOpts: "-r" }, []],
    ["phc2sys's text alone", { phc2sysConf: "[global]" }, []],
    ["ts2phc's options", { ts2phcOpts: "-c eth0" }, ["ts2phc"]],
    ["ts2phc's text", { ts2phcConf: "[eth0]" }, ["ts2phc"]],
    ["timemaster's text", timemaster, ["timemaster"]],
    [
      "all of a boundary clock with a pulse",
      { ...bc, ts2phcOpts: "-c eth0", ptp4lConf: "[eth1]", phc2sysConf: "[global]", ts2phcConf: "[eth1]" },
      ["phc2sys", "ptp4l", "ts2phc"]
    ]
  ])("starts by %s (L-32 empty strings)", (_, fields, programs) => {
    assert.deepStrictEqual(plan(fields).processes.map((spec) => spec.program).sort(), programs)
    assert.deepStrictEqual(errorsOf(fields), [])
  })

  it.each<readonly [string, Fields, string, ReadonlyArray<string>, ReadonlyArray<string>]>([
    ["a ptp4l's NICs and their clocks", { ...bc, ptp4lConf: "[eth1]" }, "ptp4l", ["eth1", "eth0"], ["eth1", "eth0"]],
    ["no clock with software time stamps", { interface: "eth0", ptp4lOpts: "-S" }, "ptp4l", ["eth0"], []],
    ["no clock that is only measured", { interface: "eth0", ptp4lOpts: "--free_running 1" }, "ptp4l", ["eth0"], []],
    ["no system clock", bc, "phc2sys", [], []],
    ["a phc2sys's sinks", { phc2sysOpts: "-s CLOCK_REALTIME -c eth0 -c /dev/ptp3 -O 0" }, "phc2sys", [], [
      "eth0",
      "/dev/ptp3"
    ]],
    ["a ts2phc's sinks", { ts2phcOpts: "-c /dev/ptp0", ts2phcConf: "[eth0]\nts2phc.master 1\n[eth1]" }, "ts2phc", [], [
      "/dev/ptp0",
      "eth1"
    ]],
    ["a timemaster's NICs and their clocks", timemaster, "timemaster", ["eth0", "eth1"], ["eth0", "eth1"]]
  ])(
    "claims %s",
    (_, fields, program, interfaces, clocks) =>
      assert.deepStrictEqual(specOf(fields, program)?.claims, { interfaces, clocks })
  )

  it("warns of options and text of phc2sys that start nothing", () => {
    assert.deepStrictEqual(
      problemsOf({ phc2sysOpts: "-r" })[0],
      "warning phc2sysOpts: names no mode (-a, -s or -d): phc2sys does not start"
    )
    assert.deepStrictEqual(
      problemsOf({ phc2sysConf: "[global]" })[0],
      "warning phc2sysConf: has no effect: only phc2sysOpts with -a, -s or -d start phc2sys"
    )
  })

  it("refuses timemaster's options without its text", () => {
    assert.deepStrictEqual(errorsOf({ timemasterOpts: "-l 6" }), ["timemasterOpts"])
  })
})

describe("ptp4l", () => {
  it("runs with canonical options and one file that holds its sockets and what the daemon owns", () => {
    const fields: Fields = {
      interface: "ens787f1",
      ptp4lOpts: "  -s   -2q --summary_interval 1 -m ",
      phc2sysOpts: "-a -r"
    }
    assert.strictEqual(argvOf(fields, "ptp4l"), "ptp4l -s -2 --summary_interval=1 -f /run/d/ptp4l-p/ptp4l.conf")
    assert.strictEqual(
      fileOf(fields, "ptp4l"),
      "[global]\nuse_syslog 0\nverbose 1\nuds_address /run/d/ptp4l-p/ptp4l\nuds_ro_address /run/d/ptp4l-p/ptp4lro\n\n[ens787f1]\n"
    )
  })

  it("keeps the user's value of what the daemon has a wish for, and adds none beside it (L-33 value overridden)", () => {
    const fields: Fields = { ...bc, ptp4lConf: "[global]\nsummary_interval 4\nlogging_level 7\n" }
    assert.include(fileOf(fields, "ptp4l") ?? "", "[global]\nsummary_interval 4\nlogging_level 7\n")
    assert.strictEqual(argvOf(fields, "ptp4l"), "ptp4l -2 -f /run/d/ptp4l-p/ptp4l.conf")
  })

  it("has no read-only socket before linuxptp 4.0, which does not know the option", () => {
    assert.notInclude(fileOf(bc, "ptp4l", release3) ?? "", "uds_ro_address")
  })

  it("writes what it owns into [global], though the user's text ends in a port (L-31 option in a port section)", () => {
    const text = "[global]\ndomainNumber 24\n[eth1]\nmasterOnly 1\n[eth0]\n"
    assert.strictEqual(
      fileOf({ ptp4lConf: text }, "ptp4l", release3),
      "[global]\ndomainNumber 24\nuse_syslog 0\nverbose 1\nuds_address /run/d/ptp4l-p/ptp4l\n\n[eth1]\nmasterOnly 1\n\n[eth0]\n"
    )
  })

  it.each<readonly [string, Fields, ReadonlyArray<string>]>([
    ["the order of the text", { ptp4lConf: "[eth2]\n[eth0]\n[eth1]\n" }, ["eth2", "eth0", "eth1"]],
    ["-i before the text, as linuxptp does", { ptp4lOpts: "-i eth1 -i eth3", ptp4lConf: "[eth0]\n[eth1]" }, [
      "eth1",
      "eth3",
      "eth0"
    ]],
    ["the interface last when the text lacks it", { interface: "eth9", ptp4lConf: "[eth0]" }, ["eth0", "eth9"]],
    ["the interface in its place when the text has it", { interface: " eth1 ", ptp4lConf: "[eth0]\n[eth1]\n[eth2]" }, [
      "eth0",
      "eth1",
      "eth2"
    ]],
    ["no port for a unicast table", {
      interface: "eth0",
      ptp4lConf: "[unicast_master_table]\ntable_id 1\nUDPv4 192.0.2.1\n"
    }, [
      "eth0"
    ]]
  ])("numbers ports: %s (L-34 order of ports)", (_, fields, expected) => {
    assert.deepStrictEqual(specOf(fields, "ptp4l")?.interfaces, expected)
    assert.deepStrictEqual(plan(fields).interfaces, expected)
  })

  it("adds a section for the interface, and none when there is one (L-35 interface without section)", () => {
    assert.include(fileOf({ interface: "eth0", ptp4lConf: "# nothing\n" }, "ptp4l") ?? "", "\n[eth0]\n")
    assert.strictEqual(fileOf({ interface: "eth0", ptp4lConf: "[eth0]\n" }, "ptp4l")?.split("[eth0]").length, 2)
  })

  it("needs an interface, and a name that can be one (L-32 empty strings)", () => {
    assert.deepStrictEqual(errorsOf({ ptp4lOpts: "-2" }), ["interface"])
    assert.deepStrictEqual(errorsOf({ ptp4lOpts: "-2", interface: "../x" }), ["interface"])
  })

  it("names the line and the option that is wrong", () => {
    const [problem] = problemsOf({ ptp4lConf: "[eth0]\nuds_address /etc/passwd\n" })
    assert.match(problem ?? "", /^error ptp4lConf: line 2: uds_address: not allowed/)
  })

  it("runs under SCHED_FIFO by chrt, which every program of the profile gets", () => {
    const fields: Fields = { ...bc, ptpSchedulingPolicy: "SCHED_FIFO", ptpSchedulingPriority: 65 }
    for (const { argv } of plan(fields).processes) assert.deepStrictEqual(argv.slice(0, 3), ["chrt", "--fifo", "65"])
    assert.deepStrictEqual(errorsOf({ ...bc, ptpSchedulingPolicy: "SCHED_FIFO" }), ["ptpSchedulingPriority"])
    assert.notInclude(
      argvOf({ ...bc, ptpSchedulingPolicy: "SCHED_OTHER", ptpSchedulingPriority: 5 }, "ptp4l") ?? "",
      "chrt"
    )
  })

  it("refuses a run directory that would make a socket path longer than 107 bytes", () => {
    const longest = 107 - "/ptp4l-p-12345678/ptp4lro".length
    assert.isTrue(isValidPlan(plan(bc, release4, `/${"r".repeat(longest - 1)}`)))
    assert.isFalse(isValidPlan(plan(bc, release4, `/${"r".repeat(longest)}`)))
  })
})

describe("phc2sys", () => {
  it("gets socket, domain and transportSpecific from its ptp4l, and runs after it (L-06 phc2sys too early, L-14 waiting for ever)", () => {
    const fields: Fields = { ...bc, ptp4lConf: "[global]\ndomainNumber 24\ntransportSpecific 1\n" }
    assert.strictEqual(
      argvOf(fields, "phc2sys"),
      "phc2sys -a -r -z /run/d/ptp4l-p/ptp4l -n 24 -f /run/d/phc2sys-p/phc2sys.conf"
    )
    assert.strictEqual(fileOf(fields, "phc2sys"), "[global]\nuse_syslog 0\nverbose 1\ntransportSpecific 1\n")
    assert.deepStrictEqual(specOf(fields, "phc2sys")?.after.map(plain), ["ptp4l-p"])
  })

  it("believes ptp4l's command line before its text, as ptp4l does (L-38 command line unseen)", () => {
    const fields: Fields = { ...bc, ptp4lOpts: "--domainNumber=44", ptp4lConf: "[global]\ndomainNumber 24\n" }
    assert.include(argvOf(fields, "phc2sys") ?? "", " -n 44 ")
  })

  it.each<readonly [string, Fields, ReadonlyArray<string>]>([
    ["the same domain", { phc2sysOpts: "-a -n 24" }, []],
    ["another domain", { phc2sysOpts: "-a -n 23" }, ["phc2sysOpts"]],
    ["another domain in the text", { phc2sysOpts: "-a", phc2sysConf: "[global]\ndomainNumber 0\n" }, ["phc2sysConf"]],
    ["another transportSpecific", { phc2sysOpts: "-a --transportSpecific=1" }, ["phc2sysOpts"]]
  ])("refuses what contradicts its ptp4l: %s", (_, fields, expected) => {
    assert.deepStrictEqual(
      errorsOf({ interface: "eth0", ptp4lConf: "[global]\ndomainNumber 24\n", ...fields }),
      expected
    )
  })

  it("names no domain twice when the user named the right one", () => {
    assert.include(
      argvOf({ ...bc, phc2sysOpts: "-a -r -n 0" }, "phc2sys") ?? "",
      "phc2sys -a -r -z /run/d/ptp4l-p/ptp4l -n 0 -f"
    )
  })

  it("compares two clocks as typed, without asking a ptp4l, but after its own (L-06 phc2sys too early)", () => {
    const fields: Fields = { ...bc, phc2sysOpts: "-s eth0 -c CLOCK_REALTIME -O -37" }
    assert.strictEqual(
      argvOf(fields, "phc2sys"),
      "phc2sys -s eth0 -c CLOCK_REALTIME -O -37 -f /run/d/phc2sys-p/phc2sys.conf"
    )
    assert.deepStrictEqual(specOf(fields, "phc2sys")?.after.map(plain), ["ptp4l-p"])
  })

  it("runs alone where a host has a PHC and no PTP network (L-53 no ptp4l needed)", () => {
    const fields: Fields = { phc2sysOpts: "-s /dev/ptp0 -c CLOCK_REALTIME -O 0" }
    assert.deepStrictEqual(plan(fields).processes.map(({ after, program }) => [program, after]), [["phc2sys", []]])
    assert.deepStrictEqual(problemsOf(fields), [])
  })

  it("asks its ptp4l with -w, and can't wait for one that there is not", () => {
    assert.include(argvOf({ ...bc, phc2sysOpts: "-s eth0 -w" }, "phc2sys") ?? "", "-w -z /run/d/ptp4l-p/ptp4l -n 0")
    assert.deepStrictEqual(errorsOf({ phc2sysOpts: "-s eth0 -w" }), ["phc2sysOpts"])
  })

  it("does not mix -a with a manual mode", () => {
    assert.deepStrictEqual(errorsOf({ ...bc, phc2sysOpts: "-a -r -w" }), ["phc2sysOpts"])
  })

  it("waits for the winners when it has -a and no ptp4l of its own", () => {
    const { phc2sysForAll, processes } = plan({ phc2sysOpts: "-a -r" })
    assert.deepStrictEqual(processes, [])
    assert.strictEqual(phc2sysForAll?.isAutomatic, true)
  })

  const bound = (servers: ReadonlyArray<ReturnType<typeof server>>, version = release4, options = "-a -r") => {
    const draft = plan({ phc2sysOpts: options }, version).phc2sysForAll
    assert.isDefined(draft)
    return bindPhc2sys(draft, servers)
  }

  it("serves all ptp4l with one -z and one -n each, in an order of its own (L-39 sockets glued)", () => {
    const { problems, spec } = bound([server("b", "24"), server("a", "0")])
    assert.include(spec.argv.join(" "), "-a -r -z /run/d/a/ptp4l -z /run/d/b/ptp4l -n 0 -n 24 -f")
    assert.deepStrictEqual(spec.after, ["a", "b"])
    assert.deepStrictEqual(problems, [])
  })

  it.each<readonly [string, ReturnType<typeof bound>, number]>([
    ["none", bound([]), 1],
    ["two before linuxptp 4.1", bound([server("a", "0"), server("b", "1")], release3), 1],
    ["one before linuxptp 4.1", bound([server("a", "0")], release3), 0],
    ["15", bound(Array.from({ length: 15 }, (_, n) => server(`s${n}`, "0"))), 0],
    [
      "16, and the system clock as one more domain,",
      bound(Array.from({ length: 16 }, (_, n) => server(`s${n}`, "0"))),
      1
    ],
    ["16 without -r", bound(Array.from({ length: 16 }, (_, n) => server(`s${n}`, "0")), release4, "-a"), 0],
    ["two of different transportSpecific", bound([server("a", "0", "0"), server("b", "0", "1")]), 1],
    ["a domain that none of them has", bound([server("a", "0")], release4, "-a -n 7"), 1]
  ])("serves or refuses %s ptp4l", (_, { problems }, expected) => {
    assert.strictEqual(problems.length, expected)
  })
})

describe("ts2phc", () => {
  it.each<readonly [string, Fields, ReadonlyArray<string>]>([
    ["nothing by a PHC of no known NIC", { ts2phcOpts: "-s generic -c /dev/ptp0" }, []],
    ["nothing by the sources generic and nmea", { ts2phcConf: "[nmea]\nts2phc.master 1\n[generic]\n" }, []],
    ["the NICs of its options", { ts2phcOpts: "-s generic -c eth1 -c eth0" }, ["eth1", "eth0"]],
    ["the NICs of its text", { ts2phcConf: "[global]\n[eth1]\n[eth0]\n" }, ["eth1", "eth0"]],
    ["each NIC once, ports of ptp4l first", { ...bc, ts2phcOpts: "-c eth1 -c eth0" }, ["eth0", "eth1"]]
  ])("takes %s", (_, fields, expected) => {
    assert.deepStrictEqual(plan(fields).interfaces, expected)
  })

  it("runs beside ptp4l and asks it only with -a", () => {
    const alone = { ...bc, ts2phcOpts: "-s generic -c eth0" }
    assert.strictEqual(argvOf(alone, "ts2phc"), "ts2phc -s generic -c eth0 -f /run/d/ts2phc-p/ts2phc.conf")
    assert.deepStrictEqual(specOf(alone, "ts2phc")?.after, [])
    const asking = { ...bc, ptp4lOpts: "--domainNumber=24", ts2phcOpts: "-a", ts2phcConf: "[eth0]\n" }
    assert.strictEqual(
      fileOf(asking, "ts2phc"),
      "[global]\nuse_syslog 0\nverbose 1\nuds_address /run/d/ptp4l-p/ptp4l\ndomainNumber 24\ntransportSpecific 0\n\n[eth0]\n"
    )
    assert.deepStrictEqual(specOf(asking, "ts2phc")?.after.map(plain), ["ptp4l-p"])
    assert.deepStrictEqual(errorsOf({ ts2phcOpts: "-a -c eth0" }), ["ts2phcOpts"])
  })

  it("speaks at debug level before linuxptp 4.0, which tells an offset at no other", () => {
    const fields: Fields = { ts2phcOpts: "-s nmea -l 6 -c eth0", ts2phcConf: "[global]\nlogging_level 6\n" }
    assert.strictEqual(argvOf(fields, "ts2phc", release3), "ts2phc -s nmea -c eth0 -f /run/d/ts2phc-p/ts2phc.conf")
    assert.strictEqual(fileOf(fields, "ts2phc", release3), "[global]\nlogging_level 7\nuse_syslog 0\nverbose 1\n")
    assert.include(argvOf(fields, "ts2phc") ?? "", "-l 6")
    assert.notInclude(fileOf({ ts2phcOpts: "-c eth0" }, "ts2phc") ?? "", "logging_level")
  })
})

describe("timemaster", () => {
  it("shares no NIC with ptp4l and no clock with phc2sys", () => {
    assert.deepStrictEqual(errorsOf({ ...timemaster, interface: "eth1", ptp4lOpts: "-2" }), ["timemasterConf"])
    assert.deepStrictEqual(errorsOf({ ...timemaster, interface: "eth7", ptp4lOpts: "-2" }), [])
    assert.deepStrictEqual(errorsOf({ ...timemaster, phc2sysOpts: "-s eth5 -O 0" }), [""])
  })
})

describe("writers of the system clock", () => {
  it.each<readonly [string, Fields, ReadonlyArray<string>]>([
    ["nobody: ptp4l with hardware stamps", { interface: "eth0", ptp4lOpts: "-2" }, []],
    ["ptp4l with -S", { interface: "eth0", ptp4lOpts: "-S" }, ["ptp4l"]],
    ["ptp4l with software stamps in its text", { ptp4lConf: "[global]\ntime_stamping software\n[eth0]" }, ["ptp4l"]],
    ["nobody: software stamps that run free", { interface: "eth0", ptp4lOpts: "-S --free_running=1" }, []],
    ["nobody: the servo nullf", { interface: "eth0", ptp4lOpts: "-S --clock_servo nullf" }, []],
    ["nobody: the servo ntpshm", { interface: "eth0", ptp4lOpts: "-S --clock_servo ntpshm" }, []],
    ["nobody: phc2sys with -a alone", { interface: "eth0", ptp4lOpts: "-2", phc2sysOpts: "-a" }, []],
    ["phc2sys with -a -r", bc, ["phc2sys"]],
    ["phc2sys with -ar in one word", { ...bc, phc2sysOpts: "-ar" }, ["phc2sys"]],
    ["phc2sys for all", { phc2sysOpts: "-a -r" }, ["phc2sys"]],
    ["phc2sys with no sink", { phc2sysOpts: "-s eth0 -O 0" }, ["phc2sys"]],
    ["phc2sys with the sink CLOCK_REALTIME", { phc2sysOpts: "-s eth0 -c CLOCK_REALTIME -O 0" }, ["phc2sys"]],
    ["nobody: phc2sys with a PHC as its sink", { phc2sysOpts: "-s CLOCK_REALTIME -c eth0 -O 37" }, []],
    ["nobody: phc2sys feeding an NTP server", { ...bc, phc2sysOpts: "-a -r -E ntpshm -M 1" }, []],
    ["nobody: phc2sys with the servo in its text", { ...bc, phc2sysConf: "[global]\nclock_servo refclock_sock\n" }, []],
    ["timemaster", timemaster, ["timemaster"]]
  ])("are %s", (_, fields, expected) => {
    assert.deepStrictEqual(plan(fields).systemClockWriters, expected)
    assert.deepStrictEqual(errorsOf(fields), [])
  })

  it("make a profile invalid when there are two", () => {
    assert.deepStrictEqual(errorsOf({ interface: "eth0", ptp4lOpts: "-S", phc2sysOpts: "-s eth0 -O 0" }), [""])
  })
})

describe("an interface", () => {
  it.each(["global", "Global", "cmlds", "NMEA"])("is not called %s, which names a section of linuxptp", (name) => {
    assert.deepStrictEqual(errorsOf({ interface: name, ptp4lOpts: "-2" }), ["interface"])
  })
})

describe("ptpSettings", () => {
  it.each([
    ["logReduce", "ENHANCED 30 100", true],
    ["logReduce", "sometimes", false],
    ["stdoutFilter", "^ptp4l.*", true],
    ["stdoutFilter", "(", false],
    ["stdoutFilter", "^(?=offset)", false],
    ["haProfiles", "a,b", false]
  ])("knows %s=%s: %s", (key, value, isKnown) => {
    const problems = problemsOf({ ...bc, ptpSettings: { [key]: value } })
    assert.strictEqual(problems.length, isKnown ? 0 : 1)
  })

  it("asks whether a known one was meant", () => {
    assert.deepStrictEqual(problemsOf({ ...bc, ptpSettings: { logreduce: "true" } }), [
      "warning ptpSettings: logreduce: is not a setting of this daemon (did you mean logReduce?); it is ignored"
    ])
  })
})

describe("any profile", () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom(
      "-2 -s",
      "-a -r",
      "-S",
      "-i eth0",
      "[global]\nverbose 1\n[eth0]\n",
      "[ptp_domain 0]\ninterfaces eth0\n"
    )
  )
  const fields = fc.record<Fields>(
    {
      interface: text,
      ptp4lOpts: text,
      phc2sysOpts: text,
      ts2phcOpts: text,
      timemasterOpts: text,
      ptp4lConf: text,
      phc2sysConf: text,
      ts2phcConf: text,
      timemasterConf: text
    },
    { requiredKeys: [] }
  )

  it("gives processes whose files are canonical and stay in their own directory", () => {
    fc.assert(fc.property(fields, (profile) => {
      for (const { argv, directory, files, id, program } of plan(profile).processes) {
        assert.strictEqual(directory, `/run/d/${id}`)
        assert.strictEqual(argv[0], program)
        for (const [path, file] of Object.entries(files)) {
          assert.isTrue(path.startsWith(`${directory}/`))
          assert.strictEqual(
            renderConfigFile(parseConfigFile(file, program === "timemaster" ? readTimemasterHead : undefined).file),
            file
          )
        }
      }
    }))
  })
})
