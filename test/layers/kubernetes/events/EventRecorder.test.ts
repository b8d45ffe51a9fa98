import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import type { NodeEvent } from "../../../../src/services/kubernetes/KubernetesApi.ts"
import { connectScripted } from "../ScriptedClient.ts"

const path = "/apis/events.k8s.io/v1/namespaces/ptp/events"

const lost: NodeEvent = {
  type: "Warning",
  reason: "ClockLost",
  note: "eth0: no announce messages",
  regarding: { metadata: { name: "worker-1", namespace: "ptp", uid: "u1", resourceVersion: "9" }, spec: {} }
}

describe("recordEvent", () => {
  it.effect("writes an event about the object, with all that events.k8s.io requires", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      yield* TestClock.setTime(Date.UTC(2026, 10, 22, 8, 30, 15, 250))
      yield* api.recordEvent(lost)
      const request = yield* server.next
      assert.deepStrictEqual([request.method, request.path], ["POST", path])
      const { metadata, ...event } = Object(request.body)
      assert.match(metadata.name, /^worker-1\.[0-9a-f]{8}$/)
      assert.strictEqual(metadata.namespace, "ptp")
      assert.deepStrictEqual(event, {
        apiVersion: "events.k8s.io/v1",
        kind: "Event",
        eventTime: "2026-11-22T08:30:15.250000Z",
        reportingController: "linuxptp-daemon",
        reportingInstance: "worker-1",
        action: "ClockLost",
        reason: "ClockLost",
        type: "Warning",
        note: "eth0: no announce messages",
        regarding: {
          apiVersion: "ptp.openshift.io/v1",
          kind: "NodePTPDev",
          name: "worker-1",
          namespace: "ptp",
          uid: "u1",
          resourceVersion: "9"
        }
      })
    }))

  it.effect("writes a recurrence at once when the clock changed since", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      const locked: NodeEvent = { ...lost, type: "Normal", reason: "ClockLocked", note: "the clock is locked" }
      const names: Array<string> = []
      for (const event of [locked, lost]) {
        yield* api.recordEvent(event)
        const created = yield* server.next
        names.push(Object(created.body).metadata.name)
        yield* created.answer(201, {})
        yield* TestClock.adjust("10 seconds")
      }
      yield* api.recordEvent(locked)
      const counted = yield* server.next
      assert.deepStrictEqual([counted.method, counted.path], ["PATCH", `${path}/${names[0]}`])
      assert.strictEqual(counted.headers["content-type"], "application/merge-patch+json")
      assert.deepStrictEqual(counted.body, { series: { count: 2, lastObservedTime: "1970-01-01T00:00:20.000000Z" } })
    }))

  it.effect("goes on after a refusal, and creates the event anew", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      yield* api.recordEvent(lost)
      yield* (yield* server.next).answer(403, { kind: "Status", code: 403 })
      yield* api.recordEvent(lost)
      assert.strictEqual((yield* server.next).method, "POST")
    }))

  it.effect("does not wait for the API", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      yield* Effect.forEach(Array.from({ length: 200 }, (_, index) => `${index}`), (note) =>
        api.recordEvent({ ...lost, note }))
      assert.strictEqual(Object((yield* server.next).body).note, "0")
    }))

  it.effect("cuts a note at 1,024 bytes, Kubernetes' limit, between two characters", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      yield* api.recordEvent({ ...lost, note: "€".repeat(5_000) })
      assert.strictEqual(Object((yield* server.next).body).note, "€".repeat(341))
    }))
})
