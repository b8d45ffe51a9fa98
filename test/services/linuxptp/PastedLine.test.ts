import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { readdirSync, readFileSync } from "node:fs"
import { parseLogLine } from "../../../src/services/linuxptp/LogEvent.ts"
import { type KnownTags, parsePastedLine } from "../../../src/services/linuxptp/PastedLine.ts"

const logs = `${import.meta.dirname}/../../fixtures/logs`
const recorded = readdirSync(logs)
  .filter((file) => file.endsWith(".txt"))
  .flatMap((file) => readFileSync(`${logs}/${file}`, "utf8").trimEnd().split("\n"))
const isFramed = (line: string) => /^\w+\[\d+\.\d{3}\]: /.test(line)

/** As print.c gives a line to syslog: the program's name is the identifier, and not in the message. */
const inSyslog = (header: string) => (line: string): string =>
  line.replace(
    /^(\w+)(\[[\d.]+\]): /,
    (_, program: string, uptime: string) => `${header.replace("PROG", program)}${uptime} `
  )
const after = (prefix: string) => (line: string): string => `${prefix}${line}`

const same = (value: unknown, digits: bigint) =>
  typeof value === "bigint" || Number.isSafeInteger(value) ? BigInt(String(value)) === digits : false

const ways: ReadonlyArray<readonly [string, (line: string) => string]> = [
  [
    "kubectl logs",
    (message) => JSON.stringify({ time: "2026-11-30T22:00:00.000Z", level: "INFO", message, process: "ptp4l-p-1" })
  ],
  [
    "the log as it was before",
    (message) => JSON.stringify({ message, level: "INFO", annotations: { process: "ptp4l-p-1" } })
  ],
  ["kubectl logs --timestamps", after("2026-11-30T22:00:00.123456789Z ")],
  [
    "kubectl logs --prefix --timestamps",
    (message) =>
      `[pod/linuxptp-daemon-x7/linuxptp-daemon] 2026-11-30T22:00:00.123456789Z ${JSON.stringify({ message })}`
  ],
  ["LOG_FORMAT=pretty", after("\u001b[90m[22:35:00.123]\u001b[0m \u001b[32mINFO\u001b[0m (#12): ")],
  ["docker logs -t", after("2026-11-30T22:00:00.123456789+01:00 ")],
  ["docker's files", (line) => JSON.stringify({ log: `${line}\n`, stream: "stderr", time: "2026-11-30T22:00:00Z" })],
  [
    "docker's files, of the daemon",
    (message) => JSON.stringify({ log: `${JSON.stringify({ message })}\n`, stream: "stdout" })
  ],
  ["docker compose logs", after("ptp4l-1  | ")],
  ["CRI files", after("2026-11-30T22:00:00.123456789Z stdout F ")],
  ["CRI files, of the daemon", (message) => `2026-11-30T22:00:00.1Z stderr F ${JSON.stringify({ message })}`],
  ["journalctl", inSyslog("Nov 30 22:00:00 host PROG[6216]: ")],
  ["journalctl, with -m", after("Nov  3 22:00:00 host.example.com ptp4l[6216]: ")],
  ["journalctl in another language", inSyslog("déc. 30 22:00:00 host PROG[6216]: ")],
  ["journalctl -o short-precise", inSyslog("Nov 30 22:00:00.123456 host PROG[6216]: ")],
  ["journalctl -o short-iso", inSyslog("2026-11-30T22:00:00+0100 host PROG[6216]: ")],
  ["journalctl -o short-iso-precise", inSyslog("2026-11-30T22:00:00.123456+01:00 host PROG[6216]: ")],
  ["journalctl -o short-full", inSyslog("Mon 2026-11-30 22:00:00 UTC host PROG[6216]: ")],
  ["journalctl -o with-unit", inSyslog("Mon 2026-11-30 22:00:00 UTC host PROG@eth0.service[6216]: ")],
  ["journalctl -o short-monotonic", inSyslog("[ 2710.994123] host PROG[6216]: ")],
  ["journalctl -o short-unix", inSyslog("1796076000.123456 host PROG[6216]: ")],
  ["journalctl -o json", (line) => {
    const [, SYSLOG_IDENTIFIER = "", uptime = "", text = ""] = /^(\w+)(\[[\d.]+\]): (.*)$/s.exec(line) ?? []
    return JSON.stringify({ MESSAGE: `${uptime} ${text}`, SYSLOG_IDENTIFIER, _PID: "6216" })
  }],
  ["RFC 3164", inSyslog("<29>Nov 30 22:00:00 host PROG[6216]: ")],
  ["RFC 5424", inSyslog("<29>1 2026-11-30T22:00:00.003Z host PROG 6216 - - ")],
  ["RFC 5424 with data", inSyslog(`<29>1 2026-11-30T22:00:00.003Z host PROG 6216 ID [a@1 b="x\\]y"][c d="e"] \ufeff`)],
  ["rsyslog's files", inSyslog("2026-11-30T22:00:00.123456+01:00 host PROG: ")],
  ["syslogd of BusyBox", inSyslog("Nov 30 22:00:00 host daemon.info PROG[6216]: ")],
  ["logread of OpenWrt", inSyslog("Mon Nov 30 22:00:00 2026 daemon.info PROG[6216]: ")],
  ["syslog without time", inSyslog("PROG[6216]: ")],
  ["a time and a host", after("2026-11-30 22:00:00 worker-1 ")],
  ["a time of RFC 3339 and a host", after("2026-11-30T22:00:00.123456Z worker-1 ")],
  ["ts", after("22:00:00.123 ")],
  ["a script", after("[2026-11-30 22:00:00] ")],
  ["klog", after("I1130 22:00:00.123456       1 daemon.go:123] ")],
  ["grep -n", after("17:")],
  ["grep in files", after("/var/log/messages:")],
  ["grep -n in files", (line) => `logs/ptp4l.log:17:${inSyslog("Nov 30 22:00:00 host PROG[6216]: ")(line)}`],
  ["a numbered listing", after("    17\t")],
  ["a quotation", after("> ")],
  ["colours", (line) => `\u001b[0;1;31m${line}\u001b[0m\u001b[K`],
  ["a byte order mark, blanks and CRLF", (line) => `\ufeff  ${line}\r\n`]
]

describe("parsePastedLine", () => {
  it("reads every recorded line as the daemon reads it", () => {
    const tags: KnownTags = new Set()
    assert.deepStrictEqual(recorded.map((line) => parsePastedLine(line, tags)), recorded.map(parseLogLine))
  })

  it.each(ways)("takes off what %s puts before the frame", (_, wrap) => {
    const lines = recorded.filter(isFramed)
    assert.isAbove(lines.length, 500)
    assert.deepStrictEqual(lines.map((line) => parsePastedLine(wrap(line))), lines.map(parseLogLine))
  })

  it.each(ways)("hands on a line without a frame as it is: %s", (_, wrap) => {
    for (const line of ["usage: ptp4l [options]", "hello ptp4l[1.000]: port 1: LISTENING to SLAVE on RS_SLAVE", ""]) {
      const text = wrap(line)
      assert.deepStrictEqual(parsePastedLine(text), { kind: "unframed", text: text.replace(/\r\n$/, "") })
    }
  })

  it.each([
    ["port 1: LISTENING to SLAVE on RS_SLAVE", "ptp4l"],
    ["selected best master clock c6776d.fffe.316e19", "ptp4l"],
    ["master offset 5 s2 freq +1 path delay 2", "ptp4l"],
    ["rms 5 max 6 freq +1 +/- 2", "ptp4l"],
    ["CLOCK_REALTIME phc offset 5 s2 freq +1", "phc2sys"],
    ["CLOCK_REALTIME rms 5 max 6 freq +1 +/- 2", "phc2sys"],
    ["eth0 offset 5 s2 freq +1", "ts2phc"],
    ["link down", "linuxptp"]
  ])("finds out who printed a line without a name, as journalctl -o cat gives it: %s", (text, program) => {
    assert.deepStrictEqual(parsePastedLine(`[2710.994] ${text}`), parseLogLine(`${program}[2710.994]: ${text}`))
  })

  it("reads the daemon in Go, which glues its tags to the frame", () => {
    assert.deepInclude(parsePastedLine("ptp4l[2710.994]:[ptp4l.0.config:6] port 1 (eth0): link down"), {
      uptime: 2710.994,
      tag: "[ptp4l.0.config:6]",
      kind: "fault"
    })
    assert.deepInclude(parsePastedLine("ptp4l[1796076000]:[ptp4l.0.config] CLOCK_CLASS_CHANGE 6"), {
      uptime: 1796076000,
      text: "CLOCK_CLASS_CHANGE 6"
    })
  })

  it.each([
    "unknown option ptp4l[1.000]: in global section",
    "hello: ptp4l[1.000]: port 1: LISTENING to SLAVE on RS_SLAVE",
    "chronyd[12]: [1.000] hello",
    "Nov 30 22:00:00 host chronyd[12]: said ptp4l[1.000]: port 1: LISTENING to SLAVE on RS_SLAVE",
    "2026-11-30T22:00:00Z Could not resolve: ptp4l[1.000]: port 1: LISTENING to SLAVE on RS_SLAVE",
    "[ 2710.994123] e1000e: eth0 ptp4l[1.000]: port 1: LISTENING to SLAVE on RS_SLAVE",
    `{"message":"peer says ptp4l[1.000]: port 1: LISTENING to SLAVE on RS_SLAVE"}`,
    `{"message":"profiles selected","level":"INFO"}`,
    "{",
    "[]"
  ])("finds no frame in the middle of %s", (text) => {
    assert.deepStrictEqual(parsePastedLine(text), { kind: "unframed", text })
  })

  it("never takes a frame inside a message for a second line", () => {
    const inner = "ptp4l[1.000]: port 1: LISTENING to SLAVE on RS_SLAVE"
    for (const [, wrap] of ways) {
      for (const glue of ["", " ", "\r", "\u2028", "\u0000", "\u001b[0m", "Nov 30 22:00:00 host ptp4l[1]: "]) {
        assert.strictEqual(parsePastedLine(wrap(`ptp4l[1.000]: from the network:${glue}${inner}`)).kind, "message")
      }
    }
  })

  it.each([
    ["ptp4l", "master offset 5 s2 freq +1 path delay 2"],
    ["ptp4l", "rms 5 max 6 freq +1 +/- 2 delay 7 +/- 1"],
    ["ptp4l", "port 1 (eth0): SLAVE to FAULTY on FAULT_DETECTED (FT_UNSPECIFIED)"],
    ["ptp4l", "port 1 (eth0): new foreign master 06702c.fffe.8608fd-1"],
    ["ptp4l", "selected local clock c6776d.fffe.316e19 as best master"],
    ["phc2sys", "CLOCK_REALTIME phc offset 5 s2 freq +1 delay 2"],
    ["phc2sys", "/dev/ptp1 rms 5 max 6 freq +1 +/- 2"],
    ["ts2phc", "eth0 master offset 5 s2 freq +1"],
    ["ts2phc", "/dev/ptp1 offset 5 s2 freq +1 holdover"]
  ])("reads a plain message_tag of %s as a tag and not as a clock: %s", (program, text) => {
    const bare = parseLogLine(`${program}[1.000]: ${text}`)
    for (const tag of ["ptp1", "ptp4l.0.config:6", "<6>", "phc"]) {
      const tagged: object = { ...bare, tag }
      assert.deepEqual(parsePastedLine(`${program}[1.000]: ${tag} ${text}`), tagged)
    }
  })

  it.each(["master offset 5 s2 freq +1 path delay 2", "rms 5 max 6 freq +1 +/- 2"])(
    "takes no word of a plain tag for a clock of ptp4l: %s",
    (text) => {
      const tagged: object = { ...parseLogLine(`ptp4l[1.000]: ${text}`), tag: "port A" }
      assert.deepEqual(parsePastedLine(`ptp4l[1.000]: port A ${text}`), tagged)
    }
  )

  it("knows a fault behind a plain tag of one word", () => {
    const text = "timed out while polling for tx timestamp"
    assert.deepInclude(parsePastedLine(`ptp4l[1.000]: ptp1 ${text}`), { kind: "fault", tag: "ptp1", text })
  })

  it("knows a plain tag in every message, once it was seen where it cannot be anything else", () => {
    const tags: KnownTags = new Set()
    const read = (text: string) => parsePastedLine(`ptp4l[1.000]: ${text}`, tags)
    assert.deepInclude(read("ptp1 selected /dev/ptp0 as PTP clock"), { text: "ptp1 selected /dev/ptp0 as PTP clock" })
    assert.deepInclude(read("ptp1 port 1 (eth0): INITIALIZING to LISTENING on INIT_COMPLETE"), { tag: "ptp1" })
    assert.deepInclude(read("ptp1 selected /dev/ptp0 as PTP clock"), {
      tag: "ptp1",
      text: "selected /dev/ptp0 as PTP clock"
    })
    assert.deepInclude(read("ptp1 failed to create a clock"), {
      tag: "ptp1",
      kind: "fault",
      text: "failed to create a clock"
    })
    assert.notProperty(read("ptp2 selected /dev/ptp0 as PTP clock"), "tag")
    assert.notProperty(parsePastedLine("phc2sys[1.000]: ptp1 selected eth0", tags), "tag")
  })

  it("learns a bounded number of tags", () => {
    const tags: KnownTags = new Set()
    for (let n = 0; n < 1000; n += 1) {
      parsePastedLine(`ptp4l[1.000]: tag${n} port 1: SLAVE to FAULTY on FAULT_DETECTED`, tags)
    }
    assert.isAtMost(tags.size, 64)
  })

  it("keeps all digits of an integer, however long", () => {
    const integer = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    fc.assert(fc.property(integer, integer, integer, (offset, frequency, delay) => {
      const line = `ptp4l[1.000]: master offset ${offset} s0 freq ${
        frequency < 0n ? "" : "+"
      }${frequency} path delay ${delay}`
      const event = parsePastedLine(line)
      assert.isTrue(event.kind === "offset" && same(event.offsetNs, offset), line)
      assert.isTrue(event.kind === "offset" && same(event.frequencyPpb, frequency), line)
      assert.isTrue(event.kind === "offset" && same(event.delayNs, delay), line)
    }))
  })

  it("has a result for any text, and is quick with one that was made to be slow", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom(...ways.map(([, wrap]) => wrap("x"))))), (texts) => {
        assert.isString(parsePastedLine(texts.join("")).kind)
      })
    )
    for (
      const piece of [
        "a",
        " ",
        "> ",
        "1",
        "\u001b[",
        "{",
        "[",
        "a.",
        "a ",
        "log",
        "log:",
        "[\\",
        "port 1 (",
        "2026-11-30T22:00:00Z "
      ]
    ) {
      for (const start of ["", "Nov 30 22:00:00 ", "ptp4l[1.000]: ", "<29>1 2026-11-30T22:00:00Z host ptp4l - - "]) {
        assert.isString(parsePastedLine(start + piece.repeat(65_536 / piece.length)).kind)
      }
    }
  })
})
