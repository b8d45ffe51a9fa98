/**
 * Starts the processes of the fleet benchmark and gives their callers. Each connection is a file descriptor on both
 * sides: a process gets as many as it needs, for which it takes CAP_SYS_RESOURCE where the hard limit is lower.
 */
import * as NodeWorker from "@effect/platform-node/NodeWorker"
import { Effect, Layer } from "effect"
import { RpcClient } from "effect/rpc"
import { spawn, spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { ApiServerRpcs, NodesRpcs } from "./FleetRpcs.ts"

/** node's own files, and connections for plain requests, which come and go. */
const spareDescriptors = 2_000

/** Of this process, and so of its children; node raises its own soft limit to it. */
const hardLimit = (): number => {
  const [, hard] = /^Max open files +\S+ +(\S+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? []
  return hard === undefined || hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard)
}

/** What stands in front of node where the limit has to be raised. */
const withDescriptors = (needed: number): ReadonlyArray<string> => {
  const limit = hardLimit()
  if (limit >= needed) return []
  const raise = ["prlimit", `--nofile=${needed}:${needed}`]
  if (spawnSync("prlimit", [...raise.slice(1), "true"], { stdio: "ignore" }).status === 0) return raise
  throw new Error(
    `${needed} file descriptors are needed and ${limit} allowed: raise ulimit -Hn, or take fewer nodes or more processes`
  )
}

const startProcess = (file: string, descriptors: number) => {
  const [program, ...args] = [
    ...withDescriptors(descriptors + spareDescriptors),
    process.execPath,
    ...process.execArgv,
    // A heap of thousands of daemons, where each would have its own: what is young gets the room to die young.
    "--min-semi-space-size=64",
    "--max-semi-space-size=64",
    fileURLToPath(new URL(file, import.meta.url))
  ]
  return spawn(program ?? process.execPath, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] })
}

const protocol = (file: string, descriptors: number) =>
  Layer.fresh(
    RpcClient.layerProtocolWorker({ size: 1, concurrency: 64 }).pipe(
      Layer.provide(NodeWorker.layer(() => startProcess(file, descriptors)))
    )
  )

/** The API server's process; it ends with the scope. */
export const startApiServer = Effect.fnUntraced(function*(descriptors: number) {
  const context = yield* Layer.build(protocol("./ApiServerProcess.ts", descriptors))
  return yield* RpcClient.make(ApiServerRpcs, { disableTracing: true }).pipe(Effect.provide(context))
})

/** A process of nodes; it ends with the scope. */
export const startNodes = Effect.fnUntraced(function*(descriptors: number) {
  const context = yield* Layer.build(protocol("./NodesProcess.ts", descriptors))
  return yield* RpcClient.make(NodesRpcs, { disableTracing: true }).pipe(Effect.provide(context))
})
