/** One edit and how it reaches the nodes: of all nodes' profile, of one node's, and of a Node's label. */
import { Effect } from "effect"
import { allWritten, beyondRenewals, type Fleet, quiet } from "./Fleet.ts"
import { chosenNode, everyNode, firstDomains, labelledNode, nodeToLabel, oneNode } from "./FleetObjects.ts"
import { monotonicMillis } from "./MonotonicTime.ts"
import { histogram, kibibytes, largest, type Report, seconds, spreadOf, verbs } from "./Report.ts"
import { usageOf } from "./StartAndSteady.ts"

/** From a node's receipt of the bytes to the hand-over to its supervisor. */
const longestToApplied = 100
const withinMillis = 120_000

/** Waits for the nodes of an edit; `began` is when it was stored. */
const applied = Effect.fnUntraced(function*(
  fleet: Fleet,
  asked: { readonly domain: number; readonly resource: string; readonly node?: string },
  began: number
) {
  const answers = yield* Effect.forEach(
    fleet.nodes,
    (process) => process.Applied({ ...asked, withinMillis }),
    { concurrency: "unbounded" }
  )
  const moments = answers.flat()
  return {
    count: moments.length,
    toReceived: moments.map(({ receivedAt }) => receivedAt - began),
    toApplied: moments.map(({ appliedAt, receivedAt }) => appliedAt - receivedAt),
    fromEdit: moments.map(({ appliedAt }) => appliedAt - began)
  }
})

const percentile = (samples: ReadonlyArray<number>, share: number): number =>
  samples.toSorted((a, b) => a - b)[Math.ceil(share * samples.length) - 1] ?? Number.NaN

const forget = ({ nodes }: Fleet) =>
  Effect.forEach(nodes, (process) => process.Forget(), { concurrency: "unbounded", discard: true })

/** Edits the profile of all nodes, and tells what follows. */
export const editEveryNode = Effect.fnUntraced(function*(fleet: Fleet, report: Report, domain: number) {
  const { count, server } = fleet
  yield* report.title("One edit that concerns every node")
  yield* quiet(fleet)
  yield* forget(fleet)
  const before = yield* server.Usage({ collect: false })
  const nodesBefore = yield* usageOf(fleet, false)
  const { at, bytes, generation } = yield* server.EditProfile({ name: everyNode, domain })
  const times = yield* applied(fleet, { domain, resource: "nodeptpcfgs" }, at)
  const after = yield* server.Usage({ collect: false })
  const nodesAfter = yield* usageOf(fleet, false)
  const written = yield* allWritten(fleet, everyNode, generation)
  const { byVerb, statusWritesPerSecond } = yield* server.Requests({ since: at })
  yield* report.bound("nodes that have not applied it", ordinaryNodes(fleet) - times.count, 0)
  yield* report.say(`edit to receipt, each node: ${spreadOf(times.toReceived)}`)
  yield* report.say(`edit to applied, each node: ${spreadOf(times.fromEdit)}`)
  yield* report.say(`receipt to applied: ${spreadOf(times.toApplied)}`)
  yield* report.speed("receipt to applied, p99", percentile(times.toApplied, 0.99), longestToApplied, " ms")
  yield* report.say(
    `event of ${kibibytes(bytes)}, ${kibibytes((after.bytesOut - before.bytesOut) / count)} sent a node, ` +
      `${((after.cpuMillis - before.cpuMillis) / count).toFixed(2)} ms of the server's CPU ` +
      `and ${((nodesAfter.cpuMillis - nodesBefore.cpuMillis) / count).toFixed(2)} ms of its own a node until applied`
  )
  yield* report.say(
    `every status written ${seconds(written - at)} after the edit: ${verbs(byVerb)}; ` +
      `status writes a second: ${histogram(statusWritesPerSecond)} (at most ${largest(statusWritesPerSecond)})`
  )
})

/** All but the two that have, or get, a profile of their own. */
const ordinaryNodes = ({ count }: Fleet): number => count - 2

/** Edits one node's profile, a few times: every node hears of it, one does something. */
export const editOneNode = Effect.fnUntraced(function*(fleet: Fleet, report: Report) {
  const { server } = fleet
  yield* report.title(`One edit that concerns one node, ${rounds} times`)
  yield* quiet(fleet)
  const began = monotonicMillis()
  const fromEdit: Array<number> = []
  const toApplied: Array<number> = []
  for (let round = 1; round <= rounds; round += 1) {
    yield* forget(fleet)
    const domain = firstDomains[oneNode] + round
    const { at, generation } = yield* server.EditProfile({ name: oneNode, domain })
    const times = yield* applied(fleet, { domain, node: chosenNode, resource: "nodeptpcfgs" }, at)
    yield* allWritten(fleet, oneNode, generation)
    fromEdit.push(...times.fromEdit)
    toApplied.push(...times.toApplied)
  }
  yield* quiet(fleet)
  const { byVerb } = yield* server.Requests({ since: began })
  yield* report.bound("edits that the node has not applied", rounds - toApplied.length, 0)
  yield* report.say(`edit to applied: ${spreadOf(fromEdit)}; receipt to applied: ${spreadOf(toApplied)}`)
  yield* report.bound("requests that follow, of all nodes", beyondRenewals(byVerb), rounds * 2)
  yield* report.say(`requests: ${verbs(byVerb)}`)
})
const rounds = 5

/** Labels a Node, for which another profile then wins. */
export const labelOneNode = Effect.fnUntraced(function*(fleet: Fleet, report: Report) {
  const { server } = fleet
  yield* report.title("One label of one Node")
  yield* quiet(fleet)
  yield* forget(fleet)
  const { at } = yield* server.LabelNode({ node: nodeToLabel })
  const asked = { domain: firstDomains[labelledNode], node: nodeToLabel, resource: "nodes" }
  const times = yield* applied(fleet, asked, at)
  yield* quiet(fleet)
  const { byVerb } = yield* server.Requests({ since: at })
  yield* report.bound("nodes that have not applied it", 1 - times.count, 0)
  yield* report.say(`edit to applied: ${spreadOf(times.fromEdit)}; receipt to applied: ${spreadOf(times.toApplied)}`)
  yield* report.say(`requests: ${verbs(byVerb)}`)
})

/** All nodes apply one more edit: whoever does not has gone deaf. */
export const proveWatching = Effect.fnUntraced(function*(fleet: Fleet, report: Report, domain: number) {
  yield* forget(fleet)
  const { at, generation } = yield* fleet.server.EditProfile({ name: everyNode, domain })
  const { count, fromEdit } = yield* applied(fleet, { domain, resource: "nodeptpcfgs" }, at)
  yield* report.bound("nodes that do not hear the next edit", ordinaryNodes(fleet) - count, 0)
  yield* report.say(`the next edit is applied on all after ${seconds(largest(fromEdit))}`)
  yield* allWritten(fleet, everyNode, generation)
})
