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

  it("reads the sample of linuxptp but for the include of the NTP server that it starts", () => {
    const text = readFileSync(new URL("../../fixtures/linuxptp/timemaster-3.1.1.conf", import.meta.url), "utf8")
    const errors = readTimemasterText(v3, text).problems.filter((problem) => problem.severity === "error")
    assert.deepStrictEqual(errors.map((problem) => problem.option), ["include"])
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
    [
      "[timemaster]\nntp_program NTPD\n[ntpd]\noptions -x -L 1",
      "error 4 options: 1 is not allowed; only -x, -4, -6, -d and -L are"
    ],
    ["[ntp_server /run/x]", "error 1 [ntp_server /run/x]: needs the address of a server"],
    ["[ntp_server 127.127.20.0]", "error 1 [ntp_server 127.127.20.0]: needs the address of a server"],
    ["[ntp_server a]\nntp_options x/y", "error 2 ntp_options: expected options of a time source, no paths"],
    ["[ptp_domain 0]\ndelay 1", "error 1 [ptp_domain 0]: needs interfaces"],
    ["[ptp_domain 0]\ninterfaces ../x", "error 2 interfaces: expected interface names"],
    ["[ptp_domain 0]\ninterfaces Global", "error 2 interfaces: expected interface names"],
    ["[ptp_domain x]\ninterfaces eth0", "error 1 [ptp_domain x]: needs a whole number from 0 to 255"],
    ["[timemaster x]", "error 1 [timemaster x]: takes no parameter"],
    ["[other]\npath /x", "error 1 [other]: unknown section"],
    ["[ntpserver a]\nminpoll 4", "error 1 [ntpserver a]: unknown section (did you mean ntp_server?)"],
    ["[chronyconf]\nrtcsync", "error 1 [chronyconf]: unknown section (did you mean chrony.conf?)"],
    [
      "[chrony.conf]\nmakestp 1 3",
      "error 2 makestp: not allowed: only directives of the list that name no file, program, socket or user are passed " +
      "on (did you mean makestep?)"
    ],
    [
      `${domain}ptp4l_option uds_address /etc/x`,
      "error 3 ptp4l_option: uds_address: not allowed: linuxptp deletes the path it names"
    ],
    [`${domain}[ptp4l.conf]\n>[eth7]\nhybrid_e2e 1`, "error 5 [eth7]: is not an interface of a [ptp_domain]"],
    [
      `${domain}[ptp4l.conf]\n# x\n\n>[eth0]\n>uds_address x`,
      "error 7 uds_address: not allowed: linuxptp deletes the path it names"
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
    "hwtimestamp /dev/ptp0",
    "hwtimestamp * rxfilter /x",
    "leapseclist /etc/shadow",
    "leapseclist /usr/share/zoneinfo/../../etc/shadow",
    "log measurements",
    "sched_priority 99",
    "cmdallow",
    "cmdallow all",
    "cmdallow 127.0.0.1/0",
    "cmdallow 10.0.0.0/8",
    "bindcmdaddress 0.0.0.0",
    "bindcmdaddress ::",
    "bindcmddevice eth0",
    "broadcast",
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
      const text = "[timemaster]\nntp_program ntpd\n\n[ntp.conf]\n"
      assert.strictEqual(render(`${text}${line}\n`), text)
      assert.strictEqual(problemsOf(`${text}${line}\n`).length, 1)
    }
  )

  it.each([
    "hwtimestamp *",
    "hwtimestamp eth0 minpoll 1 txcomp 300e-9 rxfilter PTP nocrossts",
    "hwtstimeout 0.01",
    "leapseclist /usr/share/zoneinfo/leap-seconds.list",
    "leapsectz right/UTC",
    "ptpport 319",
    "ptpdomain 123",
    "refresh 3600",
    "maxntsconnections 50",
    "ntsrefresh 4",
    "bindacqdevice eth1",
    "binddevice br-ex",
    "cmdport 323",
    "bindcmdaddress 127.0.0.1",
    "bindcmdaddress ::1",
    "bindcmddevice lo",
    "cmdallow 127.0.0.0/8",
    "cmdallow 127",
    "cmdallow ::1",
    "cmddeny all",
    "broadcast 60 192.0.2.255",
    "sched_priority 1",
    "maxtxbuffers 128",
    "server ntp.example.com iburst certset 1 maxdelayquant 0.99 ipv4"
  ])("passes the line %j on to chronyd", (line) => {
    assert.deepStrictEqual(problemsOf(`[chrony.conf]\n${line}\n`), [])
    assert.strictEqual(render(`[chrony.conf]\n${line}\n`), `[chrony.conf]\n${line}\n`)
  })

  it.each([
    "leapfile /usr/share/zoneinfo/leap-seconds.list",
    "broadcast 192.0.2.255 ttl 4",
    "manycastclient 239.255.254.7 iburst",
    "mru maxdepth 100",
    "restrict default kod nomodify"
  ])("passes the line %j on to ntpd", (line) => {
    const text = `[timemaster]\nntp_program ntpd\n\n[ntp.conf]\n${line}\n`
    assert.deepStrictEqual(problemsOf(text), [])
    assert.strictEqual(render(text), text)
  })

  it("ignores the sections of the NTP server that is not started, whatever they hold", () => {
    const ntpd = "[ntp.conf]\nincludefile /etc/ntp.conf\n[ntpd]\npath /bin/sh\noptions -u ntp:ntp -g\n"
    const chronyd = "[chrony.conf]\ninclude /etc/chrony.conf\n[chronyd]\npath /bin/sh\n"
    assert.deepStrictEqual(problemsOf(ntpd), [
      "warning 1 [ntp.conf]: ignored: timemaster starts chronyd",
      "warning 3 [ntpd]: ignored: timemaster starts chronyd"
    ])
    assert.strictEqual(render(ntpd), "")
    const text = `${chronyd}[Timemaster]\nntp_program chronyd\nntp_program Ntpd\n`
    assert.deepStrictEqual(problemsOf(text).map((problem) => problem.split(":")[0]), [
      "warning 1 [chrony.conf]",
      "warning 3 [chronyd]"
    ])
    assert.notInclude(render(text), "chrony.conf")
  })

  it("reads a head up to its bracket, as timemaster does", () => {
    const text = "[ptp_domain  24 ] # telecom\ninterfaces eth0\n[ntp_server a.example\n"
    assert.deepStrictEqual(problemsOf(text), [])
    assert.strictEqual(render(text), "[ptp_domain 24]\ninterfaces eth0\n\n[ntp_server a.example]\n")
    assert.deepStrictEqual(problemsOf("[ chronyd ]"), ["error 1 [ chronyd ]: is not a section: write [name]"])
  })

  it("says of an unknown name what was probably meant", () => {
    assert.deepStrictEqual(
      problemsOf(
        "[timemaster]\nntp_progam chronyd\n[ptp4l]\noptions --sumary_interval=1\n[ptp_domain 0]\ninterfaces eth0\nptp4l_option prority1 1\n"
      ),
      [
        "error 2 ntp_progam: not a setting of this section (did you mean ntp_program?)",
        "error 4 options: --sumary_interval: not an option of linuxptp (did you mean summary_interval?)",
        "error 7 ptp4l_option: prority1: not an option of linuxptp (did you mean priority1?)"
      ]
    )
  })

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
