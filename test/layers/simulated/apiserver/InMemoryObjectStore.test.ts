import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Option, Result, Stream } from "effect"
import { TestClock } from "effect/testing"
import { layer } from "../../../../src/layers/simulated/apiserver/InMemoryObjectStore.ts"
import { at, textAt, withField } from "../../../../src/layers/simulated/apiserver/JsonTree.ts"
import {
  ObjectStore,
  type WatchOptions,
  type WatchStep
} from "../../../../src/layers/simulated/apiserver/ObjectStore.ts"
import { seedNode } from "../../../../src/layers/simulated/apiserver/SeedNode.ts"
import { nodes } from "../../../../src/services/kubernetes/Node.ts"
import { nodePTPCfgs } from "../../../../src/services/kubernetes/NodePTPCfg.ts"

const write = { dryRun: false }
const key = (name: string) => ({ namespace: "ptp", name })
const object = (name: string) => ({ metadata: { name, namespace: "ptp" }, spec: {} })

/** A watch of everything after a version. */
const everything = (after: number): WatchOptions => ({ after, concerns: () => true, lastsFor: Duration.hours(1) })

const forgedMetadata = { name: "a", namespace: "ptp", creationTimestamp: "x", generation: 9 }

describe("InMemoryObjectStore", () => {
  it.effect("counts one version for all kinds, from a start that an earlier server cannot have reached", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(1_800_000_000_000)
      const versions = Effect.gen(function*() {
        const store = yield* ObjectStore
        const cfg = yield* store.create(nodePTPCfgs, object("a"), write)
        const node = yield* seedNode("worker-1", {})
        return [cfg, node].map((stored) => textAt(stored, "metadata", "resourceVersion"))
      })
      assert.deepStrictEqual(yield* versions.pipe(Effect.provide(layer())), ["1800000001", "1800000002"])
    }))

  it.effect("gives every object an identity that survives updates and not deletion", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      const created = yield* store.create(nodePTPCfgs, object("a"), write)
      const updated = yield* store.update(nodePTPCfgs, key("a"), (current) =>
        Result.succeed(withField(current, "metadata", forgedMetadata)), write)
      for (const field of ["uid", "creationTimestamp", "generation"]) {
        assert.strictEqual(at(updated, "metadata", field), at(created, "metadata", field))
      }
      yield* store.remove(nodePTPCfgs, key("a"), { ...write, uid: undefined, resourceVersion: undefined })
      const again = yield* store.create(nodePTPCfgs, object("a"), write)
      assert.notStrictEqual(at(again, "metadata", "uid"), at(created, "metadata", "uid"))
    }).pipe(Effect.provide(layer())))

  it.effect("deletes only the object that the preconditions describe", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      yield* store.create(nodePTPCfgs, object("a"), write)
      for (const wrong of [{ uid: "x", resourceVersion: undefined }, { uid: undefined, resourceVersion: "1" }]) {
        const refused = yield* Effect.flip(store.remove(nodePTPCfgs, key("a"), { ...write, ...wrong }))
        assert.strictEqual(refused.reason, "Conflict")
      }
      assert.isTrue(Option.isSome(yield* store.get(nodePTPCfgs, key("a"))))
    }).pipe(Effect.provide(layer())))

  it.effect("shows the objects as they were, until that is forgotten", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      yield* store.create(nodePTPCfgs, object("a"), write)
      const before = yield* store.list(nodePTPCfgs)
      yield* store.update(
        nodePTPCfgs,
        key("a"),
        (current) => Result.succeed(withField(current, "spec", { x: 1 })),
        write
      )
      yield* store.remove(nodePTPCfgs, key("a"), { ...write, uid: undefined, resourceVersion: undefined })
      yield* store.create(nodePTPCfgs, object("b"), write)
      assert.deepStrictEqual(yield* store.list(nodePTPCfgs, before.resourceVersion), before)
      yield* store.compact(nodePTPCfgs)
      const refused = yield* Effect.flip(store.list(nodePTPCfgs, before.resourceVersion))
      assert.strictEqual(refused.reason, "Expired")
    }).pipe(Effect.provide(layer())))

  it.effect("tells a reader that was too slow, and keeps no queue for it", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      const start = yield* store.resourceVersion
      for (const name of ["a", "b", "c", "d", "e"]) yield* store.create(nodePTPCfgs, object(name), write)
      const steps = store.watch(nodePTPCfgs, everything(start))
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(steps))).code, 410)
      assert.strictEqual(yield* store.openWatches, 0)
    }).pipe(Effect.provide(layer({ historyLimit: 2 }))))

  it.effect("says nothing happened once in a bookmark interval, not before", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      const fiber = yield* store.watch(nodes, everything(yield* store.resourceVersion)).pipe(
        Stream.take(1),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* store.create(nodePTPCfgs, object("a"), write)
      yield* TestClock.adjust("1 second")
      const expected = [{ events: [], resourceVersion: yield* store.resourceVersion }]
      assert.deepStrictEqual(yield* Fiber.join(fiber), expected)
    }).pipe(Effect.provide(layer({ bookmarkInterval: Duration.seconds(10) }))))

  it.effect("tells how far it came 2 s before its end, and nothing of a version still to come", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      const steps: Array<WatchStep> = []
      const follow = (options: WatchOptions) =>
        store.watch(nodePTPCfgs, options).pipe(
          Stream.runForEach((step) => Effect.sync(() => steps.push(step))),
          Effect.forkChild({ startImmediately: true })
        )
      const start = yield* store.resourceVersion
      yield* follow({ ...everything(start), lastsFor: Duration.seconds(60) })
      yield* follow({ ...everything(start + 1000), lastsFor: Duration.seconds(60) })
      yield* store.create(nodes, object("a"), write)
      yield* TestClock.adjust("57 seconds")
      assert.deepStrictEqual(steps, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(steps, [{ events: [], resourceVersion: start + 1 }])
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(steps.length, 2)
    }).pipe(Effect.provide(layer())))

  it.effect("ends the watches of a kind that is closed, and starts a new history for the next one", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      const start = yield* store.resourceVersion
      const fiber = yield* Effect.forkChild(Stream.runCollect(store.watch(nodePTPCfgs, everything(start))), {
        startImmediately: true
      })
      yield* store.create(nodePTPCfgs, object("a"), write)
      yield* store.close(nodePTPCfgs)
      assert.deepStrictEqual((yield* Fiber.join(fiber)).flatMap(({ events }) => events.map(({ type }) => type)), [
        "ADDED"
      ])
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(store.watch(nodePTPCfgs, everything(start))))).code, 410)
      assert.deepStrictEqual((yield* store.list(nodePTPCfgs)).objects, [])
    }).pipe(Effect.provide(layer())))

  it.effect("keeps a watch in the history that thousands of changes do not concern", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      const mine = store.watch(nodePTPCfgs, {
        ...everything(yield* store.resourceVersion),
        concerns: ({ object }) => textAt(object, "metadata", "name") === "mine"
      })
      const fiber = yield* Effect.forkChild(Stream.runHead(mine), { startImmediately: true })
      for (let index = 0; index < 100; index += 1) {
        yield* store.create(nodePTPCfgs, object(`other${index}`), write)
      }
      const created = yield* store.create(nodePTPCfgs, object("mine"), write)
      const [event] = Option.getOrThrow(yield* Fiber.join(fiber)).events
      assert.deepStrictEqual(event?.object, created)
    }).pipe(Effect.provide(layer({ historyLimit: 2 }))))

  it.effect("loses no update of a thousand at once", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      yield* store.create(nodePTPCfgs, object("a"), write)
      const increment = store.update(
        nodePTPCfgs,
        key("a"),
        (current) =>
          Result.succeed(withField(current, "spec", { count: Number(at(current, "spec", "count") ?? 0) + 1 })),
        write
      )
      yield* Effect.all(Array.from({ length: 1000 }, () => increment), { concurrency: "unbounded" })
      const stored = Option.getOrThrow(yield* store.get(nodePTPCfgs, key("a")))
      assert.deepStrictEqual([at(stored, "spec", "count"), at(stored, "metadata", "generation")], [1000, 1001])
    }).pipe(Effect.provide(layer())))
})
