import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import * as fc from "fast-check"
import { readFileSync } from "node:fs"
import { Program } from "../../../src/services/linuxptp/Program.ts"
import { isConfigurationError, lastWords } from "../../../src/services/linuxptp/StartFailure.ts"
import type { OutputLine, ProcessExit } from "../../../src/services/processes/ProcessRunner.ts"

const programs = Program.literals

const stderr = (texts: ReadonlyArray<string>): ReadonlyArray<OutputLine> =>
  texts.map((text) => ({ stream: "stderr", text }))

/** What standard error of a recorded start was: no notes of the recorder. */
const recorded = (file: string): ReadonlyArray<string> =>
  readFileSync(`${import.meta.dirname}/../../fixtures/logs/${file}-3.1.1.txt`, "utf8").trimEnd().split("\n")
    .filter((line) => !/^(?:[$#]|\[exit code|two PHCs rc|phc2sys\[\S+ selecting|ptp4l\[\S+ selected)/.test(line))

const said = (...texts: ReadonlyArray<string>): ReadonlyArray<OutputLine> =>
  texts.map((text) => ({ stream: "stdout", text: `timemaster[1.000]: ${text}` }))

const usage = (program: string): ReadonlyArray<string> => [
  "",
  `usage: ${program} [options]`,
  "",
  " -h        prints this message and exits"
]
const chronyd = (text: string) => `2026-11-26T06:15:10Z ${text}`
const welcome = [chronyd("chronyd version 4.3 starting (+CMDMON)"), chronyd("Disabled control of system clock")]

type Start = readonly [Program, number, ReadonlyArray<string>, words: string]

// Measured with linuxptp 3.1.1 and 4.4, which differ where two lines stand for one start.
const aboutText: ReadonlyArray<Start> = [
  [
    "ptp4l",
    254,
    recorded("ptp4l-bad-option"),
    "unknown option noSuchOption at line 2 in global section; failed to parse configuration file bad1.conf"
  ],
  ["ptp4l", 255, ["BC needs at least two interfaces"], "BC needs at least two interfaces"],
  ["ptp4l", 255, ["no interface specified", ...usage("ptp4l")], "no interface specified"],
  ["ptp4l", 255, ["ptp4l: unrecognized option '--foo'", ...usage("ptp4l")], "ptp4l: unrecognized option '--foo'"],
  ["ptp4l", 255, usage("ptp4l").slice(2), ""],
  ["phc2sys", 255, ["invalid servo name foo"], "invalid servo name foo"],
  ["ts2phc", 255, ["no slave clocks specified", ...usage("ts2phc")], "no slave clocks specified"],
  [
    "ts2phc",
    255,
    [
      "x is a malformed value for option ts2phc.pulsewidth at line 2",
      "failed to parse configuration file /run/c",
      "failed to read config"
    ],
    "x is a malformed value for option ts2phc.pulsewidth at line 2; failed to parse configuration file /run/c"
  ],
  ["timemaster", 1, ["timemaster[896.043]: unknown timemaster setting foo"], "unknown timemaster setting foo"],
  [
    "timemaster",
    1,
    [
      ...welcome,
      "unknown option foo at line 2 in global section",
      "failed to parse configuration file /run/d/ptp4l.7.conf",
      chronyd("chronyd exiting")
    ],
    "unknown option foo at line 2 in global section; failed to parse configuration file /run/d/ptp4l.7.conf"
  ],
  [
    "timemaster",
    1,
    [
      ...welcome.slice(0, 1),
      chronyd("Fatal error : Invalid directive at line 1 in file /run/d/chrony.conf"),
      "ptp4l[901.656]: [0:nic0] refclock_sock: connect failed: No such file or directory",
      "ptp4l[901.657]: [0:nic0] Failed to create clock servo",
      "failed to create a clock"
    ],
    "Fatal error : Invalid directive at line 1 in file /run/d/chrony.conf"
  ],
  ["ptp4l", 255, ["-p: x is a malformed value"], "-p: x is a malformed value"],
  [
    "ptp4l",
    255,
    [
      "ptp4l[2.000]: port 1 (eth0): no table with id 3",
      "ptp4l[2.000]: failed to open port eth0",
      "failed to create a clock"
    ],
    "port 1 (eth0): no table with id 3; failed to create a clock"
  ],
  [
    "ptp4l",
    255,
    [
      "ptp4l[2.000]: Please enable at least one of serverOnly or clientOnly when BMCA == noop.",
      "failed to create a clock"
    ],
    "Please enable at least one of serverOnly or clientOnly when BMCA == noop.; failed to create a clock"
  ],
  [
    "phc2sys",
    255,
    ["time offset must be specified using -w or -O", ...usage("phc2sys")],
    "time offset must be specified using -w or -O"
  ]
]

const aboutEnvironment: ReadonlyArray<Start> = [
  [
    "ptp4l",
    255,
    recorded("ptp4l-missing-interface"),
    "ioctl SIOCGIFHWADDR failed: No such device; failed to create a clock"
  ],
  ["ptp4l", 255, recorded("ptp4l-two-phcs"), "port 2: /dev/ptp0 requested, ptp2 attached; failed to create a clock"],
  [
    "phc2sys",
    255,
    recorded("phc2sys-missing-device"),
    "unknown clock nosuch0: No such device; valid source clock must be selected."
  ],
  ["phc2sys", 255, recorded("phc2sys-no-suitable-ports"), "no suitable ports available"],
  [
    "ptp4l",
    255,
    [
      "ptp4l[906.0]: x",
      "ptp4l[905.982]: interface 'nic0' does not support requested timestamping mode",
      "failed to create a clock"
    ],
    "interface 'nic0' does not support requested timestamping mode; failed to create a clock"
  ],
  [
    "ptp4l",
    255,
    ["failed to open configuration file /run/x: No such file or directory"],
    "failed to open configuration file /run/x: No such file or directory"
  ],
  [
    "ts2phc",
    255,
    [
      "ts2phc[910.142]: interface nic0 does not have a PHC",
      "ts2phc[910.142]: failed to open clock",
      "ts2phc[910.142]: failed to create sink",
      "failed to add PPS sink"
    ],
    "interface nic0 does not have a PHC; failed to add PPS sink"
  ],
  [
    "timemaster",
    1,
    [
      "timemaster[896.162]: ioctl SIOCETHTOOL failed: No such device",
      "timemaster[896.162]: failed to get time stamping info for nosuch0"
    ],
    "failed to get time stamping info for nosuch0"
  ],
  [
    "timemaster",
    1,
    ["ptp4l[901.656]: [0:nic0] refclock_sock: connect failed: No such file or directory", "failed to create a clock"],
    "[0:nic0] refclock_sock: connect failed: No such file or directory; failed to create a clock"
  ],
  [
    "timemaster",
    0,
    ["timemaster[896.375]: failed to spawn chronyd: No such file or directory"],
    "failed to spawn chronyd: No such file or directory"
  ],
  [
    "ptp4l",
    1,
    ["chrt: failed to set pid 0's policy: Operation not permitted"],
    "chrt: failed to set pid 0's policy: Operation not permitted"
  ],
  [
    "ptp4l",
    255,
    ["ptp4l[12.100]: Failed to open /dev/ptp0: Device or resource busy", "failed to create a clock"],
    "Failed to open /dev/ptp0: Device or resource busy; failed to create a clock"
  ],
  [
    "ptp4l",
    255,
    ["ptp4l[12.100]: uds: bind failed: Address already in use", "failed to create a clock"],
    "uds: bind failed: Address already in use; failed to create a clock"
  ],
  [
    "ptp4l",
    255,
    ["ptp4l[12.100]: ioctl SIOCSHWTSTAMP failed: Operation not permitted", "failed to create a clock"],
    "ioctl SIOCSHWTSTAMP failed: Operation not permitted; failed to create a clock"
  ],
  [
    "ts2phc",
    255,
    ["ts2phc[3.000]: failed to open nmea source /dev/gnss0", "failed to create PPS source"],
    "failed to open nmea source /dev/gnss0; failed to create PPS source"
  ],
  [
    "phc2sys",
    255,
    ["cannot open '/dev/pps7': No such file or directory"],
    "cannot open '/dev/pps7': No such file or directory"
  ],
  [
    "timemaster",
    1,
    [...welcome.slice(0, 1), chronyd("Fatal error : Another chronyd may already be running (pid=7), check /run/c.pid")],
    "Fatal error : Another chronyd may already be running (pid=7), check /run/c.pid"
  ]
]

const starts = [...aboutText, ...aboutEnvironment]

const ended = (program: Program, exit: ProcessExit, lines: ReadonlyArray<OutputLine>) =>
  isConfigurationError({ program, exit, lines, lasted: Duration.millis(10) })

describe("isConfigurationError", () => {
  it.each(aboutText)("is %s that ends with %i for %j", (program, code, texts) => {
    assert.isTrue(ended(program, { code }, stderr(texts)))
  })

  it.each(aboutEnvironment)(
    "is not %s that ends with %i for %j, which may be different next time",
    (program, code, texts) => {
      assert.isFalse(ended(program, { code }, stderr(texts)))
    }
  )

  it.each<readonly [Program, ProcessExit]>([
    ["ptp4l", { code: 255 }],
    ["ptp4l", { code: 254 }],
    ["ptp4l", { code: 0 }],
    ["ts2phc", { signal: "SIGSEGV" }],
    ["timemaster", { code: 1 }]
  ])("is not what the exit code says: %s ended by %j without a word about its text", (program, exit) => {
    assert.isFalse(ended(program, exit, stderr(["port 1: link down"])))
    assert.isFalse(ended(program, exit, []))
  })

  it("is usage text, but not with a signal and not on standard output", () => {
    assert.isTrue(ended("phc2sys", { code: 1 }, stderr(usage("phc2sys"))))
    assert.isFalse(ended("phc2sys", { signal: "SIGTERM" }, stderr(usage("phc2sys"))))
    assert.isFalse(ended("phc2sys", { code: 1 }, [{ stream: "stdout", text: "usage: phc2sys [options]" }]))
  })

  it("is what timemaster's ptp4l complains of, whatever becomes of the other children", () => {
    const ends = said("process 8 terminated with status 254", "process 7 terminated abnormally", "exiting")
    const refused = stderr(["unknown option foo at line 2 in global section"])
    assert.isTrue(ended("timemaster", { code: 1 }, [...refused, ...ends]))
    assert.isFalse(ended("timemaster", { code: 1 }, ends))
  })
})

describe("lastWords", () => {
  it.each(starts)("of %s that ends with %i for %j", (_program, _code, texts, words) => {
    assert.strictEqual(lastWords(stderr(texts)), words)
  })

  it.each<readonly [ReadonlyArray<OutputLine>, string]>([
    [[], ""],
    [[{ stream: "stdout", text: "ptp4l[1.000]: port 1: link up" }], ""],
    [stderr(welcome), ""],
    [stderr(["failed to create a clock"]), "failed to create a clock"],
    [stderr(["a", "ptp4l[1.000]: port 1: link down", "", "  "]), "port 1: link down"]
  ])("of %j", (lines, words) => {
    assert.strictEqual(lastWords(lines), words)
  })

  it("are at most 200 characters, and never throw", () => {
    const text = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.constantFrom(...starts.flatMap(([, , texts]) => texts))
    )
    const lines = fc.array(fc.record({ stream: fc.constantFrom("stdout" as const, "stderr" as const), text }))
    fc.assert(fc.property(lines, fc.constantFrom(...programs), (some, program) => {
      assert.isAtMost(lastWords(some).length, 200)
      assert.isBoolean(ended(program, { code: 1 }, some))
    }))
  })
})
