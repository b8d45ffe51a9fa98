/** What this process has used so far; with a garbage collection first where memory is to be compared. */
import { Effect } from "effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import type { Usage } from "./FleetRpcs.ts"

setFlagsFromString("--expose-gc")
const gc: unknown = runInNewContext("gc")

export const processUsage = (collect: boolean): Effect.Effect<Usage> =>
  Effect.sync(() => {
    if (collect && typeof gc === "function") gc()
    const { system, user } = process.cpuUsage()
    const { heapUsed, rss } = process.memoryUsage()
    return { cpuMillis: (system + user) / 1000, rssBytes: rss, heapBytes: heapUsed }
  })
