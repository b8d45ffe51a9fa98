/**
 * Clients that want to harm the daemon, on both of its ports, while it may use no more memory than deploy/ gives it. The
 * clock must not notice. `HOSTILE_SECONDS=60` makes each attack longer and tells how long probes took: on a machine that
 * does nothing else, less than 1 s.
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Schedule } from "effect"
import { HttpClient } from "effect/http"
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
  writeSync
} from "node:fs"
import path from "node:path"
import { build } from "rolldown"
import config from "../../rolldown.config.ts"
import { createManifests, readDeployedKinds } from "../../src/programs/cli/demo/CreateManifests.ts"
import {
  child,
  childrenOf,
  eventually,
  type Lab,
  labLayer,
  labMissing,
  makeLab,
  startDaemon,
  startGrandmaster
} from "./Lab.ts"
import { clientProfile, configOf, healthPort, readiness } from "./LabNode.ts"

const seconds = Number(process.env["HOSTILE_SECONDS"] ?? "3")
const isLong = process.env["HOSTILE_SECONDS"] !== undefined
const metricsPort = "19091"
/** The limit in deploy/ptp-daemon.yaml. */
const mebibytes = 160

/** Version 1 or 2 of cgroups: where groups with a limit of memory are made, and the file of the limit. */
const hierarchies = [
  { root: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes" },
  { root: "/sys/fs/cgroup", limit: "memory.max" }
]

/** A new group in which all processes together have this much memory. It throws where there can be none. */
const makeGroup = (name: string): string => {
  const { limit, root } = hierarchies.find(({ root }) => existsSync(`${root}/cgroup.procs`)) ?? assert.fail("no cgroup")
  const directory = path.join(root, name)
  mkdirSync(directory)
  try {
    // Not `writeFileSync`, which would make the file: version 2 has it only where its parent hands memory on.
    const descriptor = openSync(path.join(directory, limit), "r+")
    writeSync(descriptor, String(mebibytes * 2 ** 20))
    closeSync(descriptor)
    return directory
  } catch (error) {
    rmdirSync(directory)
    throw error
  }
}

const missing = labMissing ?? (() => {
  try {
    return void rmdirSync(makeGroup(`lptpd-${process.pid}-try`))
  } catch (error) {
    return `needs a cgroup that bounds memory: ${String(error)}`
  }
})()

/** A group, and the words before a program that put it there. */
const boundedMemory = Effect.acquireRelease(
  Effect.sync(() => makeGroup(`lptpd-${process.pid}`)),
  // It is busy until the kernel has taken leave of the last process.
  (directory) =>
    Effect.try(() => rmdirSync(directory)).pipe(
      Effect.retry({ times: 50, schedule: Schedule.spaced("100 millis") }),
      Effect.ignore
    )
).pipe(
  Effect.map((directory) => ({
    directory,
    starter: ["sh", "-c", `echo $$ >${directory}/cgroup.procs && exec "$@"`, "sh"]
  }))
)

/** The program as deploy/Containerfile makes and starts it. */
const bundle = (directory: string) =>
  Effect.promise(async () => {
    await build({ ...config, logLevel: "silent", output: { ...config.output, dir: directory } })
    writeFileSync(path.join(directory, "package.json"), `{"type":"module"}`)
    symlinkSync(path.resolve("node_modules"), path.join(directory, "node_modules"))
    const entrypoint = /^ENTRYPOINT .*$/m.exec(readFileSync("deploy/Containerfile", "utf8"))?.[0] ?? ""
    const flags = [...entrypoint.matchAll(/"(--[^"]+)"/g)].map(([, flag = ""]) => flag)
    return [process.execPath, ...flags, path.join(directory, "main.js")]
  })

const attack = (lab: Pick<Lab, "node">, mode: string) => {
  const words = ["test/system/StandInAttacker.ts", mode, String(seconds), healthPort, metricsPort]
  return child("ip", ["netns", "exec", lab.node, process.execPath, ...words])
}

/** Milliseconds until `/readyz` has answered, as it must. */
const timeOfProbe = Effect.gen(function*() {
  const before = yield* Clock.monotonicTimeNanos
  const answer = yield* Effect.flatMap(HttpClient.get(`http://127.0.0.1:${healthPort}/readyz`), ({ text }) => text)
  assert.strictEqual(answer, "ok\n")
  return Number((yield* Clock.monotonicTimeNanos) - before) / 1e6
})

/** Without the pages of files, which the kernel takes back. */
const anonymousMebibytes = (pid: number) =>
  Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024

const attacks = ["idle", "header", "slow", "unread", "pipeline", "body", "garbage", "line", "ask", "halfClosed"]

describe.skipIf(missing !== undefined)(
  `hostile clients${missing === undefined ? "" : ` (skipped: ${missing})`}`,
  () => {
    it.live(
      "cost the daemon neither its memory, nor a probe its answer, nor ptp4l its life",
      () =>
        Effect.gen(function*() {
          const lab = yield* makeLab
          yield* startGrandmaster(lab)
          yield* createManifests(lab.server, yield* readDeployedKinds)
          yield* createManifests(lab.server, [configOf("lab", 4, clientProfile())])
          const ports = { HEALTH_PORT: healthPort, METRICS_PORT: metricsPort }
          const { directory, starter } = yield* boundedMemory
          const daemon = yield* startDaemon(lab, { ...ports, MALLOC_ARENA_MAX: "1" }, {
            program: yield* bundle(path.join(lab.directory, "bundle")),
            starter
          })
          const ptp4l = () =>
            childrenOf(`${lab.directory}/run`).find(({ command }) => command.includes("/ptp4l-client-"))?.pid
          const pid = yield* eventually("ptp4l runs", Effect.sync(ptp4l)).pipe(
            Effect.tapDefect(() => Effect.sync(() => console.error(daemon.output())))
          )
          assert.include(readFileSync(`${directory}/cgroup.procs`, "latin1").split("\n"), String(daemon.pid))
          yield* eventually("ready", Effect.map(readiness, (answer) => answer?.status === 200 ? answer : undefined))
          for (const mode of attacks) {
            const isOver = yield* Effect.forkChild((yield* attack(lab, mode)).exit)
            const times: Array<number> = []
            yield* timeOfProbe.pipe(
              Effect.tapCause(() => Effect.sync(() => console.error(`a probe failed: ${mode}`))),
              Effect.tap((time) => Effect.sync(() => times.push(time))),
              Effect.delay("50 millis"),
              Effect.repeat({ until: () => isOver.pollUnsafe() !== undefined })
            )
            const [longest = Infinity] = times.toSorted((a, b) => b - a)
            if (isLong) {
              const memory = anonymousMebibytes(daemon.pid).toFixed(0)
              console.log(
                `${mode}: ${times.length} probes, longest ${longest.toFixed(0)} ms, ${memory} MiB of anonymous memory`
              )
            }
            assert.strictEqual(ptp4l(), pid, mode)
          }
          assert.isBelow(anonymousMebibytes(daemon.pid), mebibytes)
          const { status } = yield* HttpClient.get(`http://127.0.0.1:${metricsPort}/metrics`)
          assert.strictEqual(status, 200)
        }).pipe(Effect.scoped, Effect.provide(labLayer)),
      120_000 + attacks.length * seconds * 2000
    )
  }
)
