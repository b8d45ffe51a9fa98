/** The API server goes away and comes back, with its history or without. */
import { Effect } from "effect"
import { proveWatching } from "./Edits.ts"
import { allWatching, type Fleet, quiet } from "./Fleet.ts"
import { everyNode } from "./FleetObjects.ts"
import { monotonicMillis } from "./MonotonicTime.ts"
import { histogram, largest, mebibytes, type Report, seconds, sum, verbs } from "./Report.ts"
import { addressOf } from "./StartAndSteady.ts"

const longestReturn = 60
const highestPeak = 10
/** A shorter outage is answered like a broken connection, which has to be back within 2 s: nobody spreads that wide. */
const shortestOutage = 10

interface Outage {
  readonly port: number
  readonly downSeconds: number
  /** Of the edit that proves that all are back. */
  readonly domain: number
}

/** Stops the server, does something, starts it again; the moment at which it answers again. */
const outage = Effect.fnUntraced(
  function*<E>({ nodes, server }: Fleet, { downSeconds, port }: Outage, meanwhile: Effect.Effect<unknown, E>) {
    const stopped = yield* server.Stop()
    yield* meanwhile
    yield* Effect.sleep(Math.max(0, stopped + downSeconds * 1000 - monotonicMillis()))
    return yield* server.Listen({ addresses: nodes.map((_, index) => addressOf(index)), port })
  }
)

/** All watches are open again; the requests of the minute after the return. */
const returned = Effect.fnUntraced(function*(fleet: Fleet, report: Report, at: number) {
  const back = yield* allWatching(fleet)
  const { byVerb, perSecond } = yield* fleet.server.Requests({ since: at })
  // What comes until the minute is over is left out: with it the mean would only be higher.
  const minute = perSecond.slice(0, 60)
  const mean = sum(minute) / 60
  yield* report.say(`requests: ${verbs(byVerb)}`)
  yield* report.say(`requests a second: ${histogram(minute)}`)
  yield* report.say(`peak ${largest(minute)} a second, mean of the minute ${mean.toFixed(1)}`)
  yield* report.speed("all are back after it answers again", (back - at) / 1000, longestReturn, " s")
  return {
    lists: sum(Object.entries(byVerb).filter(([verb]) => verb.startsWith("list ")).map(([, n]) => n)),
    ratio: largest(minute) / mean
  }
})

/** On the same store with its history. */
export const restart = Effect.fnUntraced(function*(fleet: Fleet, report: Report, options: Outage) {
  yield* report.title(`API server restart, away for ${options.downSeconds} s`)
  yield* quiet(fleet)
  const { at } = yield* outage(fleet, options, Effect.void)
  const { lists, ratio } = yield* returned(fleet, report, at)
  yield* report.bound("LIST", lists, 0)
  if (options.downSeconds < shortestOutage) yield* report.say(`peak to mean: ${ratio.toFixed(1)}`)
  else yield* report.bound("peak to mean", ratio, highestPeak)
  yield* proveWatching(fleet, report, options.domain)
})

/** As after a restart with an empty watch cache: every version that a node knows is too old. */
export const lostHistory = Effect.fnUntraced(function*(fleet: Fleet, report: Report, options: Outage) {
  const { server } = fleet
  yield* report.title(`API server restart, away for ${options.downSeconds} s, its history lost (410 for all)`)
  yield* quiet(fleet)
  const before = yield* server.Usage({ collect: true })
  const edit = Effect.andThen(server.EditProfile({ name: everyNode, domain: options.domain + 1 }), server.Compact())
  const { at } = yield* outage(fleet, options, edit)
  const { lists, ratio } = yield* returned(fleet, report, at)
  const after = yield* server.Usage({ collect: false })
  yield* report.say(
    `${lists} LIST, peak to mean ${ratio.toFixed(1)}; server: ` +
      `${seconds(after.cpuMillis - before.cpuMillis)} of CPU, RSS ${mebibytes(before.rssBytes)} before and ` +
      `${mebibytes(after.rssBytes)} after, ${mebibytes(after.bytesOut - before.bytesOut)} sent`
  )
  yield* proveWatching(fleet, report, options.domain)
})
