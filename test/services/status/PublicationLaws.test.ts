/** What holds for a publication whatever happens, in whatever order. */
import { assert, describe, it } from "@effect/vitest"
import { Equal, Schema } from "effect"
import * as fc from "fast-check"
import type { KubernetesApiReason } from "../../../src/services/kubernetes/KubernetesApi.ts"
import { NodePTPDevStatus } from "../../../src/services/kubernetes/NodePTPDev.ts"
import type { ProcessStatus } from "../../../src/services/processes/ProcessSupervisor.ts"
import { differsAtOnce, nodeStatus, type StatusFacts } from "../../../src/services/status/NodeStatus.ts"
import { facts, running } from "./PublishedNode.ts"
import { VirtualPublication } from "./VirtualPublication.ts"

type Step = (node: VirtualPublication) => void

const process = fc.record({
  state: fc.constantFrom<ProcessStatus["state"]>("Starting", "Running", "BackOff", "Stopping"),
  restarts: fc.nat(2)
}).map((change) => ({ statuses: [running(change)] }))

const learning: fc.Arbitrary<Step> = process.map((news) => (node) => node.learn(news))
const passing: fc.Arbitrary<Step> = fc.oneof(fc.nat(200), fc.nat(3_000), fc.nat(30_000))
  .map((millis) => (node) => node.pass(millis))

const failing: fc.Arbitrary<Step> = fc.record({
  reason: fc.constantFrom<KubernetesApiReason>("NotFound", "Conflict", "Denied", "TooManyRequests", "Unreachable"),
  retryAfterSeconds: fc.constantFrom(0, 0, 3, 100),
  random: fc.double({ min: 0, max: 0.99, noNaN: true })
}).map((failure) => (node) => void node.failures.push(failure))

/** Somebody else deletes the object, or writes over it. */
const meddling: fc.Arbitrary<Step> = fc.oneof(
  fc.constant(undefined),
  fc.constant({ metadata: { name: "worker-1" } }),
  fc.constant({ metadata: { name: "worker-1" }, status: { conditions: "all well" } }),
  process.map((news) => ({
    metadata: { name: "worker-1" },
    status: { ...nodeStatus({ ...facts(), ...news }, undefined, "2026-01-01T00:00:00Z") }
  }))
).map((object) => (node) => node.store(object))

const slowing: fc.Arbitrary<Step> = fc.tuple(fc.nat(4_000), fc.nat(4_000)).map(
  ([answerMillis, watchMillis]) => (node) => {
    node.answerMillis = answerMillis
    node.watchMillis = watchMillis
  }
)

const anything = fc.array(fc.oneof(learning, passing, failing, meddling, slowing), { maxLength: 60 })
/** Of the node, with an API server that answers at once and only to the node. */
const peace = fc.array(fc.oneof(learning, passing), { maxLength: 60 })

const begun = () => {
  const node = new VirtualPublication()
  node.learn(facts())
  node.store(undefined)
  return node
}

const storedStatus = ({ stored }: VirtualPublication) =>
  stored?.["status"] === undefined ? undefined : Schema.decodeUnknownSync(NodePTPDevStatus)(stored["status"])

/** Whether the API server has what the node is. */
const isTold = (node: VirtualPublication): boolean => {
  const stored = storedStatus(node)
  const { interfaces = [], ...others } = node.publication.facts
  const whole: StatusFacts = { ...others, interfaces }
  return stored !== undefined && Equal.equals(stored, nodeStatus(whole, stored, ""))
}

describe("a publication, whatever happens", () => {
  // That nothing is written which is there, nothing is asked twice at once, and nothing before the time that the API
  // server asked for, is checked by VirtualPublication with each request.
  it("never writes more than 10 times in 5 s", () => {
    fc.assert(fc.property(anything, (steps) => {
      const node = begun()
      for (const step of steps) step(node)
      const { writes } = node
      assert.isTrue(
        writes.every(({ atMillis }, index) => (writes[index + 10]?.atMillis ?? Infinity) - atMillis >= 5_000)
      )
    }))
  })

  it("says in the end what is true, and then nothing more", () => {
    fc.assert(fc.property(anything, (steps) => {
      const node = begun()
      for (const step of steps) step(node)
      node.failures.length = 0
      node.pass(300_000)
      assert.isTrue(isTold(node))
      const { length } = node.writes
      node.pass(3_600_000)
      assert.strictEqual(node.writes.length, length)
    }))
  })

  it("tells what somebody waits for within 5 s, and counters 10 s after the last write", () => {
    fc.assert(fc.property(peace, (steps) => {
      const node = begun()
      let wrongSince: number | undefined
      for (const step of steps) {
        step(node)
        const stored = storedStatus(node)
        const [wanted] = node.publication.facts.statuses
        const isWrong = stored === undefined || stored.processes[0]?.state !== wanted?.state
        const until = isWrong ? node.millis : node.writes.at(-1)?.atMillis ?? node.millis
        if (wrongSince !== undefined) assert.isAtMost(until - wrongSince, 5_000)
        wrongSince = isWrong ? wrongSince ?? node.millis : undefined
      }
      for (const [index, { atMillis, status }] of node.writes.entries()) {
        const before = node.writes[index - 1]
        if (before === undefined || differsAtOnce(before.status, status)) continue
        assert.isAtLeast(atMillis - before.atMillis, 10_000)
      }
    }))
  })
})
