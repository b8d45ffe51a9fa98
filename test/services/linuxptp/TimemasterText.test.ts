import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { readFileSync } from "node:fs"
import { renderConfigFile } from "../../../src/services/linuxptp/ConfigFile.ts"
import type { LinuxptpVersion } from "../../../src/services/linuxptp/LinuxptpVersion.ts"
import { readTimemasterText, timemasterInterfaces } from "../../../src/services/linuxptp/TimemasterText.ts"

const v3: LinuxptpVersion = { major: 3, minor: 1, patch: 1 }
const v4: LinuxptpVersion = { major: 4, minor: 4, patch: 0 }

const render = (text: string, version = v4): string => renderConfigFile(readTimemasterText(version, text).file)

const problemsOf = (text: string, version = v4): ReadonlyArray<string> =>
  readTimemasterText(version, text).problems.map(({ line, message, option, severity }) =>
    `${severity} ${line} ${option}: ${message}`
  )

const domain = "[ptp_domain 0]\ninterfaces eth0\n"

describe("readTimemasterText", () => {
  it.each([undefined, "", "# nothing\n"])("takes %j for an empty file", (text) => {
    assert.deepStrictEqual(readTimemasterText(v4, text), { file: { sections: [] }, problems: [] })
  })

  it("reads every section, in canonical form", () => {
    const text = `[Timemaster]
NTP_program Chronyd
use_vclocks -1
[ntp_server ntp.example.com]
iburst 1
minpoll 4
ntp_options prefer key 7
[ptp_domain 0x18]
interfaces  eth0\teth1
delay 10e-6
ptp4l_option slaveOnly 1
ptp4l_option network_transport l2
[ptp4l]
options -2 --priority1 3
[phc2sys]
options -S 0.1
[chronyd]
options -x -L -1
[chrony.conf]
; from timemaster
makestep 1 3
>rtcsync
allow 10.0.0.0/8
[ptp4l.conf]
priority2 10
>[unicast_master_table]
table_id 1
UDPv4 10.0.0.1
> [eth1]
hybrid_e2e 1
`
    assert.deepStrictEqual(problemsOf(text), [])
    assert.strictEqual(
      render(text),
      `[timemaster]
ntp_program chronyd
use_vclocks -1

[ntp_server ntp.example.com]
iburst 1
minpoll 4
ntp_options prefer key 7

[ptp_domain 24]
interfaces eth0 eth1
delay 0.00001
ptp4l_option clientOnly 1
ptp4l_option network_transport L2

[ptp4l]
options -2 --priority1=3

[phc2sys]
options -S 0.1

[chronyd]
options -x -L -1

[chrony.conf]
makestep 1 3
rtcsync
allow 10.0.0.0/8

[ptp4l.conf]
priority2 10
>[unicast_master_table]
table_id 1
UDPv4 10.0.0.1
>[eth1]
hybrid_e2e 1
`
    )
  })

  it("drops paths and log switches that are the daemon's choice anyway, with a warning", () => {
    const text =
      "[chronyd]\npath /usr/sbin/chronyd\n[timemaster]\nrundir /var/run/timemaster\n[ptp4l]\noptions -l 5 -m\n"
    assert.deepStrictEqual(problemsOf(text), [
      "warning 2 path: ignored: the daemon decides it",
      "warning 4 rundir: ignored: the daemon decides it",
      "warning 6 options: -l: raised to 6: below it linuxptp prints no offsets",
      "warning 6 options: -m: ignored: the daemon always reads linuxptp's output"
    ])
    assert.strictEqual(render(text), "[chronyd]\n\n[timemaster]\n\n[ptp4l]\noptions -l 6\n")
  })

  it("reads the sample of linuxptp but for its includes and the user of ntpd", () => {
    const text = readFileSync(new URL("../../fixtures/linuxptp/timemaster-3.1.1.conf", import.meta.url), "utf8")
    const errors = readTimemasterText(v3, text).problems.filter((problem) => problem.severity === "error")
    assert.deepStrictEqual(errors.map((problem) => problem.option), ["include", "includefile", "options"])
  })

  it.each([
    ["[chronyd]\npath /tmp/evil", "error 2 path: not allowed: the daemon decides it"],
    ["[ptp4l]\nPATH /bin/sh", "error 2 PATH: not allowed: the daemon decides it"],
    ["[timemaster]\nrundir /etc", "error 2 rundir: not allowed: the daemon decides it"],
    ["[timemaster]\nuser root", "error 2 user: not allowed: the daemon decides which user programs run as"],
    ["[timemaster]\nntp_program sh", "error 2 ntp_program: expected one of chronyd, ntpd"],
    ["[ptp4l]\noptions -f /etc/x", "error 2 options: -f: not allowed: the daemon writes the configuration file"],
    ["[ptp4l]\noptions -i eth7", "error 2 options: -i: not allowed: timemaster gives it itself"],
    ["[phc2sys]\noptions -s eth0", "error 2 options: -s: not allowed: timemaster gives it itself"],
    ["[chronyd]\noptions -f/etc/x", "error 2 options: -f/etc/x is not allowed; only -x, -4, -6, -d and -L are"],
    ["[ntpd]\noptions -x -L 1", "error 2 options: 1 is not allowed; only -x, -4, -6, -d and -L are"],
    ["[ntp_server /run/x]", "error 0 [ntp_server /run/x]: needs the address of a server"],
    ["[ntp_server 127.127.20.0]", "error 0 [ntp_server 127.127.20.0]: needs the address of a server"],
    ["[ntp_server a]\nntp_options x/y", "error 2 ntp_options: expected options of a time source, no paths"],
    ["[ptp_domain 0]\ndelay 1", "error 2 [ptp_domain 0]: needs interfaces"],
    ["[ptp_domain 0]\ninterfaces ../x", "error 2 interfaces: expected interface names"],
    ["[ptp_domain 0]\ninterfaces Global", "error 2 interfaces: expected interface names"],
    ["[ptp_domain x]\ninterfaces eth0", "error 2 [ptp_domain x]: needs a whole number from 0 to 255"],
    ["[timemaster x]", "error 0 [timemaster x]: takes no parameter"],
    ["[other]\npath /x", "error 2 [other]: unknown section"],
    [
      `${domain}ptp4l_option uds_address /etc/x`,
      "error 3 ptp4l_option: uds_address: not allowed: linuxptp deletes the path it names"
    ],
    [`${domain}[ptp4l.conf]\n>[eth7]\nhybrid_e2e 1`, "error 5 [eth7]: is not an interface of a [ptp_domain]"],
    [
      `${domain}[ptp4l.conf]\n# x\n\n>[eth0]\n>message_tag x`,
      "error 7 message_tag: not allowed: it would forge the frame of log lines"
    ],
    ["priority1 1", "error 1 priority1: stands before the first section"]
  ])("refuses %j", (text, problem) => {
    assert.deepStrictEqual(problemsOf(text), [problem])
  })

  it.each([
    "include /etc/x",
    "INCLUDE /etc/x",
    ">include /etc/x",
    "> include /etc/x",
    "confdir /etc",
    "sourcedir /etc",
    "driftfile /etc/passwd",
    "pidfile /etc/passwd",
    "keyfile /etc/shadow",
    "logdir /etc",
    "user root",
    "mailonchange root 1",
    "bindcmdaddress /etc/passwd",
    "ntpsigndsocket /run",
    "refclock SOCK /etc/passwd",
    "refclock PHC /dev/sda",
    "rtcfile /etc/x",
    "hwtimestamp *",
    "leapsectz ../../etc/x",
    "server 127.127.20.1",
    "server ntp.org; include",
    "makestep 1 /x"
  ])("keeps the line %j out of chrony.conf", (line) => {
    assert.strictEqual(render(`[chrony.conf]\n${line}\n`), "[chrony.conf]\n")
    assert.strictEqual(problemsOf(`[chrony.conf]\n${line}\n`).length, 1)
  })

  it.each([
    "includefile /etc/x",
    "driftfile /x",
    "statsdir /x",
    "keys /x",
    "crypto",
    "server 127.127.20.0",
    "fudge 127.127.20.0"
  ])(
    "keeps the line %j out of ntp.conf",
    (line) => {
      assert.strictEqual(render(`[ntp.conf]\n${line}\n`), "[ntp.conf]\n")
      assert.strictEqual(problemsOf(`[ntp.conf]\n${line}\n`).length, 1)
    }
  )

  it("knows settings that 3.1 lacks", () => {
    assert.deepStrictEqual(problemsOf("[timemaster]\nuse_vclocks 1", v3), [
      "error 2 use_vclocks: comes with linuxptp 4.0; installed is 3.1.1"
    ])
  })

  it("never throws, and what is left is canonical and names no path", () => {
    const line = fc.constantFrom(
      ..."[timemaster]|[ptp_domain 0]|[ptp_domain 1]|[ntp_server a]|[ptp4l.conf]|[chrony.conf]|[ntp.conf]|[chronyd]"
        .split("|"),
      ..."[ptp4l]|[phc2sys]|>[eth0]|>[global]|> [eth7]|>#x|>>[x]|>|constructor 1|__proto__ x|[toString]|interfaces eth0|ptp4l_option uds_address /x"
        .split(
          "|"
        ),
      ..."path /tmp/x|path chronyd|rundir /etc|options -f /x|options -l 7|options -x|priority1 1|hybrid_e2e 1".split(
        "|"
      ),
      ..."include /x|makestep 1 3|server a iburst|tos minclock 1|verbose 1|ptp4l_option priority1 2|[x]|table_id 1"
        .split("|")
    )
    const text = fc.array(line, { maxLength: 24 }).map((lines) => lines.join("\n"))
    fc.assert(
      fc.property(fc.constantFrom(v3, v4), text, (version, hostile) => {
        const once = render(hostile, version)
        assert.notMatch(once, /\/|path|rundir|eth7|verbose|uds_|>#|>>/)
        assert.strictEqual(render(once, version), once)
      }),
      { numRuns: 1000 }
    )
  })
})

describe("timemasterInterfaces", () => {
  it("lists the interfaces of all domains once, in order", () => {
    assert.deepStrictEqual(timemasterInterfaces({ sections: [] }), [])
    const { file } = readTimemasterText(
      v4,
      "[ptp_domain 1]\ninterfaces eth1 eth0\n[ptp_domain 0]\nInterfaces eth0 eth2\n"
    )
    assert.deepStrictEqual(timemasterInterfaces(file), ["eth1", "eth0", "eth2"])
  })
})
