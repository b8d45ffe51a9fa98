/** When EventRecorder writes, and what it does when a request fails: over a connection without a wire, all time is virtual. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Queue } from "effect"
import { TestClock } from "effect/testing"
import { makeEventRecorder } from "../../../../src/layers/kubernetes/events/EventRecorder.ts"
import type { ApiConnection, ClientRequest } from "../../../../src/layers/kubernetes/requests/ApiConnection.ts"
import { failureOfAnswer, failureOfConnection } from "../../../../src/layers/kubernetes/requests/ApiFailure.ts"
import type { KubernetesApiError, NodeEvent } from "../../../../src/services/kubernetes/KubernetesApi.ts"
import { nodePTPDevs } from "../../../../src/services/kubernetes/NodePTPDev.ts"

const path = "/apis/events.k8s.io/v1/namespaces/ptp/events"

const lost: NodeEvent = {
  type: "Warning",
  reason: "ClockLost",
  note: "the clock is in FREERUN",
  regarding: { metadata: { name: "worker-1", namespace: "ptp", uid: "u1", resourceVersion: "9" }, spec: {} }
}

type Answer = "ok" | "reset" | { readonly status: number; readonly retryAfter?: string }

const answered = (request: ClientRequest, answer: Answer): Effect.Effect<string, KubernetesApiError> => {
  if (answer === "ok") return Effect.succeed("{}")
  return Effect.fail(
    answer === "reset"
      ? failureOfConnection(request, new Error("read ECONNRESET"))
      : failureOfAnswer(request, { status: answer.status, body: "", retryAfter: answer.retryAfter })
  )
}

/** A recorder whose requests meet these answers, one after the other, and success from then on. */
const recordWith = Effect.fnUntraced(function*(...answers: ReadonlyArray<Answer>) {
  const left = [...answers]
  const requests = yield* Queue.unbounded<
    { readonly atMillis: number; readonly method: string; readonly path: string; readonly body: string }
  >()
  const connection: ApiConnection = {
    text: (request) =>
      Effect.gen(function*() {
        const atMillis = Number((yield* Clock.monotonicTimeNanos) / 1_000_000n)
        yield* Queue.offer(requests, { atMillis, ...request, body: request.body?.text ?? "" })
        return yield* answered(request, left.shift() ?? "ok")
      }),
    open: () => Effect.die("no event is read")
  }
  const source = { component: "linuxptp-daemon", nodeName: "worker-1", namespace: "ptp", regarding: nodePTPDevs }
  const record = yield* makeEventRecorder(connection, source)
  /** Lets 2 min pass in small steps, or as long as it takes until the next request. */
  const next = TestClock.adjust("10 millis").pipe(
    Effect.andThen(Queue.size(requests)),
    Effect.repeat({ until: (size) => size > 0, times: 12_000 }),
    Effect.andThen(Queue.poll(requests)),
    Effect.flatMap(Effect.fromOption)
  )
  /** Writes in order: what comes next is the request of an event of its own, and nothing was asked before it. */
  const assertNothingMore = Effect.gen(function*() {
    yield* TestClock.adjust("5 minutes")
    yield* record({ ...lost, note: "a mark" })
    assert.include((yield* next).body, "a mark")
  })
  return { record, next, assertNothingMore }
})

const nameIn = (body: string): string => Object(JSON.parse(body)).metadata.name

describe("an event that comes again", () => {
  it.effect("raises the series' count instead of being written again", () =>
    Effect.gen(function*() {
      const { next, record } = yield* recordWith()
      yield* record(lost)
      const created = yield* next
      yield* TestClock.setTime(60_010)
      yield* record(lost)
      const counted = yield* next
      assert.deepStrictEqual([counted.method, counted.path], ["PATCH", `${path}/${nameIn(created.body)}`])
      assert.deepStrictEqual(JSON.parse(counted.body), {
        series: { count: 2, lastObservedTime: "1970-01-01T00:01:00.010000Z" }
      })
    }))

  it.effect("is held back until its minute is over", () =>
    Effect.gen(function*() {
      const { next, record } = yield* recordWith()
      yield* record(lost)
      const created = yield* next
      yield* TestClock.setTime(20_000)
      yield* record(lost)
      const counted = yield* next
      assert.strictEqual(counted.atMillis - created.atMillis, 60_000)
      assert.deepStrictEqual([counted.method, counted.path], ["PATCH", `${path}/${nameIn(created.body)}`])
      assert.deepStrictEqual(JSON.parse(counted.body), {
        series: { count: 2, lastObservedTime: "1970-01-01T00:00:20.000000Z" }
      })
    }))
})

describe("an event whose request fails", () => {
  it.effect("is written again after the time that the server asked for, under the same name", () =>
    Effect.gen(function*() {
      const { assertNothingMore, next, record } = yield* recordWith({ status: 429, retryAfter: "20" })
      yield* record(lost)
      const first = yield* next
      const second = yield* next
      assert.isAtLeast(second.atMillis - first.atMillis, 20_000)
      assert.isAtMost(second.atMillis - first.atMillis, 20_500)
      assert.deepStrictEqual([second.method, second.path, second.body], ["POST", path, first.body])
      yield* assertNothingMore
    }))

  it.effect("believes a Retry-After of 60 s at most", () =>
    Effect.gen(function*() {
      const { next, record } = yield* recordWith({ status: 503, retryAfter: "86400" })
      yield* record(lost)
      const first = yield* next
      const second = yield* next
      assert.isAtLeast(second.atMillis - first.atMillis, 60_000)
      assert.isAtMost(second.atMillis - first.atMillis, 60_500)
    }))

  it.effect("is tried three times, after at most 0.5 s and 1 s, then created anew when it comes again", () =>
    Effect.gen(function*() {
      const { assertNothingMore, next, record } = yield* recordWith("reset", { status: 500 }, { status: 504 })
      yield* record(lost)
      const first = yield* next
      const second = yield* next
      const third = yield* next
      // The steps in which time passes add to what was waited.
      assert.isAtMost(second.atMillis - first.atMillis, 510)
      assert.isAtMost(third.atMillis - second.atMillis, 1_010)
      yield* assertNothingMore
      yield* record(lost)
      const anew = yield* next
      assert.strictEqual(anew.method, "POST")
      assert.notStrictEqual(nameIn(anew.body), nameIn(first.body))
    }))

  for (const code of [400, 401, 403, 404, 409, 410, 422]) {
    it.effect(`is not tried again after ${code}`, () =>
      Effect.gen(function*() {
        const { assertNothingMore, next, record } = yield* recordWith({ status: code })
        yield* record(lost)
        yield* next
        yield* assertNothingMore
        yield* record(lost)
        assert.strictEqual((yield* next).method, "POST")
      }))
  }

  it.effect("was written when a further try meets 409: only the answer was lost", () =>
    Effect.gen(function*() {
      const { next, record } = yield* recordWith("reset", { status: 409 })
      yield* record(lost)
      const { body } = yield* next
      yield* next
      yield* TestClock.adjust("1 minute")
      yield* record(lost)
      const counted = yield* next
      assert.deepStrictEqual([counted.method, counted.path], ["PATCH", `${path}/${nameIn(body)}`])
    }))

  it.effect("holds up nobody who records", () =>
    Effect.gen(function*() {
      const { next, record } = yield* recordWith({ status: 429, retryAfter: "20" })
      yield* record(lost)
      const { body } = yield* next
      yield* Effect.forEach(Array.from({ length: 200 }, (_, index) => `${index}`), (note) => record({ ...lost, note }))
      assert.strictEqual((yield* next).body, body)
      assert.include((yield* next).body, "\"note\":\"0\"")
    }))
})

describe("a count whose request fails", () => {
  it.effect("is tried again", () =>
    Effect.gen(function*() {
      const { next, record } = yield* recordWith("ok", { status: 503 })
      yield* record(lost)
      yield* next
      yield* TestClock.adjust("1 minute")
      yield* record(lost)
      const first = yield* next
      const second = yield* next
      assert.strictEqual(first.method, "PATCH")
      assert.deepStrictEqual([second.method, second.path, second.body], ["PATCH", first.path, first.body])
    }))

  it.effect("becomes a new Event at once when the one it counts is gone, which is counted from then on", () =>
    Effect.gen(function*() {
      const { next, record } = yield* recordWith("ok", { status: 404 })
      yield* record(lost)
      const created = yield* next
      yield* TestClock.adjust("2 minutes")
      yield* record(lost)
      const counted = yield* next
      assert.deepStrictEqual([counted.method, counted.path], ["PATCH", `${path}/${nameIn(created.body)}`])
      const anew = yield* next
      assert.deepStrictEqual([anew.method, anew.path], ["POST", path])
      assert.isAtMost(anew.atMillis - counted.atMillis, 10)
      const { metadata, eventTime, ...event } = JSON.parse(anew.body)
      const { metadata: before, eventTime: timeBefore, ...eventBefore } = JSON.parse(created.body)
      assert.notStrictEqual(metadata.name, before.name)
      assert.isAtLeast(Date.parse(eventTime) - Date.parse(timeBefore), 120_000)
      assert.deepStrictEqual(event, eventBefore)
      yield* TestClock.adjust("1 minute")
      yield* record(lost)
      const countedAnew = yield* next
      assert.strictEqual(countedAnew.path, `${path}/${metadata.name}`)
      assert.strictEqual(JSON.parse(countedAnew.body).series.count, 2)
    }))

  it.effect("becomes a new Event also when it was held back, with the time of the newest occurrence", () =>
    Effect.gen(function*() {
      const { next, record } = yield* recordWith("ok", { status: 404 })
      yield* record(lost)
      yield* next
      yield* TestClock.setTime(20_000)
      yield* record(lost)
      assert.strictEqual((yield* next).method, "PATCH")
      const anew = yield* next
      assert.strictEqual(anew.method, "POST")
      assert.strictEqual(JSON.parse(anew.body).eventTime, "1970-01-01T00:00:20.000000Z")
    }))
})
