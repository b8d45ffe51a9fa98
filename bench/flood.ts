/**
 * A child that floods its output beside forty that behave: how much the daemon's memory grows over some seconds, and
 * how long the restart of another real child takes meanwhile. Each of the forty is killed -9 once, because a second
 * death is answered more slowly on purpose; its clock runs from the kill to the successor's first line. Once the flood
 * is of about 100 MB/s, once as fast as the pipe takes it.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Clock, Console, Effect, FileSystem, Layer, Logger, Queue, Schedule, Stream } from "effect"
import { readFileSync } from "node:fs"
import { monitorEventLoopDelay } from "node:perf_hooks"
import * as LinuxptpHabits from "../src/layers/linuxptp/LinuxptpHabits.ts"
import * as Libc from "../src/layers/native/Libc.ts"
import * as ChildProcessRunner from "../src/layers/processes/ChildProcessRunner.ts"
import * as FiberProcessSupervisor from "../src/layers/processes/FiberProcessSupervisor.ts"
import type { ProcessSpec } from "../src/services/processes/ProcessSpec.ts"
import { ProcessSupervisor } from "../src/services/processes/ProcessSupervisor.ts"
import { killOwn } from "../test/KillOwn.ts"
import { machineFacts, spread } from "./MachineFacts.ts"
import { standInKnowledge } from "./StandInKnowledge.ts"

const victims = 40
const line = "ptp4l[1.000]: port 1 (ens1f0): a line of a flood with a µ in it"

/** No flood at all shows what the machine itself costs. */
const floods = {
  "no flood": "exec sleep 1000",
  "flood of 100 MB/s": `exec "${process.execPath}" -e '
    const chunk = Buffer.from("${line}\\n".repeat(16_384)).subarray(0, 1_000_000)
    setInterval(() => fs.writeSync(1, chunk), 10)'`,
  "flood on both outputs, as fast as it goes": `yes "${line}" >&2 & exec yes "${line}"`,
  "flood without newlines": `yes "${line}" | exec tr -d '\\n'`
}

const shell = (directory: string, id: string, script: string): ProcessSpec => ({
  id,
  program: "ptp4l",
  profile: "bench",
  config: "bench",
  argv: ["sh", "-c", script],
  files: {},
  directory: `${directory}/${id}`,
  after: [],
  interfaces: []
})

const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1)

/** By this process, from files, pipes and sockets. */
const bytesRead = () => Number(/^rchar: (\d+)$/m.exec(readFileSync("/proc/self/io", "latin1"))?.[1])

const measure = Effect.fn("flood.measure")(function*(name: string, flood: string) {
  const fs = yield* FileSystem.FileSystem
  const runDirectory = yield* fs.makeTempDirectoryScoped({ prefix: "linuxptp-daemon-bench-" })
  const machine = FiberProcessSupervisor.layer(standInKnowledge).pipe(
    Layer.provide(ChildProcessRunner.layer({ runDirectory })),
    Layer.provide(LinuxptpHabits.layer),
    Layer.provide(Libc.layer)
  )
  yield* Effect.gen(function*() {
    const supervisor = yield* ProcessSupervisor
    const firstLines = yield* Queue.unbounded<{ readonly pid: number; readonly at: bigint }>()
    let lines = 0
    yield* supervisor.output.pipe(
      Stream.runForEach(({ spec, text }) =>
        spec.id === "flood"
          ? Effect.sync(() => void (lines += 1))
          : Effect.flatMap(Clock.monotonicTimeNanos, (at) =>
            Effect.asVoid(Queue.offer(firstLines, { pid: Number(text), at })))
      ),
      Effect.forkScoped({ startImmediately: true })
    )
    const others = Array.from(
      { length: victims },
      (_, index) => shell(runDirectory, `victim${index}`, "echo $$; exec sleep 1000")
    )
    yield* supervisor.apply(others)
    const first = yield* Queue.takeN(firstLines, victims)
    yield* Effect.sleep("1 second")
    const before = process.memoryUsage()
    yield* supervisor.apply([shell(runDirectory, "flood", flood), ...others])
    yield* Effect.sleep("3 seconds")
    const warm = process.memoryUsage()
    let [rss, heapUsed] = [0, 0]
    const sample = Effect.sync(() => {
      const now = process.memoryUsage()
      rss = Math.max(rss, now.rss)
      heapUsed = Math.max(heapUsed, now.heapUsed)
    })
    yield* Effect.forkScoped(Effect.repeat(sample, Schedule.spaced("20 millis")))
    const [readBefore, startedAt] = [bytesRead(), yield* Clock.monotonicTimeNanos]
    const lag = monitorEventLoopDelay({ resolution: 5 })
    lag.enable()
    const delays: Array<number> = []
    for (const { pid } of first) {
      const killedAt = yield* Clock.monotonicTimeNanos
      killOwn(pid, "SIGKILL")
      const { at } = yield* Queue.take(firstLines)
      delays.push(Number(at - killedAt) / 1e6)
      yield* Effect.sleep("100 millis")
    }
    const rate = (bytesRead() - readBefore) / (Number((yield* Clock.monotonicTimeNanos) - startedAt) / 1e3)
    yield* Console.log(
      `${name}: ${rate.toFixed(0)} MB/s, ${lines} lines handed on\n` +
        `  RSS ${mebibytes(before.rss)} MiB before it, ${mebibytes(warm.rss)} after 3 s, then at most ` +
        `${mebibytes(rss - warm.rss)} more (target 16); heap ${mebibytes(warm.heapUsed)} MiB, at most ` +
        `${mebibytes(heapUsed - warm.heapUsed)} more\n` +
        `  restart of another child, ${delays.length} times: ${spread(delays, { p99: 100 })}; ` +
        `event loop held up by at most ${(lag.max / 1e6).toFixed(1)} ms`
    )
  }).pipe(Effect.provide(machine))
}, Effect.scoped)

export const benchFlood = Console.log(machineFacts()).pipe(
  Effect.andThen(Effect.forEach(Object.entries(floods), ([name, flood]) => measure(name, flood), { discard: true })),
  Effect.provide(Layer.merge(NodeFileSystem.layer, Logger.layer([])))
)
