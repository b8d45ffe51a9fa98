/**
 * A real child under the real supervisor that dies at once and comes back without a pause, as often as wanted, and
 * what this process holds meanwhile. The counting is done between two starts, when nothing of a child is left.
 */
import { Effect, FileSystem, Layer, Metric, Queue, Random, Semaphore } from "effect"
import { readdirSync } from "node:fs"
import * as LinuxptpHabits from "../../../src/layers/linuxptp/LinuxptpHabits.ts"
import * as ManagementSocketClient from "../../../src/layers/linuxptp/ManagementSocketClient.ts"
import * as Libc from "../../../src/layers/native/Libc.ts"
import * as ChildProcessRunner from "../../../src/layers/processes/ChildProcessRunner.ts"
import * as SupervisedLinuxptp from "../../../src/programs/cli/SupervisedLinuxptp.ts"
import { ProcessRunner } from "../../../src/services/processes/ProcessRunner.ts"
import { ProcessSupervisor } from "../../../src/services/processes/ProcessSupervisor.ts"
import { spec } from "./ScriptedRunner.ts"

/** Becomes ready, complains and dies. */
const standIn = `#!/bin/sh
echo "ptp4l[1.000]: port 1 (ens1f0): INITIALIZING to LISTENING on INIT_COMPLETE"
echo "ptp4l[1.000]: dies" >&2
exit 1
`

/** Starts are held back until they are allowed; `held` tells when one has to wait. */
const heldRunner = (turns: Semaphore.Semaphore, allowed: () => number, held: Queue.Queue<void>) =>
  Layer.effect(
    ProcessRunner,
    Effect.map(ProcessRunner, (runner) => {
      let asked = 0
      return ProcessRunner.of({
        start: Effect.fnUntraced(function*(process, onLine) {
          asked += 1
          if (asked > allowed()) yield* Queue.offer(held, undefined)
          yield* Effect.interruptible(turns.take(1))
          return yield* runner.start(process, onLine)
        })
      })
    })
  )

/** Counts the fibers that were forked below it and have not ended: Effect tells of each one's start and end. */
const makeFiberCount = () => {
  let living = 0
  const service: Metric.FiberRuntimeMetricsService = {
    recordFiberStart: () => void (living += 1),
    recordFiberEnd: () => void (living -= 1)
  }
  return { service, living: () => living }
}

/** The back-off is drawn from [0, limit): no pause at all. */
const noBackOff: typeof Random.Random.Service = { nextIntUnsafe: () => 0, nextDoubleUnsafe: () => 0 }

const countListeners = () => process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)

/** What this process holds. */
export interface HeldCount {
  readonly fileDescriptors: number
  /** Fibers of the supervisor and of all below it. */
  readonly fibers: number
  /** What keeps libuv's loop alive: handles, requests and timers (`process.getActiveResourcesInfo`). */
  readonly resources: number
  /** Of `process`. */
  readonly listeners: number
}

/** `deaths` goes on for that many more; `count` is to be called between two of them. */
export const makeEndlessDeaths = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "linuxptp-daemon-deaths-" })
  yield* fs.writeFileString(`${directory}/ptp4l`, standIn, { mode: 0o755 })
  const turns = yield* Semaphore.make(0)
  const held = yield* Queue.unbounded<void>()
  let allowed = 0
  const fibers = makeFiberCount()
  const supervised = SupervisedLinuxptp.layer.pipe(
    Layer.provide(ManagementSocketClient.layer),
    Layer.provide(heldRunner(turns, () => allowed, held)),
    Layer.provide(
      ChildProcessRunner.layer({ runDirectory: directory, searchPath: [directory, "/usr/bin", "/bin"] })
    ),
    Layer.provide(LinuxptpHabits.layer),
    Layer.provide(Libc.layer)
  )
  const own = `${directory}/ptp4l-deaths`
  const endless = spec("ptp4l-deaths", {
    argv: ["ptp4l", "-f", `${own}/ptp4l.conf`],
    directory: own,
    files: { [`${own}/ptp4l.conf`]: "[global]\n" },
    management: { path: `${own}/ptp4l.sock`, domainNumber: 0, transportSpecific: 0 }
  })
  yield* Effect.gen(function*() {
    const supervisor = yield* ProcessSupervisor
    yield* supervisor.apply([endless])
    return yield* Effect.never
  }).pipe(
    Effect.provide(supervised),
    Effect.provideService(Random.Random, noBackOff),
    Effect.provideService(Metric.FiberRuntimeMetrics, fibers.service),
    Effect.forkScoped
  )
  yield* Queue.take(held)
  return {
    deaths: Effect.fnUntraced(function*(more: number) {
      allowed += more
      yield* turns.release(more)
      yield* Queue.take(held)
    }),
    count: (): HeldCount => ({
      fileDescriptors: readdirSync("/proc/self/fd").length,
      fibers: fibers.living(),
      resources: process.getActiveResourcesInfo().length,
      listeners: countListeners()
    })
  }
})
