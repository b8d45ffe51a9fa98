import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { readFileSync } from "node:fs"
import { renderConfigFile } from "../../../src/services/linuxptp/ConfigFile.ts"
import { type ConfigFileProgram, readConfigText } from "../../../src/services/linuxptp/ConfigText.ts"
import type { LinuxptpVersion } from "../../../src/services/linuxptp/LinuxptpVersion.ts"

const v3: LinuxptpVersion = { major: 3, minor: 1, patch: 1 }
const v4: LinuxptpVersion = { major: 4, minor: 4, patch: 0 }

const sample = (name: string): string =>
  readFileSync(new URL(`../../fixtures/linuxptp/${name}`, import.meta.url), "utf8")

const render = (program: ConfigFileProgram, text: string | undefined, version = v4): string =>
  renderConfigFile(readConfigText(program, version, text).file)

const problemsOf = (program: ConfigFileProgram, text: string, version = v4): ReadonlyArray<string> =>
  readConfigText(program, version, text).problems.map(({ line, message, option, severity }) =>
    `${severity} ${line} ${option}: ${message}`
  )

const errorsOf = (program: ConfigFileProgram, text: string, version = v4): ReadonlyArray<string> =>
  problemsOf(program, text, version).filter((problem) => problem.startsWith("error"))

describe("readConfigText", () => {
  it.each([undefined, "", "# nothing\n"])("takes %j for an empty file", (text) => {
    assert.deepStrictEqual(readConfigText("ptp4l", v4, text), { file: { sections: [] }, problems: [] })
  })

  it.each<[string, ConfigFileProgram, LinuxptpVersion]>([
    ["default-3.1.1.cfg", "ptp4l", v3],
    ["default-3.1.1.cfg", "ptp4l", v4],
    ["G.8275.1-3.1.1.cfg", "ptp4l", v3],
    ["UNICAST-SLAVE-3.1.1.cfg", "ptp4l", v3],
    ["ts2phc-generic-3.1.1.cfg", "ts2phc", v3]
  ])("accepts the sample %s for %s of %o", (name, program, version) => {
    assert.deepStrictEqual(errorsOf(program, sample(name), version), [])
    const text = render(program, sample(name), version)
    assert.include(text, "[global]\n")
    assert.notMatch(text, /uds_|verbose|use_syslog|cmlds\.[cs]/)
  })

  it.each([["3.1.1", v3], ["4.4", v4]] as const)(
    "accepts every number of linuxptp %s with its default",
    (release, version) => {
      const defaults = sample(`options-${release}.txt`).split("\n")
        .map((row) => row.split(" "))
        // A default outside of its own range, as -1 for "none", can't be written.
        .filter(([, , type, value, least]) => type === "integer" && Number(value) >= Number(least))
        .map(([name, , , value]) => `${name} ${value}`)
      assert.isAbove(defaults.length, 70)
      assert.deepStrictEqual(errorsOf("ptp4l", `[global]\n${defaults.join("\n")}\n`, version), [])
    }
  )

  it("keeps ports in order, the rows of unicast tables, and canonical values (L-36 repeated keys)", () => {
    const text = `[global]
network_transport l2
clockAccuracy 0xFE
slaveOnly 1
uds_address /var/run/ptp4l
[eth1]
fault_reset_interval ASAP
[Unicast_Master_Table]
table_id 1
udpv4 10.0.0.1
UDPv4 10.0.0.1
[eth0]
`
    assert.deepStrictEqual(errorsOf("ptp4l", text), [])
    assert.strictEqual(
      render("ptp4l", text),
      `[global]
network_transport L2
clockAccuracy 254
clientOnly 1

[eth1]
fault_reset_interval ASAP

[unicast_master_table]
table_id 1
UDPv4 10.0.0.1
UDPv4 10.0.0.1

[eth0]
`
    )
  })

  it("drops what the daemon owns in every section, with a warning", () => {
    assert.deepStrictEqual(problemsOf("ptp4l", "[global]\nverbose 1\nlogging_level 5\n[eth0]\nuds_file_mode 0666\n"), [
      "warning 2 verbose: ignored: the daemon always reads linuxptp's output",
      "warning 3 logging_level: raised to 6: below it linuxptp prints no offsets",
      "warning 5 uds_file_mode: ignored: the daemon sets the mode of its sockets"
    ])
    assert.strictEqual(render("ptp4l", "[global]\nverbose 1\nlogging_level 5\n"), "[global]\nlogging_level 6\n")
  })

  it.each([
    ["[global]\nuds_address /etc/passwd", "error 2 uds_address: not allowed: linuxptp deletes the path it names"],
    ["[eth0]\nuds_ro_address /etc/passwd", "error 2 uds_ro_address: not allowed: linuxptp deletes the path it names"],
    [
      "[eth0]\ncmlds.server_address /x",
      "error 2 cmlds.server_address: not allowed: linuxptp deletes the path it names"
    ],
    ["[global]\nuser root", "error 2 user: not allowed: the daemon decides which user linuxptp runs as"],
    ["[global]\npriority1", "error 2 priority1: needs a value"],
    ["[global]\npriority1 128 # low", "error 2 priority1: expected a whole number from 0 to 255"],
    ["[global]\nPriority1 128", "error 2 Priority1: not an option of linuxptp (did you mean priority1?)"],
    ["[eth0]\nlogSyncInterval -30", "error 2 logSyncInterval: expected a whole number from -8 to 8"],
    ["[global]\nlogAnnounceInterval 127", "error 2 logAnnounceInterval: expected a whole number from -8 to 8"],
    ["[global]\nntpshm_segment 256", "error 2 ntpshm_segment: expected a whole number from 0 to 255"],
    ["[eth0]\npriority1 128", "error 2 priority1: belongs in [global]: it holds for the whole clock"],
    ["[/dev/ptp0]\nts2phc.channel 0", "error 1 [/dev/ptp0]: is not a port: expected an interface name"],
    ["[../../x]", "error 1 [../../x]: is not a port: expected an interface name"],
    ["[nmea]", "error 1 [nmea]: is not a port: expected an interface name"],
    ["[CMLDS]", "error 1 [CMLDS]: is not a port: expected an interface name"],
    ["priority1 128", "error 1 priority1: stands before the first section"],
    ["[unicast_master_table]\nUDPv4 10.0.0.1", "error 2 UDPv4: stands before the first table_id"],
    ["[unicast_master_table]\ntable_id 1\nUDPv4 ntp.org", "error 3 UDPv4: expected an address of UDPv4"],
    [
      "[unicast_master_table]\ntable_id 1\nuds_address /x",
      "error 3 uds_address: expected table_id, logQueryInterval, peer_address, L2, UDPv4 or UDPv6"
    ],
    [
      "[unicast_master_table]\ntable_id 1\nlogQueryInterval 0x2",
      "error 3 logQueryInterval: expected a decimal number from -8 to 8"
    ],
    ["[unicast_master_table]\ntable_id 0x1", "error 2 table_id: expected a decimal number from 1 to 2147483647"],
    [
      "[unicast_master_table]\ntable_id 1\n[unicast_master_table]\ntable_id 1",
      "error 4 table_id: table 1 is there already"
    ]
  ])("refuses %j", (text, problem) => {
    assert.deepStrictEqual(errorsOf("ptp4l", text), [problem])
  })

  it("reads the first word of a row of a unicast table, and its numbers as decimal", () => {
    const text =
      "[unicast_master_table]\ntable_id 07 # west\nlogQueryInterval 010\nUDPv4 10.0.0.1\t# a\nL2 01:1B:19:00:00:00 x"
    assert.deepStrictEqual(problemsOf("ptp4l", text.replace("010", "+2")), [
      "warning 5 L2: linuxptp does not read \"x\""
    ])
    assert.deepStrictEqual(errorsOf("ptp4l", text), [
      "error 3 logQueryInterval: expected a decimal number from -8 to 8"
    ])
    assert.strictEqual(
      render("ptp4l", text.replace("010", "08")),
      "[unicast_master_table]\ntable_id 7\nlogQueryInterval 8\nUDPv4 10.0.0.1\nL2 01:1B:19:00:00:00\n"
    )
  })

  it.each<ConfigFileProgram>(["phc2sys", "ts2phc"])("drops the sockets that %s, a client, would ask", (program) => {
    const text = "[global]\nuds_address /var/run/ptp4l.0.socket\nuds_ro_address /etc/passwd\nmessage_tag x\n"
    assert.deepStrictEqual(problemsOf(program, text), [
      "warning 2 uds_address: ignored: the daemon knows the socket of its ptp4l",
      "warning 3 uds_ro_address: ignored: the daemon knows the socket of its ptp4l",
      "warning 4 message_tag: ignored: the daemon tells lines apart by their process"
    ])
    assert.strictEqual(render(program, text), "[global]\n")
  })

  it("names a clock of ts2phc so that the installed version reads it", () => {
    const text = "[/dev/ptp_ena]\nts2phc.channel 0\n"
    assert.strictEqual(render("ts2phc", text), text)
    assert.strictEqual(render("ts2phc", text, v3), "[//dev/ptp_ena]\nts2phc.channel 0\n")
    assert.deepStrictEqual(problemsOf("ts2phc", "[/dev/ptp_precise]", v3), [
      "error 1 [/dev/ptp_precise]: is not a port: linuxptp below 4.3 reads only 16 characters of a name"
    ])
  })

  it("takes a PHC or nmea for the name of a section of ts2phc", () => {
    const text = "[/dev/ptp0]\nts2phc.channel 0\n\n[nmea]\nts2phc.master 1\n"
    assert.deepStrictEqual(problemsOf("ts2phc", text), [])
    assert.strictEqual(render("ts2phc", text), text)
  })

  it("names the release that an option of a newer linuxptp comes with", () => {
    assert.deepStrictEqual(problemsOf("ptp4l", "[global]\nptp_minor_version 0\n", v3), [
      "error 2 ptp_minor_version: comes with linuxptp 4.2; installed is 3.1.1"
    ])
  })

  it("shows at most 20 problems, errors first", () => {
    const text = `[global]\n${"verbose 1\n".repeat(1000)}${"nonsense 1\n".repeat(1000)}`
    const problems = problemsOf("ptp4l", text)
    assert.strictEqual(problems.length, 20)
    assert.strictEqual(problems[0], "error 1002 nonsense: not an option of linuxptp")
  })

  const line = fc.constantFrom(
    "[global]",
    "[eth0]",
    "[unicast_master_table]",
    "[/etc]",
    "[eth0",
    "[ eth1 ] # x",
    "[GLOBAL] x",
    "constructor 1",
    "__proto__ 1",
    "table_id 1",
    "L2 00:11:22:33:44:55",
    "UDPv4 /etc",
    "priority1 1",
    "hybrid_e2e 1",
    "uds_address /etc/passwd",
    "uds_ro_address /var/run/ptp4lro",
    "message_tag x",
    "sa_file /etc/shadow",
    "leapfile /etc/linuxptp/leap",
    "userDescription [global]",
    "userDescription \u0000",
    "  # x",
    "",
    "x".repeat(1023) + "[global]"
  )

  it("never throws, and what is left is canonical and free of what is refused", () => {
    const program = fc.constantFrom<ConfigFileProgram>("ptp4l", "phc2sys", "ts2phc")
    const text = fc.array(line, { maxLength: 30 }).map((lines) => lines.join("\n"))
    fc.assert(
      fc.property(program, fc.constantFrom(v3, v4), text, (name, version, hostile) => {
        const once = render(name, hostile, version)
        assert.notMatch(once, /uds_|message_tag|\/etc\/(?!linuxptp\/)|\p{Cc}(?<!\n)|#/u)
        assert.deepStrictEqual(problemsOf(name, once, version).filter((problem) => !problem.includes("table_id")), [])
        assert.strictEqual(render(name, once, version), once)
      }),
      { numRuns: 1000 }
    )
  })
})
