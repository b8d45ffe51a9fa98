import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { nodeStatus, type StatusFacts } from "../../../src/services/status/NodeStatus.ts"
import { spec } from "../../layers/processes/ScriptedRunner.ts"
import { decision, facts, nic, profile, running } from "./PublishedNode.ts"

const now = "2026-11-23T10:00:00Z"

const nics = Array.from({ length: 16 }, (_, index) => nic(index))
const words = "timed out while polling for tx timestamp 🕰".repeat(20)
/** 16 NICs, 4 processes, and so many profiles that each have an error. */
const crowded = (profileCount: number, change: Partial<StatusFacts> = {}) => {
  const names = Array.from({ length: profileCount }, (_, index) => `grandmaster-client-of-rack-${index}`)
  const problems = names.map((name) => ({
    severity: "error" as const,
    config: "config1",
    path: name,
    message: words
  }))
  return facts({
    interfaces: nics,
    decision: decision({
      profiles: names.map((name) => profile(name, nics.map((other) => other.name))),
      problems
    }),
    statuses: ["ptp4l", "phc2sys", "ptp4l-b", "phc2sys-b"].map((program) => {
      const id = `${program}-grandmaster-client-of-rac-0a1b2c3d`
      const lastExit = words.slice(0, 200)
      return running({ id, spec: spec(id), state: "BackOff", restarts: 17, deaths: 5, lastExit, reason: words })
    }),
    clock: {
      state: "LOCKED",
      reason: "Locked",
      grandmaster: "507c6f.fffe.1fb1c0",
      ports: nics.slice(0, 4).map(({ name }) => ({ interface: name, state: "UNCALIBRATED" })),
      alarms: [],
      sinceMillis: 0
    },
    daemon: {
      version: "0.1.0",
      pod: "linuxptp-daemon-on-the-workers-of-rack-7-x7k2p",
      linuxptp: "4.4",
      startedAt: now,
      stoppedAt: now
    },
    ...change
  })
}

const bytesOf = (status: unknown) => Buffer.byteLength(JSON.stringify(status))

describe("shortenedToFit", () => {
  it("stays below 4 KiB for 16 NICs, when all is well and when everything goes wrong", () => {
    const sizes = [crowded(1, { statuses: [running()] }), crowded(1), crowded(2), crowded(4)].map((each) =>
      bytesOf(nodeStatus(each, undefined, now))
    )
    assert.isTrue(sizes.every((size) => size < 4_096), `${sizes}`)
  })

  it("leaves a NIC's place and driver out last, and nothing when all is well", () => {
    const [well] = nodeStatus(crowded(1, { statuses: [running()] }), undefined, now).ptpDevices
    assert.strictEqual(well?.pciAddress, "0000:81:00.0")
    const wrong = nodeStatus(crowded(4), undefined, now)
    assert.deepStrictEqual(Object.keys(wrong.ptpDevices[0] ?? {}), ["name", "phcIndex", "linkUp", "profile"])
    assert.isTrue(wrong.processes.every((process) => process.lastExit === undefined))
  })

  it("never splits a character, which the API server would replace", () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom("a", "é", "€", "🕰") }), (text) => {
      const lastExit = `${text}${"🕰".repeat(200)}`
      const problems = [{ severity: "error" as const, config: `c${text}`, path: "", message: "🕰".repeat(600) }]
      const status = nodeStatus(
        facts({ decision: decision({ problems }), statuses: [running({ lastExit })] }),
        undefined,
        now
      )
      assert.isTrue(
        [...status.conditions.map(({ message }) => message), status.processes[0]?.lastExit].every((each) =>
          each?.isWellFormed()
        )
      )
    }))
  })
})
