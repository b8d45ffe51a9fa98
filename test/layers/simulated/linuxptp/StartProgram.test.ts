import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { Moment } from "../../../../src/layers/simulated/linuxptp/SimulatedProgram.ts"
import { startProgram } from "../../../../src/layers/simulated/linuxptp/StartProgram.ts"
import { parseLogLine } from "../../../../src/services/linuxptp/LogEvent.ts"
import { nic, nodeName, ptp4lSpec, socketOf, specOf } from "./SimulatedNode.ts"

const ptp4l = ptp4lSpec({ interfaces: ["ens1f0", "ens2f0"] })
const specs = [
  ptp4l,
  ptp4lSpec({ id: "ptp4l-client-11111111", words: ["-s", "--logSyncInterval=-4"] }),
  specOf("phc2sys", { words: ["-a", "-r", "-r", "-z", socketOf(ptp4l.id)] }),
  specOf("ts2phc", { words: ["-a", "-s", "generic"], file: `[global]\nuds_address ${socketOf(ptp4l.id)}\n` }),
  specOf("timemaster", { file: "[ptp_domain 0]\ninterfaces ens1f0 ens2f0\n[ptp4l]\noptions -l 6 -m\n" })
]

/** One second of a node's life. */
interface Weather {
  readonly hearsGrandmaster: boolean
  readonly linkUp: boolean
  readonly draw: number
}

const weather: fc.Arbitrary<ReadonlyArray<Weather>> = fc.array(
  fc.record({
    hearsGrandmaster: fc.boolean(),
    linkUp: fc.boolean(),
    draw: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  }),
  { minLength: 1, maxLength: 60 }
)

/** Runs all of them together, as the layer does, and calls `onStep` for each step. */
const play = (
  seconds: ReadonlyArray<Weather>,
  onStep: (index: number, now: number, wakeAt: number, lines: ReadonlyArray<string>) => void
) => {
  const installation = { nodeName, version: { major: 4, minor: 4, patch: 0 } }
  const running = specs.map((spec) => ({ program: startProgram(spec, installation), wakeAt: 0 }))
  const ask = (socket: string) => running.find(({ program }) => program.sockets.includes(socket))?.program.answer()
  let pid = 1
  const end = seconds.length * 1000
  for (let now = 0; now < end; now = Math.min(...running.map(({ wakeAt }) => wakeAt))) {
    const { draw = 0, hearsGrandmaster = false, linkUp = false } = seconds[Math.floor(now / 1000)] ?? {}
    const interfaces = [{ ...nic("ens1f0", 0), linkUp }, nic("ens2f0", 1)]
    const node = { name: nodeName, interfaces, hearsGrandmaster }
    const moment: Moment = { now, node, ask, draw: () => draw, newPid: () => pid++ }
    for (const [index, slot] of running.entries()) {
      if (slot.wakeAt > now) continue
      const step = slot.program.step(moment)
      onStep(index, now, step.wakeAt, step.lines.map(({ text }) => text))
      slot.program = step.next
      slot.wakeAt = step.wakeAt
    }
  }
}

describe("every simulated program, whatever happens to its node", () => {
  it("looks at most 20 times a second, and always forward", () => {
    fc.assert(
      fc.property(weather, (seconds) => {
        const looks = new Map<number, number>()
        play(seconds, (index, now, wakeAt) => {
          assert.isAbove(wakeAt, now)
          looks.set(index, (looks.get(index) ?? 0) + 1)
        })
        assert.isAtMost(Math.max(...looks.values()), seconds.length * 20)
      }),
      { numRuns: 50 }
    )
  })

  it("prints lines with linuxptp's frame and the time of the step", () => {
    fc.assert(
      fc.property(weather, (seconds) =>
        play(seconds, (_, now, __, lines) => {
          for (const parsed of lines.map(parseLogLine)) {
            assert.notStrictEqual(parsed.kind, "unframed")
            if (parsed.kind !== "unframed") assert.closeTo(parsed.uptime, now / 1000, 0.001)
          }
        })),
      { numRuns: 50 }
    )
  })

  it("moves each port of ptp4l from the state that it said it was in", () => {
    fc.assert(
      fc.property(weather, (seconds) => {
        const states = new Map<string, string>()
        play(seconds, (index, _, __, lines) => {
          for (const parsed of lines.map(parseLogLine)) {
            if (parsed.kind !== "portState" || parsed.port === 0) continue
            const port = `${index} ${parsed.tag} ${parsed.port}`
            assert.strictEqual(parsed.from, states.get(port) ?? "INITIALIZING")
            states.set(port, parsed.to)
          }
        })
      }),
      { numRuns: 50 }
    )
  })
})
