import { assert, describe, it } from "@effect/vitest"
import {
  initialLogReduction,
  logReduction,
  type LogReductionState,
  reduceLine
} from "../../../src/services/linuxptp/LogReduction.ts"

const second = 1_000_000_000n

const master = (offset: number) => `ptp4l[10.000]: master offset ${offset} s2 freq -55 path delay 2143`
const realtime = (offset: number) => `phc2sys[10.000]: CLOCK_REALTIME phc offset ${offset} s2 freq -55 delay 270`
const port = "ptp4l[10.000]: port 1: UNCALIBRATED to SLAVE on MASTER_CLOCK_SELECTED"

/** What is printed for lines that come at these nanoseconds. */
const printed = (settings: Readonly<Record<string, string>>, lines: ReadonlyArray<readonly [bigint, string]>) => {
  const reduction = logReduction(settings)
  let state: LogReductionState = initialLogReduction
  return lines.flatMap(([now, line]) => {
    const reduced = reduceLine(reduction, state, line, now)
    state = reduced.state
    return reduced.print
  })
}

const atOnce = (...lines: ReadonlyArray<string>) => lines.map((line) => [0n, line] as const)

describe("LogReduction", () => {
  it.each(["", "false", "FALSE", "nonsense"])("prints every line with logReduce %j", (logReduce) => {
    const lines = [port, master(1), realtime(2), "unknown option x"]
    assert.deepStrictEqual(printed({ logReduce }, atOnce(...lines)), lines)
    assert.deepStrictEqual(printed({}, atOnce(...lines)), lines)
  })

  it.each(["basic", "true", " Basic "])("leaves offsets from a master out with logReduce %j", (logReduce) => {
    assert.deepStrictEqual(printed({ logReduce }, atOnce(port, master(1), realtime(2))), [port, realtime(2)])
  })

  it("leaves out what stdoutFilter matches, and nothing when it is refused", () => {
    assert.deepStrictEqual(printed({ stdoutFilter: "^phc2sys" }, atOnce(port, realtime(2))), [port])
    assert.deepStrictEqual(printed({ stdoutFilter: "(" }, atOnce(port)), [port])
    assert.deepStrictEqual(printed({ stdoutFilter: "^(?=ptp4l)" }, atOnce(master(1))), [master(1)])
  })

  it.each([["enhanced", 30n], ["enhanced 10", 10n], ["Enhanced 2m", 120n], ["enhanced 5s 50", 5n], [
    "enhanced x",
    30n
  ]])(
    "prints the statistics of each clock with %j when %s s are over",
    (logReduce, window) => {
      assert.deepStrictEqual(
        printed({ logReduce }, [
          [0n, master(-10)],
          [1n, master(30)],
          [2n, realtime(7)],
          [window * second - 1n, port],
          [window * second, port]
        ]),
        [
          port,
          "ptp4l master offset summary: cnt=2, min=-10, max=30, avg=10.00, SD=28.28",
          "phc2sys CLOCK_REALTIME phc offset summary: cnt=1, min=7, max=7, avg=7.00, SD=0.00",
          port
        ]
      )
    }
  )

  it("prints offsets beyond the threshold of enhanced, either way", () => {
    const lines = atOnce(master(50), master(51), master(-51))
    assert.deepStrictEqual(printed({ logReduce: "enhanced 30s 50" }, lines), [master(51), master(-51)])
    assert.deepStrictEqual(printed({ logReduce: "enhanced" }, lines), [])
  })

  it("prints at most 100 lines a second and says how many it left out", () => {
    const flood = Array.from({ length: 150 }, (_, index) => [second + BigInt(index), `line ${index}`] as const)
    const result = printed({}, [...flood, [2n * second, port]])
    assert.strictEqual(result.length, 102)
    assert.deepStrictEqual(result.slice(99), ["line 99", "50 lines were not logged", port])
  })

  it("filters only the lines that the limit lets through", () => {
    const flood = Array.from({ length: 150 }, (_, index) => [second + BigInt(index), `line ${index}`] as const)
    const result = printed({ stdoutFilter: "5$" }, [...flood, [2n * second, port]])
    assert.strictEqual(result.length, 92)
    assert.deepStrictEqual(result.slice(-3), ["line 99", "50 lines were not logged", port])
  })
})
