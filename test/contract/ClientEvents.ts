/** The daemon's events on the server under test: the server accepts the Event, and a repetition becomes a series. */
import { assert, describe } from "@effect/vitest"
import { Effect, Queue } from "effect"
import { at, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { nodePTPDevs } from "../../src/services/kubernetes/NodePTPDev.ts"
import { call, watch } from "./ApiClient.ts"
import type { ContractTests } from "./ApiServerUnderTest.ts"
import { daemonClient } from "./DaemonClient.ts"
import { workspace } from "./Workspace.ts"

const microTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/

export const clientEventsContract = (it: ContractTests) =>
  describe("the daemon's events", () => {
    it.effect("are accepted, and counted in a series when they happen again", () =>
      Effect.gen(function*() {
        const { namespace } = yield* workspace
        const nodeName = "worker-1"
        const api = yield* daemonClient({ namespace, nodeName })
        const regarding = yield* api.create(nodePTPDevs, { metadata: { name: nodeName }, spec: {} })
        const { events } = yield* watch(`/apis/events.k8s.io/v1/namespaces/${namespace}/events?watch=true`)
        const locked = { type: "Normal", reason: "ClockLocked", note: "locked to aa", regarding } as const
        yield* api.recordEvent(locked)
        const created = yield* Queue.take(events)
        const event = at(created, "object")
        assert.strictEqual(textAt(created, "type"), "ADDED")
        const fields = ["type", "reason", "action", "note", "reportingController", "reportingInstance"]
        assert.deepStrictEqual(fields.map((field) => textAt(event, field)), [
          "Normal",
          "ClockLocked",
          "ClockLocked",
          "locked to aa",
          "linuxptp-daemon",
          nodeName
        ])
        assert.match(textAt(event, "eventTime"), microTime)
        assert.deepStrictEqual(at(event, "regarding"), {
          apiVersion: "ptp.openshift.io/v1",
          kind: "NodePTPDev",
          name: nodeName,
          namespace,
          uid: regarding.metadata.uid ?? "",
          resourceVersion: regarding.metadata.resourceVersion ?? ""
        })
        // What happened in between makes the second occurrence news, which is not held back for a minute.
        yield* api.recordEvent({ type: "Warning", reason: "ClockLost", note: "the clock is in FREERUN", regarding })
        assert.strictEqual(textAt(yield* Queue.take(events), "object", "reason"), "ClockLost")
        yield* api.recordEvent(locked)
        const counted = yield* Queue.take(events)
        assert.deepStrictEqual(
          [textAt(counted, "type"), textAt(counted, "object", "metadata", "name")],
          ["MODIFIED", textAt(event, "metadata", "name")]
        )
        assert.strictEqual(at(counted, "object", "series", "count"), 2)
        assert.match(textAt(counted, "object", "series", "lastObservedTime"), microTime)
      }))

    it.effect("are accepted with the longest names and notes", () =>
      Effect.gen(function*() {
        const { namespace } = yield* workspace
        const nodeName = `${"n".repeat(62)}.${"o".repeat(62)}.${"d".repeat(62)}.${"e".repeat(64)}`
        assert.strictEqual(nodeName.length, 253)
        const api = yield* daemonClient({ namespace, nodeName })
        const regarding = yield* api.create(nodePTPDevs, { metadata: { name: nodeName }, spec: {} })
        const { events } = yield* watch(`/apis/events.k8s.io/v1/namespaces/${namespace}/events?watch=true`)
        yield* api.recordEvent({ type: "Warning", reason: "ProfileRejected", note: "\u00e4".repeat(2000), regarding })
        const created = yield* Queue.take(events)
        assert.strictEqual(textAt(created, "object", "note"), "\u00e4".repeat(512))
        const read = yield* call(
          "GET",
          `/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.name%3D${nodeName}`
        )
        assert.include(JSON.stringify(read.body), "ProfileRejected")
      }))
  })
