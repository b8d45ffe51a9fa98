/** The fleet's beginning, and what it costs while nothing changes. */
import { Effect } from "effect"
import { allWatching, allWritten, beyondRenewals, type Fleet, quiet, watchesANode } from "./Fleet.ts"
import { everyNode } from "./FleetObjects.ts"
import type { Usage } from "./FleetRpcs.ts"
import { monotonicMillis } from "./MonotonicTime.ts"
import { kibibytes, mebibytes, type Report, seconds, sum, verbs } from "./Report.ts"

/** Nodes of one process that start at the same time; a cluster's nodes boot over minutes. */
const atOnce = 32

/** The loopback address that the nodes of a process connect to: the ports of one address are fewer than 30,000. */
export const addressOf = (index: number): string => `127.0.0.${index + 1}`

export const start = Effect.fnUntraced(function*(fleet: Fleet, report: Report, port: number) {
  const { count, nodes, server } = fleet
  yield* report.title("Start")
  const emptyServer = yield* server.Usage({ collect: true })
  const emptyNodes = yield* usageOf(fleet, true)
  const began = monotonicMillis()
  const each = Math.ceil(count / nodes.length)
  yield* Effect.forEach(nodes, (process, index) =>
    process.Start({
      server: `http://${addressOf(index)}:${port}`,
      first: index * each,
      count: Math.min(each, count - index * each),
      atOnce
    }), { concurrency: "unbounded", discard: true })
  const applied = monotonicMillis()
  yield* allWatching(fleet)
  const written = yield* allWritten(fleet, everyNode, 1)
  const { byVerb } = yield* server.Requests({ since: began })
  yield* report.say(
    `every node has applied its first configuration after ${seconds(applied - began)}, ` +
      `${atOnce * nodes.length} starting at a time; every status is written after ${seconds(written - began)}`
  )
  yield* report.say(`requests: ${verbs(byVerb)}`)
  yield* quiet(fleet)
  const fullServer = yield* server.Usage({ collect: true })
  const fullNodes = yield* usageOf(fleet, true)
  const meanBytes = yield* server.MeanStatusBytes()
  yield* report.say(
    `memory, per node: client ${kibibytes((fullNodes.rssBytes - emptyNodes.rssBytes) / count)} of RSS ` +
      `(heap ${kibibytes((fullNodes.heapBytes - emptyNodes.heapBytes) / count)}), ` +
      `server ${kibibytes((fullServer.rssBytes - emptyServer.rssBytes) / count)} ` +
      `(heap ${kibibytes((fullServer.heapBytes - emptyServer.heapBytes) / count)}) ` +
      `for ${watchesANode} watches, their connections and the objects`
  )
  yield* report.say(
    `server: ${fullServer.connections} connections, ${mebibytes(fullServer.rssBytes)} of RSS; ` +
      `a NodePTPDev has ${Math.round(meanBytes)} bytes`
  )
})

/** `fleetBegan`: before its first request. */
export const steady = Effect.fnUntraced(function*(fleet: Fleet, report: Report, duration: number, fleetBegan: number) {
  const { count, server } = fleet
  yield* report.title(`Steady state, ${duration} s`)
  yield* quiet(fleet)
  const began = monotonicMillis()
  const before = yield* server.Usage({ collect: false })
  const nodesBefore = yield* usageOf(fleet, false)
  yield* Effect.sleep(`${duration} seconds`)
  const after = yield* server.Usage({ collect: false })
  const nodesAfter = yield* usageOf(fleet, false)
  const took = (monotonicMillis() - began) / 1000
  const { byVerb } = yield* server.Requests({ since: began })
  const { meanWatchSeconds } = yield* server.Requests({ since: fleetBegan })
  const requests = sum(Object.values(byVerb))
  yield* report.say(`requests: ${verbs(byVerb)}`)
  yield* report.bound("requests beyond watches opened again: LIST, GET and writes", beyondRenewals(byVerb), 0)
  yield* report.bound("requests a node-hour, measured", requests / count / took * 3600, 36)
  yield* report.bound(
    `requests a node-hour, from the time limits that the nodes asked for (${meanWatchSeconds.toFixed(0)} s on average)`,
    watchesANode * 3600 / meanWatchSeconds,
    36
  )
  const perNode = (after.bytesOut - before.bytesOut) / count / took
  yield* report.say(
    `server: ${((after.cpuMillis - before.cpuMillis) / took / 10).toFixed(1)} % of a CPU, ` +
      `sends ${perNode.toFixed(1)} bytes a node-second; ` +
      `nodes: ${((nodesAfter.cpuMillis - nodesBefore.cpuMillis) / took / 10).toFixed(1)} % of a CPU together`
  )
})

/** Of all processes of nodes together. */
export const usageOf = ({ nodes }: Fleet, collect: boolean) =>
  Effect.map(
    Effect.forEach(nodes, (process) => process.Usage({ collect }), { concurrency: "unbounded" }),
    (usages): Usage => ({
      cpuMillis: sum(usages.map(({ cpuMillis }) => cpuMillis)),
      rssBytes: sum(usages.map(({ rssBytes }) => rssBytes)),
      heapBytes: sum(usages.map(({ heapBytes }) => heapBytes))
    })
  )
