import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { layer, seeded, specOf, startRecorded } from "./SimulatedNode.ts"

const file = `[ptp_domain 0]
interfaces ens1f0 ens1f1 ens2f0
ptp4l_option logAnnounceInterval 0
[timemaster]
rundir /var/run/linuxptp-daemon/timemaster
[ptp4l]
options -l 6 -m -q
[phc2sys]
options -l 6 -m -q
`
const timemaster = specOf("timemaster", { file, words: ["-m", "-q"], interfaces: ["ens1f0", "ens1f1", "ens2f0"] })

describe("a simulated timemaster", () => {
  it.effect("starts chronyd, and a ptp4l and phc2sys for each PHC, with pids of their own", () =>
    Effect.gen(function*() {
      const { lines, messages, process } = yield* startRecorded(timemaster)
      yield* TestClock.adjust("1 second")
      const commands = messages().flatMap((text) => /^process (\d+) started: (\S+) .* $/.exec(text)?.slice(1) ?? [])
      assert.deepStrictEqual(commands.filter((_, index) => index % 2 === 1), [
        "chronyd",
        "ptp4l",
        "phc2sys",
        "ptp4l",
        "phc2sys"
      ])
      const pids = commands.filter((_, index) => index % 2 === 0).map(Number)
      assert.strictEqual(new Set([...pids, process.pid]).size, 6)
      assert.match(lines[0] ?? "", /^timemaster\[0\.000\]: process \d+ started: chronyd -n -f \S+ $/)
    }).pipe(Effect.provide(layer), seeded))

  it.effect("passes on what its children say, under their tags; phc2sys finds its ptp4l and only tells chronyd", () =>
    Effect.gen(function*() {
      const { lines } = yield* startRecorded(timemaster)
      yield* TestClock.adjust("15 seconds")
      const said = (pattern: RegExp) => lines.some((line) => pattern.test(line))
      assert.isTrue(
        said(/^ptp4l\[.*\]: \[0:ens1f0\+ens1f1\] port 1 \(ens1f0\): UNCALIBRATED to SLAVE on MASTER_CLOCK_SEL/)
      )
      assert.isTrue(
        said(/^ptp4l\[.*\]: \[0:ens2f0\] port 1 \(ens2f0\): UNCALIBRATED to SLAVE on MASTER_CLOCK_SELECTED/)
      )
      assert.isTrue(said(/^phc2sys\[.*\]: \[0:ens2f0\] CLOCK_REALTIME phc offset +-?\d+ s0 freq +\+0 delay/))
    }).pipe(Effect.provide(layer), seeded))

  it.effect("hides the offsets of its children when their options do not raise the level", () =>
    Effect.gen(function*() {
      const quiet = specOf("timemaster", { file: "[ptp_domain 0]\ninterfaces ens1f0\n" })
      const { lines } = yield* startRecorded(quiet)
      yield* TestClock.adjust("15 seconds")
      assert.isFalse(lines.some((line) => line.includes("offset")))
    }).pipe(Effect.provide(layer), seeded))

  it.effect("takes its children along when it is ended", () =>
    Effect.gen(function*() {
      const { messages, process } = yield* startRecorded(timemaster)
      yield* TestClock.adjust("5 seconds")
      const before = messages().length
      yield* process.signal("SIGTERM")
      assert.deepStrictEqual(yield* process.exit, { code: 0 })
      const last = messages().slice(before).map((text) => text.replace(/\d+/, "N"))
      assert.deepStrictEqual(last, [
        ...Array.from({ length: 5 }, () => "process N terminated with status 0"),
        "exiting"
      ])
    }).pipe(Effect.provide(layer), seeded))

  it.effect("ends with 1 when a child ends at once", () =>
    Effect.gen(function*() {
      const broken = specOf("timemaster", { file: "[ptp_domain 0]\ninterfaces nosuch0\n" })
      const { messages, process } = yield* startRecorded(broken)
      assert.deepStrictEqual(yield* process.exit, { code: 1 })
      assert.include(messages(), "[0:nosuch0] ioctl SIOCETHTOOL failed: No such device")
      assert.match(messages().at(-2) ?? "", /^process \d+ terminated with status 255$/)
    }).pipe(Effect.provide(layer), seeded))

  it.effect("lives without a domain, silent", () =>
    Effect.gen(function*() {
      const { messages } = yield* startRecorded(specOf("timemaster", { file: "[timemaster]\n" }))
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(messages().length, 1)
    }).pipe(Effect.provide(layer)))
})
