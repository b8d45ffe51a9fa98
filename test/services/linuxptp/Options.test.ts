import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { LinuxptpVersion } from "../../../src/services/linuxptp/LinuxptpVersion.ts"
import { maxOptionTextLength, readOptions, renderArguments } from "../../../src/services/linuxptp/Options.ts"
import type { Program } from "../../../src/services/linuxptp/Program.ts"

const v3: LinuxptpVersion = { major: 3, minor: 1, patch: 1 }
const v4: LinuxptpVersion = { major: 4, minor: 4, patch: 0 }

const argvOf = (program: Program, text: string | undefined, version = v4): ReadonlyArray<string> =>
  renderArguments(readOptions(program, version, text).arguments)

const problemsOf = (program: Program, text: string, version = v4): ReadonlyArray<string> =>
  readOptions(program, version, text).problems.map(({ message, option, severity }) =>
    `${severity} ${option}: ${message}`
  )

const errorsOf = (program: Program, text: string, version = v4): ReadonlyArray<string> =>
  readOptions(program, version, text).problems.filter((row) => row.severity === "error").map((row) => row.option)

describe("readOptions", () => {
  it.each([undefined, "", " ", " \t\n"])("takes %j for no options", (text) => {
    assert.deepStrictEqual(readOptions("ptp4l", v4, text), { arguments: [], problems: [] })
  })

  it.each<[Program, string, string]>([
    ["ptp4l", "-s -2", "-s -2"],
    ["ptp4l", "-2s", "-2 -s"],
    ["phc2sys", "-a -r", "-a -r"],
    ["phc2sys", "-arr -n 24", "-a -r -r -n 24"],
    ["phc2sys", "-s ens1f0 -O -37 -w", "-s ens1f0 -O -37 -w"],
    ["phc2sys", "-i eth0", "-s eth0"],
    ["phc2sys", "-s /dev/ptp_ena -c clock_realtime", "-s /dev/ptp_ena -c CLOCK_REALTIME"],
    ["ptp4l", "-p /dev/ptp_kvm", "-p /dev/ptp_kvm"],
    ["ts2phc", "-s NMEA -c /dev/ptp_x", "-s nmea -c /dev/ptp_x"],
    ["phc2sys", "-c /dev/ptp1 -s CLOCK_REALTIME -d /dev/pps0", "-c /dev/ptp1 -s CLOCK_REALTIME -d /dev/pps0"],
    ["phc2sys", "-E LINREG -P .70 -S 1e-1 -R8", "-E linreg -P 0.7 -S 0.1 -R 8"],
    ["ptp4l", "-iens1f0 -i eth0.100 -p /dev/ptp0", "-i ens1f0 -i eth0.100 -p /dev/ptp0"],
    ["ptp4l", "--domainNumber 24 --network_transport=l2", "--domainNumber=24 --network_transport=L2"],
    ["ptp4l", "--min_neighbor_prop_delay -20", "--min_neighbor_prop_delay=-20"],
    ["ptp4l", "--slaveOnly 1", "--clientOnly=1"],
    ["ptp4l", "-l 7", "-l 7"],
    ["ts2phc", "-s generic -c ens1f0 -a", "-s generic -c ens1f0 -a"],
    ["ts2phc", "--ts2phc.nmea_serialport /dev/gnss0 -s nmea", "--ts2phc.nmea_serialport=/dev/gnss0 -s nmea"],
    ["timemaster", "-l 7", "-l 7"]
  ])("accepts the %s options %j", (program, text, argv) => {
    assert.deepStrictEqual(problemsOf(program, text), [])
    assert.strictEqual(argvOf(program, text).join(" "), argv)
  })

  it.each<[Program, string, string]>([
    ["ptp4l", "-m -s", "-s"],
    ["ptp4l", "-mq2", "-2"],
    ["ptp4l", "--verbose 1 --use_syslog=0 --uds_file_mode 0666 --uds_ro_file_mode 0666", ""],
    ["ptp4l", "--uds_address /var/run/ptp4l --uds_ro_address=/var/run/ptp4lro", ""],
    ["ptp4l", "-l 5", "-l 6"],
    ["ptp4l", "--logging_level 0", "--logging_level=6"],
    ["timemaster", "-m -q -l 2", "-l 6"],
    ["ptp4l", "--message_tag my-tag -2", "-2"],
    ["phc2sys", "-a -t tag -r", "-a -r"],
    ["phc2sys", "-a --uds_address /var/run/ptp4l.1 --message_tag=x", "-a"],
    ["ts2phc", "-s generic --uds_address=/etc/passwd", "-s generic"]
  ])("takes over what the daemon owns in the %s options %j, with a warning", (program, text, argv) => {
    assert.strictEqual(argvOf(program, text).join(" "), argv)
    assert.isNotEmpty(problemsOf(program, text))
    assert.deepStrictEqual(errorsOf(program, text), [])
  })

  it.each<[Program, string, string]>([
    ["ptp4l", "-f /etc/shadow", "-f"],
    ["ptp4l", "-2qmf/etc/x", "-f"],
    ["ptp4l", "-v", "-v"],
    ["ptp4l", "-h", "-h"],
    ["ptp4l", "--uds_address /etc/passwd", "--uds_address"],
    ["ptp4l", "--uds_ro_address=/etc/passwd", "--uds_ro_address"],
    ["ptp4l", "--uds_addr=/etc/passwd", "--uds_addr"],
    ["ptp4l", "--u /etc/passwd", "--u"],
    ["ptp4l", "--cmlds.client_address /etc/passwd", "--cmlds.client_address"],
    ["ptp4l", "--slave_event_monitor /run/x", "--slave_event_monitor"],
    ["ptp4l", "--user nobody", "--user"],
    ["ptp4l", "--leapfile /etc/shadow", "--leapfile"],
    ["ptp4l", "--sa_file /etc/linuxptp/../shadow", "--sa_file"],
    ["ptp4l", "--refclock_sock_address /run/docker.sock", "--refclock_sock_address"],
    ["ptp4l", "-i ../../etc", "-i"],
    ["ptp4l", "-i", "-i"],
    ["ptp4l", "-i ''", "-i"],
    ["ptp4l", "-p eth0", "-p"],
    ["ptp4l", "-c eth0", "-c"],
    ["ptp4l", "--domainNumber", "--domainNumber"],
    ["ptp4l", "--domainNumber 256", "--domainNumber"],
    ["ptp4l", "--nonsense 1", "--nonsense"],
    ["ptp4l", "-s -- -2", "--"],
    ["ptp4l", "-s word", "word"],
    ["ptp4l", "-s -", "-"],
    ["phc2sys", "-z /etc/passwd", "-z"],
    ["phc2sys", "-a -z/etc/passwd", "-z"],
    ["phc2sys", "-M 256", "-M"],
    ["phc2sys", "-c CLOCK_TAI", "-c"],
    ["ptp4l", "--logSyncInterval=-30", "--logSyncInterval"],
    ["phc2sys", "-s /etc/shadow", "-s"],
    ["phc2sys", "-d /dev/sda", "-d"],
    ["ts2phc", "--ts2phc.nmea_serialport /dev/sda", "--ts2phc.nmea_serialport"],
    ["ts2phc", "-i eth0", "-i"],
    ["ts2phc", "-c nmea", "-c"],
    ["ptp4l", "-i GLOBAL", "-i"],
    ["timemaster", "-f /etc/x", "-f"],
    ["timemaster", "-n", "-n"],
    ["timemaster", "--verbose 1", "--verbose"]
  ])("refuses the %s options %j because of %s", (program, text, option) => {
    assert.deepStrictEqual(errorsOf(program, text), [option])
    assert.notInclude(argvOf(program, text).join(" "), "/")
  })

  it("says what is wrong in the words of the user", () => {
    assert.deepStrictEqual(problemsOf("ptp4l", "-2qf/etc/x --uds_addr=/x --spp 1", v3), [
      "error -f: not allowed: the daemon writes the configuration file (in -2qf/etc/x)",
      "error --uds_addr: abbreviations are not allowed; is it --uds_address?",
      "error --spp: comes with linuxptp 4.3; installed is 3.1.1",
      "warning -q: ignored: the daemon writes linuxptp's output to its own log (in -2qf/etc/x)"
    ])
  })

  it("spells options and checks words as the installed version does", () => {
    assert.deepStrictEqual(argvOf("ptp4l", "--clientOnly 1", v3), ["--slaveOnly=1"])
    assert.deepStrictEqual(errorsOf("ptp4l", "--domainNumber 200", v3), ["--domainNumber"])
    assert.deepStrictEqual(errorsOf("phc2sys", "-E refclock_sock", v3), ["-E"])
    assert.deepStrictEqual(errorsOf("ts2phc", "-a", v3), ["-a"])
    assert.deepStrictEqual(argvOf("phc2sys", "-s /dev/ptp_ena -c /dev/ptp0", v3), [
      "-s",
      "//dev/ptp_ena",
      "-c",
      "/dev/ptp0"
    ])
    assert.deepStrictEqual(argvOf("phc2sys", "-E refclock_sock"), ["-E", "refclock_sock"])
    assert.deepStrictEqual(problemsOf("phc2sys", "-C CLOCK_REALTIME"), [
      "error -C: comes after linuxptp 4.4; installed is 4.4"
    ])
  })

  it("refuses open quotes, control characters and endless text as a whole", () => {
    assert.deepStrictEqual(problemsOf("ptp4l", "-s 'x"), ["error ptp4l: has no closing '"])
    assert.deepStrictEqual(problemsOf("ptp4l", "-i 'a\nb'"), ["error ptp4l: contains the control character U+000A"])
    assert.deepStrictEqual(errorsOf("ptp4l", "-2 ".repeat(maxOptionTextLength)), ["ptp4l"])
    assert.isAtMost(errorsOf("ptp4l", "x ".repeat(2000)).length, 20)
  })
})

const programs: ReadonlyArray<Program> = ["ptp4l", "phc2sys", "ts2phc", "timemaster"]
const program = fc.constantFrom(...programs)
const version = fc.constantFrom(v3, v4, { major: 4, minor: 5, patch: 0 })

/** What a hostile user would try, cut and joined at random. */
const fragment = fc.constantFrom(
  ..."-f -z -t -v -h -i -s -c -d -p -l -m -q -a -2 -E -O -- --uds_address --uds_ro_address --message_tag --leapfile"
    .split(" "),
  ..."--uds --slave_event_monitor --domainNumber --clientOnly --user --constructor --__proto__ --sa_file /etc/passwd eth0 24 -5 ="
    .split(" "),
  ..."--userDescription --productDescription --ts2phc.nmea_serialport /dev/ptp0 /dev/ttyS0 ' \" \\".split(" "),
  " ",
  "\n",
  "\u0000"
)
const hostileText = fc.array(fragment, { maxLength: 24 }).map((parts) => parts.join("")).map((text) =>
  text.replaceAll(/([a-z0-9])(--?[a-z])/g, "$1 $2")
)

const quote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

/** Independent of the tables: what may never reach argv, whoever asks for it. */
const forbidden = /^-[fzvhmqt]$|^--(?:uds|message_tag|slave_event|user=|cmlds\.[cs]|verbose|use_syslog)|^--?$|\p{C}/u
const allowedPath =
  /^(?:[^/]*|(?:--[\w.]+=)?\/dev\/(?:ptp|pps)\d+|--ts2phc\.nmea_serialport=\/dev\/(?:tty|gnss)\w+|--(?:user|product)Description=.*)$/u

describe("every option text", () => {
  it("is read without throwing, and nothing outside the list reaches argv", () => {
    fc.assert(
      fc.property(program, version, hostileText, (name, installed, text) => {
        const argv = renderArguments(readOptions(name, installed, text).arguments)
        assert.deepStrictEqual(argv.filter((word) => forbidden.test(word) || !allowedPath.test(word)), [])
      }),
      { numRuns: 2000 }
    )
  })

  it("is canonical once rendered: reading argv again changes nothing and finds nothing", () => {
    fc.assert(
      fc.property(program, version, hostileText, (name, installed, text) => {
        const once = readOptions(name, installed, text).arguments
        const again = readOptions(name, installed, renderArguments(once).map(quote).join(" "))
        assert.deepStrictEqual(again, { arguments: once, problems: [] })
      }),
      { numRuns: 2000 }
    )
  })
})
