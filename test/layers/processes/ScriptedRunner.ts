/** A `ProcessRunner` whose children are scripted by the test: they do nothing until told, and every step is recorded. */
import { Deferred, Effect, Layer, Queue } from "effect"
import {
  type OutputLine,
  type ProcessExit,
  ProcessRunner,
  ProcessStartError,
  type Scheduling,
  type Vitals
} from "../../../src/services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../../src/services/processes/ProcessSpec.ts"
import type { ProgramKnowledge } from "../../../src/services/processes/ProgramKnowledge.ts"

export interface ScriptedChild {
  readonly spec: ProcessSpec
  readonly pid: number
  readonly print: (text: string, stream?: OutputLine["stream"]) => void
  readonly die: (exit: ProcessExit) => Effect.Effect<void>
}

/** How children react to signals: "obeys" SIGTERM, "ignores" it until SIGKILL, or is "stuck" in the kernel. */
export type Manners = "obeys" | "ignores" | "stuck"

export const makeScriptedRunner = Effect.gen(function*() {
  const log: Array<string> = []
  const started = yield* Queue.unbounded<ScriptedChild>()
  const manners = new Map<string, Manners>()
  const failures = new Map<string, ProcessStartError["reason"]>()
  /** Ids whose start has a bug. */
  const defects = new Set<string>()
  /** Ids whose fork is under way until it is let go. */
  const forks = new Map<string, Deferred.Deferred<void>>()
  /** What the kernel says of a process; nothing for one that is not named. */
  const scheduling = new Map<string, Scheduling>()
  /** What the kernel tells of a process; nothing for one that is not named. */
  const vitals = new Map<string, Vitals>()
  const living = new Map<number, string>()
  let lastPid = 1000
  const layer = Layer.succeed(ProcessRunner, {
    start: Effect.fnUntraced(function*(spec, onLine) {
      if (defects.has(spec.id)) return yield* Effect.die(new Error("scripted defect"))
      const failure = failures.get(spec.id)
      if (failure !== undefined) {
        log.push(`!${spec.id}`)
        return yield* new ProcessStartError({ id: spec.id, program: spec.program, reason: failure, detail: "scripted" })
      }
      const pid = ++lastPid
      const exit = yield* Deferred.make<ProcessExit>()
      const die = (how: ProcessExit) =>
        Effect.gen(function*() {
          if (!living.delete(pid)) return
          log.push(`-${spec.id}`)
          yield* Deferred.succeed(exit, how)
        })
      living.set(pid, spec.id)
      log.push(`+${spec.id}`)
      yield* Queue.offer(started, {
        spec,
        pid,
        print: (text, stream = "stdout") => onLine({ stream, text }),
        die
      })
      const fork = forks.get(spec.id)
      if (fork !== undefined) yield* Deferred.await(fork)
      return {
        pid,
        scheduling: Effect.sync(() => scheduling.get(spec.id)),
        vitals: Effect.sync(() => vitals.get(spec.id)),
        exit: Deferred.await(exit),
        signal: (signal: "SIGTERM" | "SIGKILL") => {
          log.push(`${signal} ${spec.id}`)
          const how = manners.get(spec.id) ?? "obeys"
          const dies = how === "obeys" || (how === "ignores" && signal === "SIGKILL")
          return dies ? die(signal === "SIGTERM" ? { code: 0 } : { signal }) : Effect.void
        }
      }
    })
  })
  return { log, started, manners, failures, defects, forks, scheduling, vitals, living, layer }
})

/** A child that prints "ready" is; nobody is asked, and no exit is a mistake in the configuration but code 254. */
export const scriptedKnowledge = (change: Partial<ProgramKnowledge> = {}): ProgramKnowledge => ({
  becomesReady: (_, line) => line === "ready",
  isConfigurationError: ({ exit }) => "code" in exit && exit.code === 254,
  lastWords: (lines) => lines.findLast(({ stream }) => stream === "stderr")?.text ?? "",
  whyNotReady: (_, lines) => `last line: ${lines.at(-1) ?? "(none)"}`,
  longestPause: () => undefined,
  probe: () => undefined,
  ...change
})

/** A spec that differs from others only where a test says so. */
export const spec = (id: string, change: Partial<ProcessSpec> = {}): ProcessSpec => ({
  id,
  program: "ptp4l",
  profile: "profile1",
  config: "config1",
  argv: ["ptp4l", "-i", "ens1f0"],
  files: {},
  directory: `/run/test/${id}`,
  after: [],
  interfaces: ["ens1f0"],
  ...change
})
