/**
 * What a death costs a clock: `kill -9` of ptp4l, and of phc2sys alone, until the successor runs. The supervisor and
 * its children are the real ones, planned from a profile; two shell scripts stand in for linuxptp. A successor counts
 * from its first line, which is later than its exec. Each round has a slot of its own, because a second death within a
 * minute is answered by a pause on purpose.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Console, Effect, FileSystem, Layer, Logger, Option, Queue, Schema, Stream } from "effect"
import * as LinuxptpHabits from "../src/layers/linuxptp/LinuxptpHabits.ts"
import * as ManagementSocketClient from "../src/layers/linuxptp/ManagementSocketClient.ts"
import * as Libc from "../src/layers/native/Libc.ts"
import * as ChildProcessRunner from "../src/layers/processes/ChildProcessRunner.ts"
import * as SupervisedLinuxptp from "../src/programs/cli/SupervisedLinuxptp.ts"
import { KubernetesObject } from "../src/services/kubernetes/KubernetesObject.ts"
import type { Program } from "../src/services/linuxptp/Program.ts"
import { ProcessRunner } from "../src/services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../src/services/processes/ProcessSpec.ts"
import { ProcessSupervisor } from "../src/services/processes/ProcessSupervisor.ts"
import { decide } from "../src/services/profiles/Decide.ts"
import { emptyVersionMemory } from "../src/services/profiles/VersionMemory.ts"
import { killOwn } from "../test/KillOwn.ts"
import { machineFacts, spread } from "./MachineFacts.ts"

const rounds = 200
const warmUp = 10

/** Says the one line that makes it ready, then sleeps. */
const standIn = (line: string) => `#!/bin/sh\necho "${line}"\nexec sleep 100000\n`
const standIns: Readonly<Record<string, string>> = {
  ptp4l: standIn("ptp4l[1.000]: port 1 (ens1f0): INITIALIZING to LISTENING on INIT_COMPLETE"),
  phc2sys: standIn("phc2sys[1.000]: selecting CLOCK_REALTIME for synchronization")
}

/** Another domain makes other processes of the same profile. */
const planOf = Effect.fnUntraced(function*(runDir: string, domain: number) {
  const object = yield* Schema.decodeUnknownEffect(KubernetesObject)({
    metadata: { name: "bench", namespace: "ptp", uid: "bench" },
    spec: {
      profile: [{
        name: "profile1",
        interface: "ens1f0",
        ptp4lOpts: `-2 --domainNumber ${domain}`,
        phc2sysOpts: "-a -r"
      }],
      recommend: [{ profile: "profile1", priority: 4, match: [{ nodeName: "worker-1" }] }]
    }
  })
  return decide({
    objects: [object],
    node: { name: "worker-1", labels: {} },
    interfaces: undefined,
    linuxptpVersion: { major: 4, minor: 4, patch: 0 },
    runDir,
    memory: emptyVersionMemory
  }).decision.processes
})

interface FirstLine {
  readonly program: string
  readonly at: number
}

/** What the runner tells the supervisor, with the time at which it does. */
interface Moments {
  /** When the supervisor learned of the end of a child, by pid. */
  readonly endedAt: Map<number, number>
  /** The stand-ins print one line. */
  readonly firstLines: Queue.Queue<FirstLine>
}

const timedRunner = ({ endedAt, firstLines }: Moments) =>
  Layer.effect(
    ProcessRunner,
    Effect.map(ProcessRunner, (runner) =>
      ProcessRunner.of({
        start: (spec, onLine) =>
          runner.start(spec, (line) => {
            Queue.offerUnsafe(firstLines, { program: spec.program, at: performance.now() })
            onLine(line)
          }).pipe(Effect.map((process) => ({
            ...process,
            exit: Effect.tap(process.exit, () => Effect.sync(() => endedAt.set(process.pid, performance.now())))
          })))
      }))
  )

const kill = (pid: number) =>
  Effect.sync(() => {
    const at = performance.now()
    killOwn(pid, "SIGKILL")
    return at
  })

interface Sample {
  readonly ptp4lFromKill: number
  readonly ptp4l: number
  readonly phc2sysAfterReady: number
  readonly phc2sysFromKill: number
  readonly phc2sys: number
}

const measure = Effect.fnUntraced(function*(directory: string, { endedAt, firstLines }: Moments) {
  const supervisor = yield* ProcessSupervisor
  const firstLineOf = (program: Program) =>
    Queue.take(firstLines).pipe(
      Effect.flatMap((line) =>
        line.program === program
          ? Effect.succeed(line.at)
          : Effect.die(new Error(`the next line is one of ${line.program}, not of ${program}`))
      )
    )
  /** The pid of a program, once all of the plan are ready. */
  const readyPidOf = (program: Program, plan: ReadonlyArray<ProcessSpec>) =>
    supervisor.statuses.pipe(
      Stream.filter((statuses) =>
        plan.every((spec) => statuses.some(({ id, state }) => id === spec.id && state === "Running"))
      ),
      Stream.map((statuses) => statuses.find(({ spec }) => spec.program === program)?.pid ?? Number.NaN),
      Stream.runHead,
      Effect.map(Option.getOrThrow)
    )
  const endOf = (pid: number) => endedAt.get(pid) ?? Number.NaN

  const round = Effect.fnUntraced(function*(plan: ReadonlyArray<ProcessSpec>) {
    yield* supervisor.apply(plan)
    yield* firstLineOf("ptp4l")
    yield* firstLineOf("phc2sys")
    const ptp4l = yield* readyPidOf("ptp4l", plan)
    const ptp4lKilled = yield* kill(ptp4l)
    const ptp4lReady = yield* firstLineOf("ptp4l")
    const phc2sysFollows = yield* firstLineOf("phc2sys")
    const phc2sys = yield* readyPidOf("phc2sys", plan)
    const phc2sysKilled = yield* kill(phc2sys)
    const phc2sysRuns = yield* firstLineOf("phc2sys")
    return {
      ptp4lFromKill: ptp4lReady - ptp4lKilled,
      ptp4l: ptp4lReady - endOf(ptp4l),
      phc2sysAfterReady: phc2sysFollows - ptp4lReady,
      phc2sysFromKill: phc2sysRuns - phc2sysKilled,
      phc2sys: phc2sysRuns - endOf(phc2sys)
    } satisfies Sample
  })
  const samples: Array<Sample> = []
  for (let n = 0; n < warmUp + rounds; n += 1) {
    const sample = yield* round(yield* planOf(directory, n % 128))
    if (n >= warmUp) samples.push(sample)
  }
  return samples
})

const tell = (samples: ReadonlyArray<Sample>) =>
  Console.log([
    machineFacts(),
    `until the first line of the successor, ${samples.length} times kill -9:`,
    `ptp4l, from kill(2): ${spread(samples.map((sample) => sample.ptp4lFromKill))}`,
    `ptp4l, from the exit that the supervisor sees: ${spread(samples.map((sample) => sample.ptp4l), { p99: 20 })}`,
    `phc2sys after it, from ptp4l's ready: ${spread(samples.map((sample) => sample.phc2sysAfterReady), { p99: 500 })}`,
    `phc2sys alone, from kill(2): ${spread(samples.map((sample) => sample.phc2sysFromKill))}`,
    `phc2sys alone, from the exit: ${spread(samples.map((sample) => sample.phc2sys), { p99: 20 })}`
  ].join("\n"))

export const benchRestart: Effect.Effect<void, unknown> = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "linuxptp-daemon-bench-" })
  for (const [name, script] of Object.entries(standIns)) {
    yield* fs.writeFileString(`${directory}/${name}`, script, { mode: 0o755 })
  }
  const moments: Moments = { endedAt: new Map(), firstLines: yield* Queue.unbounded<FirstLine>() }
  const searchPath = [directory, "/usr/bin", "/bin"]
  const supervisor = SupervisedLinuxptp.layer.pipe(
    Layer.provide(ManagementSocketClient.layer),
    Layer.provide(timedRunner(moments)),
    Layer.provide(ChildProcessRunner.layer({ runDirectory: directory, searchPath })),
    Layer.provide(LinuxptpHabits.layer),
    Layer.provide(Libc.layer)
  )
  yield* measure(directory, moments).pipe(Effect.scoped, Effect.provide(supervisor), Effect.flatMap(tell))
}).pipe(Effect.scoped, Effect.provide(Layer.merge(NodeFileSystem.layer, Logger.layer([]))))
