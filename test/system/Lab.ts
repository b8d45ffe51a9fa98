/**
 * The lab of the system tests: separate network namespaces, a real grandmaster, and the daemon as a process of its own.
 * Everything is removed with the scope, also when a test fails, and nothing outside is touched.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Context, Deferred, Duration, Effect, Exit, Layer, Logger, Schedule, Scope } from "effect"
import koffi from "koffi"
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process"
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import os from "node:os"
import path from "node:path"
import { runDirectoryMark } from "../../src/layers/processes/ChildMarks.ts"
import { EmbeddedApiServer } from "../../src/layers/simulated/apiserver/EmbeddedApiServer.ts"
import * as InMemoryObjectStore from "../../src/layers/simulated/apiserver/InMemoryObjectStore.ts"
import { seedNamespaces } from "../../src/layers/simulated/apiserver/SeedNamespaces.ts"
import { seedNode } from "../../src/layers/simulated/apiserver/SeedNode.ts"

/** Why the lab can't be had on this machine; undefined when it can. */
export const labMissing = ((): string | undefined => {
  if (os.platform() !== "linux") return "needs Linux"
  if (process.getuid?.() !== 0) return "needs root for network namespaces"
  for (const [program, flag] of [["ip", "-V"], ["ptp4l", "-v"], ["setpriv", "--version"]] as const) {
    if (spawnSync(program, [flag]).error !== undefined) return `needs the program ${program}`
  }
  return undefined
})()

/** A servo that can't hurt the machine's clock, and messages often enough to lock within 2 s. */
export const harmless = "--first_step_threshold 0 --step_threshold 0 --max_frequency 1" +
  " --pi_proportional_const 0.7 --pi_integral_const 0.3" +
  " --logAnnounceInterval -2 --announceReceiptTimeout 2 --logSyncInterval -3 --logMinDelayReqInterval -3"

/** Runs `ip` and fails loudly. */
export const ip = (...words: ReadonlyArray<string>) => execFileSync("ip", words, { stdio: "pipe" })

let namespaces = 0

/** A namespace with a loopback that is up; deleted with the scope. */
const namespace = Effect.acquireRelease(
  Effect.sync(() => {
    const name = `lptpd${process.pid}x${++namespaces}`
    ip("netns", "add", name)
    ip("-n", name, "link", "set", "lo", "up")
    return name
  }),
  (name) => Effect.sync(() => ip("netns", "del", name))
)

const libc = koffi.load("libc.so.6")
const setns = libc.func("int setns(int, int)")
const cloneNewnet = 0x4000_0000

/** Puts this thread into a namespace until the scope closes: its sockets, and the children it starts. */
const inside = (name: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const home = openSync("/proc/self/ns/net", "r")
      const there = openSync(`/var/run/netns/${name}`, "r")
      if (setns(there, cloneNewnet) !== 0) throw new Error("setns failed")
      closeSync(there)
      return home
    }),
    (home) =>
      Effect.sync(() => {
        setns(home, cloneNewnet)
        closeSync(home)
      })
  )

const directory = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(path.join(os.tmpdir(), "lptpd-"))),
  (name) => Effect.sync(() => rmSync(name, { recursive: true, force: true }))
)

/** A child of the test that is ended, at the latest, with the scope. */
export const child = (command: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function*() {
    const exited = yield* Deferred.make<number | string>()
    const output: Array<string> = []
    const started = yield* Effect.acquireRelease(
      Effect.sync(() => {
        const process_ = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } })
        const collect = (bytes: Buffer) => void output.push(bytes.toString())
        process_.stdout.on("data", collect)
        process_.stderr.on("data", collect)
        process_.once("exit", (code, signal) => Deferred.doneUnsafe(exited, Effect.succeed(code ?? signal ?? 0)))
        return process_
      }),
      (process_) => Effect.andThen(Effect.sync(() => process_.kill("SIGKILL")), Deferred.await(exited))
    )
    return {
      pid: pidOf(started),
      kill: (signal: NodeJS.Signals) => Effect.sync(() => started.kill(signal)),
      /** Exit code or signal. */
      exit: Deferred.await(exited),
      output: () => output.join("")
    }
  })

const pidOf = (process_: ChildProcess): number => {
  if (process_.pid === undefined) throw new Error("not started")
  return process_.pid
}

const kubeconfig = (server: string) =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "lab", cluster: { server } }],
    users: [{ name: "lab", user: {} }],
    contexts: [{ name: "lab", context: { cluster: "lab", user: "lab" } }],
    "current-context": "lab"
  })

/** Asks again until `value` gives something; the bound is the test's, not the daemon's. */
export const eventually = <A, E, R>(what: string, value: Effect.Effect<A | undefined, E, R>, within = "20 seconds") =>
  value.pipe(
    Effect.flatMap((found) => found === undefined ? Effect.fail("not yet" as const) : Effect.succeed(found)),
    Effect.retry(Schedule.spaced("50 millis")),
    Effect.timeoutOrElse({
      duration: Duration.fromInputUnsafe(within as Duration.Input),
      orElse: () => Effect.die(new Error(`${what}: not within ${within}`))
    })
  )

const fromSources = [process.execPath, path.resolve("src/programs/cli/main.ts")]

/** The daemon on `worker-1`, against the lab's API server. `starter` are words before it, such as a limit. */
export const startDaemon = (
  lab: Pick<Lab, "node" | "directory">,
  env: Readonly<Record<string, string>> = {},
  { program = fromSources, starter = [] }: {
    readonly program?: ReadonlyArray<string>
    readonly starter?: ReadonlyArray<string>
  } = {}
) => {
  const [command = "", ...words] = [...starter, "ip", "netns", "exec", lab.node, ...program, "run"]
  return child(command, words, {
    KUBECONFIG: path.join(lab.directory, "kubeconfig"),
    NODE_NAME: "worker-1",
    LINUXPTP_RUN_DIR: path.join(lab.directory, "run"),
    LINUXPTP_STATE_DIR: path.join(lab.directory, "state"),
    METRICS_PORT: "0",
    HEALTH_PORT: "0",
    ...env
  })
}

/** An API server that can go and come back, at the same place and with all that it had. */
interface ApiServer {
  readonly url: string
  readonly start: Effect.Effect<void>
  readonly stop: Effect.Effect<void>
}

/** The Nodes of the daemons that tests start; a kubelet makes them in a cluster, and no NodePTPDev is made without. */
const seed = Effect.gen(function*() {
  yield* seedNamespaces
  yield* Effect.forEach(["worker-1", "worker-2"], (name) => seedNode(name, {}))
})

const startApiServer: Effect.Effect<ApiServer, never, Scope.Scope> = Effect.gen(function*() {
  const outer = yield* Effect.scope
  const store = yield* Layer.build(
    Layer.effectDiscard(Effect.orDie(seed)).pipe(Layer.provideMerge(InMemoryObjectStore.layer({})))
  )
  let current = yield* Scope.fork(outer)
  const listen = (port: number) =>
    Layer.buildWithScope(EmbeddedApiServer.layerNoDeps({ port }), current).pipe(
      Effect.provideContext(store),
      Effect.map((built) => Context.get(built, EmbeddedApiServer).url),
      Effect.orDie
    )
  const url = yield* listen(0)
  return {
    url,
    start: Effect.gen(function*() {
      current = yield* Scope.fork(outer)
      yield* listen(Number(new URL(url).port))
    }),
    stop: Effect.suspend(() => Scope.close(current, Exit.void))
  }
})

export interface Lab {
  /** Namespace of the node; the test itself is in it. */
  readonly node: string
  readonly grandmaster: string
  /** Temporary files; `run` below it is the daemon's run directory. */
  readonly directory: string
  /** URL of the API server, in the node's namespace. */
  readonly server: string
  readonly apiServer: ApiServer
}

const cables = ["nic0", "nic1"]

/** Connects `nic0` or `nic1` of the node with its grandmaster; both ends are new, and gone when one is deleted. */
export const plugCable = ({ grandmaster, node }: Pick<Lab, "node" | "grandmaster">, index: number) => {
  const nic = `nic${index}`
  ip("link", "add", `gm${index}`, "netns", grandmaster, "type", "veth", "peer", "name", nic, "netns", node)
  ip("-n", grandmaster, "link", "set", `gm${index}`, "up")
  ip("-n", node, "link", "set", nic, "up")
}

/** Two namespaces with two cables, a grandmaster on both, and an API server; all in the scope. */
export const makeLab = Effect.gen(function*() {
  const grandmaster = yield* namespace
  const node = yield* namespace
  for (const index of cables.keys()) plugCable({ grandmaster, node }, index)
  const files = yield* directory
  yield* inside(node)
  // Built here and not by the test: it has to listen in the node's namespace.
  const apiServer = yield* startApiServer
  // Once: daemons of the lab read it at any moment, and a file that is being written is empty for a moment.
  writeFileSync(path.join(files, "kubeconfig"), kubeconfig(apiServer.url))
  return { node, grandmaster, directory: files, server: apiServer.url, apiServer } satisfies Lab
})

/** A real ptp4l as grandmaster at the far end of every cable. */
export const startGrandmaster = ({ directory, grandmaster }: Pick<Lab, "directory" | "grandmaster">) => {
  const nics = cables.flatMap((_, index) => ["-i", `gm${index}`])
  const words = ["-S", "-2", "-m", "-q", ...nics, "--uds_address", path.join(directory, "gm"), "--priority1", "10"]
  return child("ip", ["netns", "exec", grandmaster, "ptp4l", ...words, ...harmless.split(" ")])
}

/** A real ptp4l in one of the lab's namespaces that only measures, and answers at `socket` in the lab's directory. */
export const startPtp4l = (lab: Pick<Lab, "directory">, namespaceName: string, socket: string, words: string) => {
  const own = ["-S", "-2", "-m", "-q", "--free_running", "1", "--uds_address", path.join(lab.directory, socket)]
  return child("ip", ["netns", "exec", namespaceName, "ptp4l", ...own, ...`${harmless} ${words}`.split(" ")])
}

/** Processes whose environment carries the mark of this run directory. */
export const childrenOf = (runDirectory: string): ReadonlyArray<{ readonly pid: number; readonly command: string }> =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const marked = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(runDirectoryMark(runDirectory))
      const command = readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ").trim()
      return marked && command !== "" ? [{ pid: Number(pid), command }] : []
    } catch {
      return []
    }
  })

/** Files that linuxptp's clients leave at fixed places, and everything in the run directory. */
export const filesLeft = (runDirectory: string): ReadonlyArray<string> => [
  ...(existsSync(runDirectory) ? readdirSync(runDirectory, { recursive: true }).map(String) : []),
  ...readdirSync("/var/run").filter((name) => /^(phc2sys|pmc|ts2phc)\.\d+/.test(name))
]

/** What every system test runs with. */
export const labLayer = Layer.mergeAll(NodeFileSystem.layer, NodeHttpClient.layerNodeHttp, Logger.layer([]))
