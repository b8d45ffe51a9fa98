import { assert, describe, it } from "@effect/vitest"
import type { PtpProfile } from "../../../src/services/kubernetes/NodePTPCfg.ts"
import { type LinuxptpVersion, parseLinuxptpVersion } from "../../../src/services/linuxptp/LinuxptpVersion.ts"
import { planProfile, type ProfilePlan } from "../../../src/services/profiles/ProfilePlan.ts"

type Fields = Omit<PtpProfile, "name">

const release = (text: string): LinuxptpVersion => parseLinuxptpVersion(text) ?? assert.fail(text)

const plan = (fields: Fields, version = "4.4"): ProfilePlan =>
  planProfile({ config: "c", profile: { name: "p", ...fields }, version: release(version), runDir: "/run/d" })

const errorsOf = (fields: Fields, version?: string): ReadonlyArray<string> =>
  plan(fields, version).problems.filter(({ severity }) => severity === "error").map(({ field, message }) =>
    `${field} ${message}`
  )

/** ptp4l on two ports with more lines in `[global]`. */
const twoPorts = (global: string, ports = "[eth0]\n[eth1]\n"): Fields => ({
  ptp4lConf: `[global]\n${global}\n${ports}`
})

describe("what ptp4l refuses at its start", () => {
  it.each<readonly [string, Fields, string]>([
    ["a boundary clock with one port", {
      interface: "eth0",
      ptp4lConf: "[global]\nclock_type BC\n"
    }, "ptp4lConf clock_type BC: needs at least two interfaces"],
    ["the same on the command line", {
      ptp4lOpts: "-i eth0 -i eth0 --clock_type=bc"
    }, "ptp4lOpts clock_type BC: needs at least two interfaces"],
    ["a transparent clock with one port", {
      interface: "eth0",
      ptp4lOpts: "-P --clock_type=P2P_TC"
    }, "ptp4lOpts clock_type P2P_TC: needs at least two interfaces"],
    [
      "a transparent clock with the other delay mechanism",
      twoPorts("clock_type P2P_TC"),
      "ptp4lConf clock_type P2P_TC: needs delay_mechanism P2P in [global] and at every port"
    ],
    [
      "a transparent clock with a port of the other delay mechanism",
      twoPorts("clock_type E2E_TC", "[eth0]\n[eth1]\ndelay_mechanism P2P\n"),
      "ptp4lConf clock_type E2E_TC: needs delay_mechanism E2E in [global] and at every port"
    ],
    [
      "a unicast table that is not there",
      { ptp4lConf: "[unicast_master_table]\ntable_id 1\nUDPv4 10.0.0.1\n[eth0]\nunicast_master_table 7\n" },
      "ptp4lConf unicast_master_table 7: eth0 names a table that is not there"
    ],
    [
      "a peer of another transport",
      {
        ptp4lConf:
          "[unicast_master_table]\ntable_id 1\npeer_address 10.0.0.1\n[eth0]\nunicast_master_table 1\nnetwork_transport L2\n"
      },
      "ptp4lConf unicast_master_table 1: its peer_address is no address of L2, which eth0 uses"
    ],
    [
      "BMCA noop without a role",
      twoPorts("BMCA noop", "[eth0]\nmasterOnly 1\n[eth1]\n"),
      "ptp4lConf BMCA noop: eth1 needs a fixed role, serverOnly or clientOnly"
    ],
    [
      "a client that can't be a grandmaster",
      { ...twoPorts("gmCapable 0"), ptp4lOpts: "-s" },
      "ptp4lConf gmCapable 0: ptp4l does not take it together with clientOnly (-s)"
    ],
    [
      "one step by software",
      { ...twoPorts("twoStepFlag 0"), ptp4lOpts: "-S" },
      "ptp4lConf twoStepFlag 0: one step is not possible with time_stamping software"
    ],
    [
      "the phase of the system clock",
      { ...twoPorts("write_phase_mode 1"), ptp4lOpts: "-S" },
      "ptp4lConf write_phase_mode 1: the system clock has no such mode"
    ],
    [
      "a port that would be FAULTY for ever",
      twoPorts("", "[eth0]\ninhibit_delay_req 1\n"),
      "ptp4lConf inhibit_delay_req 1: eth0 would stay FAULTY without asCapable true"
    ],
    ["security without keys", twoPorts("spp 0"), "ptp4lConf spp 0: needs sa_file"],
    ["security at a port only", twoPorts("", "[eth0]\nactive_key_id 1\n"), "ptp4lConf active_key_id 1: needs spp"],
    [
      "security in one step",
      twoPorts("spp 0\nactive_key_id 1\nsa_file /etc/linuxptp/sa.cfg\ntime_stamping onestep"),
      "ptp4lConf spp 0: is not possible with one step"
    ],
    ["a product in two parts", twoPorts("productDescription a;b"), "ptp4lConf line 2: productDescription: expected"]
  ])("is %s", (_, fields, expected) => {
    const [first = ""] = errorsOf(fields)
    assert.include(first, expected)
  })

  it.each<readonly [string, Fields]>([
    ["a boundary clock with two ports", twoPorts("clock_type BC")],
    ["a transparent clock with its delay mechanism", twoPorts("clock_type P2P_TC\ndelay_mechanism P2P")],
    ["a port that is a clock of its own", { interface: "eth0", ptp4lConf: "[global]\nclock_type OC\n" }],
    ["a table with its peer", {
      ptp4lConf: "[unicast_master_table]\ntable_id 0007\npeer_address 10.0.0.1\n[eth0]\nunicast_master_table 0x7\n"
    }],
    ["a client without the algorithm", { ...twoPorts("BMCA noop"), ptp4lOpts: "-s" }],
    ["servers without the algorithm", twoPorts("BMCA noop\nserverOnly 1")],
    ["automotive ports", twoPorts("inhibit_delay_req 1\nasCapable true")],
    ["the phase of a PHC", { ...twoPorts("write_phase_mode 1\ntime_stamping software"), ptp4lOpts: "-p /dev/ptp0" }],
    ["one step by hardware", twoPorts("twoStepFlag 0")]
  ])("is not %s", (_, fields) => {
    assert.deepStrictEqual(errorsOf(fields), [])
  })

  it("says that a head can't be read, and not that the interface is missing", () => {
    assert.deepStrictEqual(errorsOf({ ptp4lConf: "[global] # all\ndomainNumber 24\n" }), [
      "ptp4lConf line 1: [global] # all: is a port named global to linuxptp: write [global] alone in its line",
      "ptp4lConf line 2: domainNumber: stands before the first section"
    ])
  })
})

describe("what phc2sys refuses at its start", () => {
  const grandmaster: Fields = { ptp4lOpts: "-2", ptp4lConf: "[ens7f0]\nmasterOnly 1\n[global]\ndomainNumber 24\n" }
  const offset = "phc2sys ends without the offset of the clocks: -w asks ptp4l, -O gives it"

  it.each(["3.1.1", "4.2", "4.4", "4.4-00042-gabcdef"])("is -s or -d without -w and -O for %s", (version) => {
    assert.deepStrictEqual(errorsOf({ ...grandmaster, phc2sysOpts: "-s ens7f0 -r" }, version), [
      `phc2sysOpts -s: ${offset}`
    ])
    assert.deepStrictEqual(errorsOf({ ...grandmaster, phc2sysOpts: "-d /dev/pps0" }, version), [
      `phc2sysOpts -d: ${offset}`
    ])
    for (const more of ["-w", "-O 0", "-w -O -37"]) {
      assert.deepStrictEqual(errorsOf({ ...grandmaster, phc2sysOpts: `-s ens7f0 ${more}` }, version), [])
    }
  })

  it("is nothing of that after 4.4, where phc2sys asks ptp4l and is bound to it", () => {
    const later = plan({ ...grandmaster, phc2sysOpts: "-s ens7f0" }, "4.5")
    assert.deepStrictEqual(later.problems, [])
    const argv = later.processes.find(({ program }) => program === "phc2sys")?.argv.join(" ") ?? ""
    assert.match(argv, /^phc2sys -s ens7f0 -z \/run\/d\/ptp4l-p-[0-9a-f]{8}\/ptp4l -n 24 -f /)
    assert.notInclude(
      plan({ ...grandmaster, phc2sysOpts: "-s ens7f0 -O 0" }, "4.5").processes.flatMap(({ argv }) => argv),
      "-z"
    )
    assert.deepStrictEqual(errorsOf({ phc2sysOpts: "-s ens7f0" }, "4.5"), [
      "phc2sysOpts -s: there is no ptp4l to follow: ptp4lOpts or ptp4lConf start one, an interface alone does not, or -O gives the offset of the clocks"
    ])
  })

  it("is a sink beside -a, which 4.4 does not know and later versions take for a PHC", () => {
    const fields: Fields = { ...grandmaster, phc2sysOpts: "-a -r -c ens1f0" }
    assert.deepStrictEqual(errorsOf(fields), ["phc2sysOpts -c: phc2sys does not take it together with -a"])
    assert.deepStrictEqual(errorsOf(fields, "4.5"), [])
    assert.deepStrictEqual(errorsOf({ ...grandmaster, phc2sysOpts: "-a -c CLOCK_REALTIME" }, "4.5"), [
      "phc2sysOpts -c: with -a it is a PHC; -r adds the system clock"
    ])
  })

  it("is a pulse for another clock than CLOCK_REALTIME", () => {
    const message = "phc2sysOpts -d: a pulse steers CLOCK_REALTIME only, and -c names another clock"
    const pulse = "-d /dev/pps0 -O 0"
    assert.deepStrictEqual(errorsOf({ phc2sysOpts: `${pulse} -c clock_realtime` }), [])
    assert.deepStrictEqual(errorsOf({ phc2sysOpts: `${pulse} -c eth0` }), [message])
    assert.deepStrictEqual(errorsOf({ phc2sysOpts: `${pulse} -c CLOCK_REALTIME -c eth0` }), [message])
  })

  it("is -a where ptp4l has software time stamps and no PHC", () => {
    const fields: Fields = { interface: "eth0", ptp4lOpts: "-S --free_running=1", phc2sysOpts: "-a" }
    assert.deepStrictEqual(errorsOf(fields), [
      "phc2sysOpts -a: the ptp4l on eth0 has software time stamps, so there is no clock to follow"
    ])
    assert.deepStrictEqual(errorsOf({ ...fields, ptp4lOpts: "-L --free_running=1" }), [])
    assert.deepStrictEqual(errorsOf({ ...fields, phc2sysOpts: "-s eth1 -c eth2 -w" }), [])
  })

  it("is -a without a ptp4l, which an interface with empty options does not start", () => {
    const draft = plan({ interface: "eno2", phc2sysOpts: "-a -r -r" }).phc2sysForAll
    assert.isDefined(draft)
  })
})

describe("what the ptp4l of a timemaster refuse at their start", () => {
  it.each<readonly [string, string, ReadonlyArray<string>]>([
    [
      "a table that is not there",
      "[ptp_domain 0]\ninterfaces eth0\n[ptp4l.conf]\nnetwork_transport UDPv4\n>[eth0]\nunicast_master_table 7\n",
      ["timemasterConf [ptp_domain 0]: unicast_master_table 7: eth0 names a table that is not there"]
    ],
    [
      "a boundary clock with one port",
      "[ptp_domain 0]\ninterfaces eth0 eth1\n[ptp_domain 1]\ninterfaces eth2\nptp4l_option clock_type BC\n",
      ["timemasterConf [ptp_domain 1]: clock_type BC: needs at least two interfaces"]
    ],
    [
      "a client that can't be a grandmaster",
      "[ptp_domain 0]\ninterfaces eth0\nptp4l_option gmCapable 0\n",
      ["timemasterConf [ptp_domain 0]: gmCapable 0: ptp4l does not take it together with clientOnly (-s)"]
    ],
    ["not a client without the algorithm", "[ptp_domain 0]\ninterfaces eth0\nptp4l_option BMCA noop\n", []],
    [
      "not a table that is there",
      "[ptp_domain 0]\ninterfaces eth0\n[ptp4l.conf]\n>[eth0]\nunicast_master_table 7\n>[unicast_master_table]\ntable_id 7\n",
      []
    ]
  ])("is %s", (_, timemasterConf, expected) => {
    for (const version of ["3.1.1", "4.4"]) assert.deepStrictEqual(errorsOf({ timemasterConf }, version), expected)
  })
})

describe("what ts2phc refuses at its start", () => {
  it.each<readonly [string, string, Fields, ReadonlyArray<string>]>([
    ["two sources", "4.4", { ts2phcOpts: "-s generic", ts2phcConf: "[eth0]\nts2phc.master 1\n[eth1]\n" }, [
      "ts2phcOpts -s: there are several sources of time; -s and ts2phc.master 1 each name one"
    ]],
    ["no clock to steer", "4.4", { ts2phcOpts: "-s nmea", ts2phcConf: "[nmea]\nts2phc.master 0\n" }, [
      "ts2phcConf [nmea]: is no clock to steer; as the source it needs ts2phc.master 1"
    ]],
    ["no sink at all", "4.4", { ts2phcConf: "[nmea]\nts2phc.master 1\n" }, [
      "ts2phcOpts -c: is missing: there is no clock to steer, and no section of one in ts2phcConf"
    ]],
    ["no source below 4.0", "3.1.1", { ts2phcConf: "[eth0]\n" }, [
      "ts2phcOpts -s: is missing: linuxptp below 4.0 has no default source of time"
    ]],
    ["a pulse that is longer than its period", "4.5", {
      ts2phcConf: "[global]\nts2phc.pulserate 10\nts2phc.pulsewidth 100000000\n[eth0]\n"
    }, ["ts2phcConf ts2phc.pulsewidth 100000000: is too long for ts2phc.pulserate 10"]],
    ["not a source in the text", "3.1.1", { ts2phcConf: "[NMEA]\nts2phc.master 1\n[eth0]\n" }, []],
    ["not a source by default", "4.0", { ts2phcConf: "[eth0]\n" }, []]
  ])("is %s (%s)", (_, version, fields, expected) => {
    assert.deepStrictEqual(errorsOf(fields, version), expected)
  })
})
