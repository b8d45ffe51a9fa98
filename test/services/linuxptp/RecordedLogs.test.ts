import { assert, describe, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { type ParsedLogLine, parseLogLine } from "../../../src/services/linuxptp/LogEvent.ts"

const folder = `${import.meta.dirname}/../../fixtures/logs`

const linesOf = (file: string): ReadonlyArray<string> => readFileSync(`${folder}/${file}`, "utf8").trimEnd().split("\n")

type Counts = Partial<Record<ParsedLogLine["kind"], number>>

const count = (lines: ReadonlyArray<string>): Counts => {
  const counts: Counts = {}
  for (const { kind } of lines.map(parseLogLine)) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

// What grep counts in the files, kind by kind.
const recorded: ReadonlyArray<readonly [file: string, counts: Counts]> = [
  ["phc2sys-automatic-3.1.1.txt", { offset: 28, fault: 1, message: 14, unframed: 3 }],
  ["phc2sys-manual-3.1.1.txt", { fault: 4, unframed: 2 }],
  ["phc2sys-missing-device-3.1.1.txt", { fault: 2, unframed: 39 }],
  ["phc2sys-no-suitable-ports-3.1.1.txt", { fault: 1, unframed: 2 }],
  ["phc2sys-realtime-to-phc-3.1.1.txt", { offset: 5 }],
  ["phc2sys-replug-3.1.1.txt", { offset: 31, fault: 2, message: 16, unframed: 2 }],
  ["phc2sys-summary-3.1.1.txt", { summary: 1 }],
  ["ptp4l-bad-option-3.1.1.txt", { unframed: 4 }],
  ["ptp4l-boundary-clock-3.1.1.txt", { summary: 12, portState: 7, bestMaster: 16, fault: 7, message: 11 }],
  ["ptp4l-free-running-3.1.1.txt", { offset: 7, portState: 3, bestMaster: 3, fault: 1, message: 1 }],
  ["ptp4l-grandmaster-linkdown-3.1.1.txt", { portState: 12, bestMaster: 7, fault: 3, message: 9 }],
  ["ptp4l-hardware-3.1.1.txt", { summary: 33, portState: 12, bestMaster: 9, fault: 5, message: 11, unframed: 3 }],
  ["ptp4l-interface-down-3.1.1.txt", { portState: 3, bestMaster: 1, fault: 4, message: 1, unframed: 1 }],
  ["ptp4l-jbod-3.1.1.txt", { summary: 5, portState: 6, bestMaster: 2, fault: 1, message: 6 }],
  ["ptp4l-missing-interface-3.1.1.txt", { fault: 3, unframed: 3 }],
  ["ptp4l-no-capability-3.1.1.txt", { offset: 27, portState: 4, bestMaster: 3, fault: 55, message: 1 }],
  ["ptp4l-slave-debug-3.1.1.txt", { summary: 2, portState: 4, bestMaster: 3, fault: 1, message: 196 }],
  ["ptp4l-slave-l2-3.1.1.txt", { offset: 29, portState: 4, bestMaster: 2, fault: 1, message: 1 }],
  ["ptp4l-slave-linkdown-gmloss-3.1.1.txt", {
    summary: 10,
    portState: 16,
    bestMaster: 17,
    fault: 14,
    message: 8,
    unframed: 9
  }],
  ["ptp4l-slave-summary-tag-3.1.1.txt", { summary: 4, portState: 4, bestMaster: 2, fault: 1, message: 1 }],
  ["ptp4l-two-phcs-3.1.1.txt", { fault: 3, message: 1, unframed: 2 }],
  ["ptp4l-tx-timeout-3.1.1.txt", { portState: 4, bestMaster: 1, fault: 3, message: 2 }],
  ["ptp4l-uds-missing-3.1.1.txt", { portState: 2, fault: 1, unframed: 2 }],
  ["timemaster-hardware-3.1.1.txt", { offset: 9, summary: 7, portState: 4, bestMaster: 2, message: 16, unframed: 6 }],
  ["timemaster-software-3.1.1.txt", { summary: 8, portState: 6, bestMaster: 4, fault: 4, message: 9, unframed: 7 }]
]

describe("recorded logs", () => {
  it("are all in the table below", () => {
    const files = readdirSync(folder).filter((file) => file.endsWith(".txt")).sort()
    assert.deepStrictEqual(files, recorded.map(([file]) => file))
  })

  it.each(recorded)("%s is read line by line", (file, counts) => {
    assert.deepEqual(count(linesOf(file)), counts)
  })

  it("have no frame that is not seen", () => {
    const unframed = recorded.flatMap(([file]) => linesOf(file)).filter((line) =>
      parseLogLine(line).kind === "unframed"
    )
    assert.deepStrictEqual(unframed.filter((line) => /^\w+\[[\d.]+\]: /.test(line)), [])
  })

  it("say nothing as a plain message that looks like a measurement, a transition or a failure", () => {
    const messages = recorded.flatMap(([file]) => linesOf(file)).filter((line) => parseLogLine(line).kind === "message")
    const suspicious =
      /\w offset +-|\brms\b|[A-Z_]{5,} to [A-Z_]{5,}|fail|error|unable|not valid|mismatch|timed out|best master/
    assert.deepStrictEqual(messages.filter((line) => suspicious.test(line)), [])
  })

  it("leave port 1 in the state of its last transition", () => {
    const endedIn = new Map<string, string>()
    for (const [file] of recorded) {
      for (const event of linesOf(file).map(parseLogLine)) {
        if (event.kind === "portState" && event.port === 1) endedIn.set(file, event.to)
      }
    }
    assert.deepStrictEqual(Object.fromEntries(endedIn), {
      "ptp4l-boundary-clock-3.1.1.txt": "SLAVE",
      "ptp4l-free-running-3.1.1.txt": "UNCALIBRATED",
      "ptp4l-grandmaster-linkdown-3.1.1.txt": "MASTER",
      "ptp4l-hardware-3.1.1.txt": "SLAVE",
      "ptp4l-interface-down-3.1.1.txt": "FAULTY",
      "ptp4l-jbod-3.1.1.txt": "FAULTY",
      "ptp4l-no-capability-3.1.1.txt": "SLAVE",
      "ptp4l-slave-debug-3.1.1.txt": "SLAVE",
      "ptp4l-slave-l2-3.1.1.txt": "SLAVE",
      "ptp4l-slave-linkdown-gmloss-3.1.1.txt": "FAULTY",
      "ptp4l-slave-summary-tag-3.1.1.txt": "SLAVE",
      "ptp4l-tx-timeout-3.1.1.txt": "FAULTY",
      "ptp4l-uds-missing-3.1.1.txt": "LISTENING",
      "timemaster-hardware-3.1.1.txt": "SLAVE",
      "timemaster-software-3.1.1.txt": "UNCALIBRATED"
    })
  })
})
