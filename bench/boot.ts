/**
 * From the start of the daemon's process to ptp4l's exec: a node that boots with the last configuration that worked
 * on its disk, while no API server answers. The clock starts before the fork and stops when the first act of a
 * stand-in for ptp4l arrives, a line in a FIFO, which is later than its exec by the start of a shell.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Deferred, Effect, FileSystem, Option, Schema } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { type ChildProcess as Child, spawn } from "node:child_process"
import { constants, openSync } from "node:fs"
import { Socket } from "node:net"
import { renderKnownGood } from "../src/layers/state/KnownGoodText.ts"
import { machineFacts, spread } from "./MachineFacts.ts"

const runs = 25
const longestBoot = "20 seconds"
/** A stop takes 5 s at most, plus what the machine needs. */
const longestStop = "10 seconds"

const standIn = (fifo: string) =>
  `#!/bin/sh
[ "$1" = -v ] && { echo 4.4; exit 0; }
echo started > ${fifo}
echo "ptp4l[1.000]: port 1 (ens1f0): INITIALIZING to LISTENING on INIT_COMPLETE"
exec sleep 100000
`

const profile = { name: "profile1", interface: "ens1f0", ptp4lOpts: "-2" }
const worked = { uid: "bench", generation: 1, profile }
const knownGood = renderKnownGood({
  node: { name: "worker-1", labels: {} },
  memory: {
    objects: [{
      name: "bench",
      uid: "bench",
      generation: 1,
      profiles: [profile],
      recommend: [{ profile: "profile1", priority: 4, match: [{ nodeName: "worker-1" }] }]
    }],
    profiles: [worked],
    worked: [worked],
    rejected: []
  }
})

/** Nothing listens on the discard port. */
const kubeconfig = JSON.stringify({
  apiVersion: "v1",
  kind: "Config",
  clusters: [{ name: "none", cluster: { server: "http://127.0.0.1:9" } }],
  users: [{ name: "nobody", user: {} }],
  contexts: [{ name: "none", context: { cluster: "none", user: "nobody" } }],
  "current-context": "none"
})

/** Where the daemon thinks it is: a pod's credentials are two files, a person's need client-node. */
const places = (directory: string) => ({
  "in a pod": { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: "9" },
  "with a kubeconfig": { KUBECONFIG: `${directory}/kubeconfig` }
})

interface Daemon {
  /** Node's arguments up to the entry of the program. */
  readonly args: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
}

const readImage = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const containerfile = yield* fs.readFileString("deploy/Containerfile")
  const entrypoint = yield* Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Array(Schema.String)))(
    /^ENTRYPOINT (.*)$/m.exec(containerfile)?.[1]
  )
  const variables = [...containerfile.matchAll(/^ENV (.*)$/gm)].flatMap(([, pairs = ""]) => pairs.split(" "))
  return {
    flags: entrypoint.filter((word) => word.startsWith("--") && word !== "--"),
    env: Object.fromEntries(variables.map((pair) => pair.split("=", 2)))
  }
})

const runCommand = Effect.fnUntraced(function*(command: string, args: ReadonlyArray<string>) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const code = yield* spawner.exitCode(ChildProcess.make(command, args, { stdout: "ignore", stderr: "inherit" }))
  if (code !== 0) return yield* Effect.die(new Error(`${command} ended with exit code ${code}`))
})

/** As deploy/Containerfile makes and runs it. */
const makeBundle = Effect.fnUntraced(function*(directory: string) {
  const fs = yield* FileSystem.FileSystem
  yield* runCommand("npm", ["run", "--silent", "build", "--", "-d", directory])
  // Without its `type: module` node would have to guess what each file is.
  yield* fs.copyFile("package.json", `${directory}/package.json`)
  yield* fs.symlink(`${process.cwd()}/node_modules`, `${directory}/node_modules`)
  const { env, flags } = yield* readImage
  return { args: [...flags, `${directory}/main.js`], env } satisfies Daemon
})

const sources: Daemon = {
  args: [
    "--disable-warning=ExperimentalWarning",
    "--disable-sigusr1",
    "src/programs/cli/main.ts"
  ],
  env: {}
}

/** What is written into a FIFO, without a thread that would wait for it. */
const openFifo = Effect.fnUntraced(function*(path: string) {
  yield* runCommand("mkfifo", [path])
  return yield* Effect.acquireRelease(
    // A writer of its own: without one each stand-in's end would be the end of the file.
    Effect.sync(() => new Socket({ fd: openSync(path, constants.O_RDWR | constants.O_NONBLOCK), readable: true })),
    (socket) => Effect.sync(() => socket.destroy())
  )
})

const stop = Effect.fnUntraced(function*(child: Child) {
  const exit = Effect.callback<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) resume(Effect.void)
    else child.once("exit", () => resume(Effect.void))
  })
  child.kill("SIGTERM")
  if (Option.isSome(yield* Effect.timeoutOption(exit, longestStop))) return
  yield* Console.log(`a daemon did not end within ${longestStop} of SIGTERM; it was killed`)
  child.kill("SIGKILL")
  yield* exit
})

/** Milliseconds of one boot; the daemon is stopped afterwards, and its children end with it. */
const bootOnce = Effect.fnUntraced(function*(daemon: Daemon, env: NodeJS.ProcessEnv, fifo: Socket) {
  const startedAt = yield* Deferred.make<number>()
  const onStart = () => Deferred.doneUnsafe(startedAt, Effect.succeed(performance.now()))
  yield* Effect.acquireRelease(
    Effect.sync(() => fifo.once("data", onStart)),
    () => Effect.sync(() => fifo.off("data", onStart))
  )
  const before = performance.now()
  let output = ""
  yield* Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [...daemon.args, "run"], { env, stdio: ["ignore", "pipe", "pipe"] })
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => output += String(bytes))
      return child
    }),
    stop
  )
  const after = yield* Deferred.await(startedAt).pipe(
    Effect.timeoutOrElse({
      duration: longestBoot,
      orElse: () => Effect.die(new Error(`no ptp4l was started:\n${output}`))
    })
  )
  return after - before
}, Effect.scoped)

const measure = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped({ prefix: "linuxptp-daemon-bench-" })
  for (const name of ["bin", "state", "bundle"]) yield* fs.makeDirectory(`${directory}/${name}`)
  yield* fs.writeFileString(`${directory}/bin/ptp4l`, standIn(`${directory}/fifo`), { mode: 0o755 })
  yield* fs.writeFileString(`${directory}/state/last-known-good.json`, knownGood, { mode: 0o600 })
  yield* fs.writeFileString(`${directory}/kubeconfig`, kubeconfig)
  const fifo = yield* openFifo(`${directory}/fifo`)
  const daemons = { bundle: yield* makeBundle(`${directory}/bundle`), sources }
  yield* Console.log(
    `${machineFacts()}\nfrom the daemon's start to ptp4l's first act, without an API server, ${runs} boots each:`
  )
  for (const [name, daemon] of Object.entries(daemons)) {
    for (const [place, variables] of Object.entries(places(directory))) {
      const env = {
        ...daemon.env,
        ...variables,
        PATH: `${directory}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
        NODE_NAME: "worker-1",
        LINUXPTP_RUN_DIR: `${directory}/run`,
        LINUXPTP_STATE_DIR: `${directory}/state`,
        METRICS_PORT: "0",
        HEALTH_PORT: "0"
      }
      // The first one reads from the disk what the others find in memory.
      yield* bootOnce(daemon, env, fifo)
      const samples = yield* Effect.replicateEffect(bootOnce(daemon, env, fifo), runs)
      yield* Console.log(`${name} ${place}: ${spread(samples, name === "bundle" ? { p50: 300 } : {})}`)
    }
  }
})

export const benchBoot: Effect.Effect<void, unknown> = measure.pipe(Effect.scoped, Effect.provide(NodeServices.layer))
