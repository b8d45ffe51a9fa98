import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Option, Result, Stream } from "effect"
import { builtInKinds } from "../../../../src/layers/simulated/apiserver/BuiltInKinds.ts"
import { eventLine } from "../../../../src/layers/simulated/apiserver/EventLine.ts"
import { layer } from "../../../../src/layers/simulated/apiserver/InMemoryObjectStore.ts"
import { textAt, withField } from "../../../../src/layers/simulated/apiserver/JsonTree.ts"
import { ObjectStore, type StoredEvent } from "../../../../src/layers/simulated/apiserver/ObjectStore.ts"
import { selectedName } from "../../../../src/layers/simulated/apiserver/Selectors.ts"
import type { Representation } from "../../../../src/layers/simulated/apiserver/Tables.ts"
import { nodePTPDevs } from "../../../../src/services/kubernetes/NodePTPDev.ts"

const write = { dryRun: false }
const key = (name: string) => ({ namespace: "ptp", name })
const object = (name: string) => ({ metadata: { name, namespace: "ptp" }, spec: {} })
const always = { concerns: () => true, lastsFor: Duration.hours(1) }
const names = (objects: ReadonlyArray<Parameters<typeof textAt>[0]>) =>
  objects.map((one) => textAt(one, "metadata", "name"))

describe("one object among thousands", () => {
  it.each([
    ["", undefined],
    ["metadata.name=a", "a"],
    ["metadata.name==a", "a"],
    [" metadata.name=a.b-c , spec.x=y", "a.b-c"],
    ["spec.x=y,metadata.name=a", "a"],
    ["metadata.name!=a", undefined],
    ["xmetadata.name=a", undefined],
    ["metadata.namespace=a", undefined]
  ])("reads the only name of the field selector %j", (selector, name) => {
    assert.strictEqual(selectedName(selector), name)
  })

  it.effect("lists it alone, now and as it was", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      for (const name of ["a", "b"]) yield* store.create(nodePTPDevs, object(name), write)
      const before = yield* store.list(nodePTPDevs, undefined, key("b"))
      assert.deepStrictEqual(names(before.objects), ["b"])
      const changed = yield* store.update(
        nodePTPDevs,
        key("b"),
        (current) => Result.succeed(withField(current, "spec", { x: 1 })),
        write
      )
      assert.deepStrictEqual((yield* store.list(nodePTPDevs, undefined, key("b"))).objects, [changed])
      assert.deepStrictEqual(yield* store.list(nodePTPDevs, before.resourceVersion, key("b")), before)
      assert.deepStrictEqual((yield* store.list(nodePTPDevs, undefined, key("c"))).objects, [])
    }).pipe(Effect.provide(layer())))

  it.effect("asks a watch of it about no other, and keeps it in a history full of others", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      const asked: Array<string> = []
      const concerns = (event: StoredEvent) => {
        asked.push(textAt(event.object, "metadata", "name"))
        return true
      }
      const start = yield* store.resourceVersion
      const fiber = yield* store.watch(nodePTPDevs, { ...always, after: start, concerns, only: key("mine") }).pipe(
        Stream.runHead,
        Effect.forkChild({ startImmediately: true })
      )
      for (let index = 0; index < 100; index += 1) yield* store.create(nodePTPDevs, object(`other${index}`), write)
      const created = yield* store.create(nodePTPDevs, object("mine"), write)
      const [event] = Option.getOrThrow(yield* Fiber.join(fiber)).events
      assert.deepStrictEqual(event?.object, created)
      assert.deepStrictEqual([...new Set(asked)], ["mine"])
    }).pipe(Effect.provide(layer({ historyLimit: 2 }))))

  it.effect("tells a watch that is resumed what it missed, and nothing of the others", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      const first = yield* store.create(nodePTPDevs, object("mine"), write)
      yield* store.create(nodePTPDevs, object("other"), write)
      yield* store.remove(nodePTPDevs, key("mine"), { ...write, uid: undefined, resourceVersion: undefined })
      const after = Number(textAt(first, "metadata", "resourceVersion"))
      const steps = yield* store.watch(nodePTPDevs, { ...always, after, only: key("mine") }).pipe(
        Stream.take(1),
        Stream.runCollect
      )
      assert.deepStrictEqual(steps.flatMap(({ events }) => events.map(({ type }) => type)), ["DELETED"])
    }).pipe(Effect.provide(layer())))

  it.effect("tells a watch from a version still to come nothing until it is past", () =>
    Effect.gen(function*() {
      const store = yield* ObjectStore
      const after = (yield* store.resourceVersion) + 2
      const fiber = yield* store.watch(nodePTPDevs, { ...always, after, only: key("mine") }).pipe(
        Stream.runHead,
        Effect.forkChild({ startImmediately: true })
      )
      yield* store.create(nodePTPDevs, object("mine"), write)
      for (const x of [1, 2]) {
        yield* store.update(
          nodePTPDevs,
          key("mine"),
          (current) => Result.succeed(withField(current, "spec", { x })),
          write
        )
      }
      const { events } = Option.getOrThrow(yield* Fiber.join(fiber))
      assert.deepStrictEqual(events.map(({ resourceVersion }) => resourceVersion), [after + 1])
    }).pipe(Effect.provide(layer())))
})

describe("the line of a watch event", () => {
  const [kind] = builtInKinds
  const as = (shape: Representation["shape"]): Representation => {
    assert.isDefined(kind)
    return { kind, shape, includeObject: "None", nowMillis: 0 }
  }
  const stored = { metadata: { name: "a", resourceVersion: "7" }, spec: { x: 1 } }

  it("is encoded once for all watches of one shape", () => {
    const event = { type: "MODIFIED", object: stored }
    const line = eventLine(as("Object"), event, true)
    assert.strictEqual(eventLine(as("Object"), { ...event }, false), line)
    assert.deepInclude(JSON.parse(new TextDecoder().decode(line)), { type: "MODIFIED" })
    for (const other of ["PartialObjectMetadata", "Table"] as const) {
      assert.notDeepEqual(eventLine(as(other), event, true), line)
    }
    assert.notDeepEqual(eventLine(as("Object"), { ...event, type: "ADDED" }, true), line)
  })

  it("is encoded anew in a table, where ages are of the moment", () => {
    const event = { type: "ADDED", object: { metadata: { name: "a", creationTimestamp: "1970-01-01T00:00:00Z" } } }
    const at = (nowMillis: number) => new TextDecoder().decode(eventLine({ ...as("Table"), nowMillis }, event, true))
    assert.notStrictEqual(at(60_000), at(3_600_000))
  })
})
