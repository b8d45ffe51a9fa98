import { assert, describe, it } from "@effect/vitest"
import { Context, Duration, Effect, Layer, Option, Ref, SubscriptionRef } from "effect"
import { TestClock } from "effect/testing"
import * as NodeState from "../../src/programs/NodeState.ts"
import * as ReportHealth from "../../src/programs/ReportHealth.ts"
import { Health } from "../../src/services/Health.ts"
import { KubernetesApi } from "../../src/services/kubernetes/KubernetesApi.ts"
import { decision } from "../services/status/PublishedNode.ts"
import { makeInMemoryNode } from "./InMemoryNode.ts"

/** `watchAge` is the age of its only watch, in seconds. */
const make = Effect.fnUntraced(function*({ watchAge = 0 }: { readonly watchAge?: number } = {}) {
  const { layer } = yield* makeInMemoryNode
  const watches = [{ resource: "nodeptpcfgs", age: Duration.seconds(watchAge) }]
  const node = Layer.effect(
    KubernetesApi,
    Effect.map(KubernetesApi, (api) => ({ ...api, watches: Effect.succeed(watches) }))
  ).pipe(Layer.provideMerge(layer))
  const context = yield* Layer.build(ReportHealth.layer.pipe(Layer.provideMerge(node)))
  const { applyingSince, reconciliation } = Context.get(context, NodeState.NodeState)
  const now = (change: Partial<NodeState.Reconciliation>) =>
    SubscriptionRef.update(reconciliation, (state) => ({ ...state, ...change }))
  const begin = {
    "an apply": (since: bigint | undefined) => Ref.set(applyingSince, since),
    "a decision": (decidingSince: bigint | undefined) => now({ decidingSince })
  }
  return { begin, now, health: Context.get(context, Health) }
})

describe("health", () => {
  it.effect.each(["an apply", "a decision"] as const)(
    "fails after a minute in which one step hangs: %s",
    (step) =>
      Effect.gen(function*() {
        const { begin, health } = yield* make()
        yield* begin[step](0n)
        yield* TestClock.adjust("60 seconds")
        assert.deepStrictEqual(yield* health.stuck, [])
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* health.stuck, [`${step} has been under way for 61 s`])
        yield* begin[step](undefined)
        assert.deepStrictEqual(yield* health.stuck, [])
      })
  )

  it.effect("is not ready while nothing is decided, and while only the disk has spoken", () =>
    Effect.gen(function*() {
      const { health, now } = yield* make()
      assert.deepStrictEqual(yield* health.notReady, ["the configuration has not been read yet"])
      yield* now({ decision: Option.some(decision()), isFromDisk: true })
      assert.match((yield* health.notReady).join(), /^the API server has not told of .*: what worked last runs$/)
      yield* now({ isFromDisk: false })
      assert.deepStrictEqual(yield* health.notReady, [])
    }))

  it.effect.each([
    { watchAge: 100, notReady: [] },
    { watchAge: 101, notReady: ["the watch on nodeptpcfgs has heard nothing for 101 s"] }
  ])("is not ready while a watch is deaf: $watchAge s", ({ notReady, watchAge }) =>
    Effect.gen(function*() {
      const { health, now } = yield* make({ watchAge })
      yield* now({ decision: Option.some(decision()) })
      assert.deepStrictEqual(yield* health.notReady, notReady)
    }))
})
