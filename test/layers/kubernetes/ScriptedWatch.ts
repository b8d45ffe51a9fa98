/**
 * A watch of NodePTPCfgs against the scripted API server, and the objects it is told of. Time is virtual: a test waits
 * for what the server is asked or the client gives, then moves the clock.
 */
import { Effect, Logger, Metric, Queue, References, Stream } from "effect"
import { TestClock } from "effect/testing"
import type { WatchAllOptions, WatchedSet } from "../../../src/services/kubernetes/KubernetesApi.ts"
import { nodePTPCfgs } from "../../../src/services/kubernetes/NodePTPCfg.ts"
import type { ScriptedRequest } from "./ScriptedApiServer.ts"
import { connectScripted } from "./ScriptedClient.ts"

export const object = (name: string, resourceVersion: string, generation = 1) => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name, namespace: "ptp", uid: `uid-${name}`, resourceVersion, generation, managedFields: [] },
  spec: {}
})
export const listOf = (resourceVersion: string, ...items: ReadonlyArray<unknown>) => ({
  kind: "List",
  metadata: { resourceVersion },
  items
})
export const bookmark = (resourceVersion: string) => ({ kind: "NodePTPCfg", metadata: { resourceVersion } })
export const endOfList = (resourceVersion: string) => ({
  kind: "NodePTPCfg",
  metadata: { resourceVersion, annotations: { "k8s.io/initial-events-end": "true" } }
})
export const status = (code: number) => ({ kind: "Status", code, message: `status ${code}` })

export const summary = ({ change, objects }: WatchedSet) => ({
  change: `${change.type} ${change.name}`.trim(),
  objects: objects.map(({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`)
})

/** A back-off that the client began: it logs each one, and sleeps right after. */
interface BackOff {
  readonly delayMillis: number
  readonly next: string
}

/** A server, and a client that watches it until the test ends. */
export const watchScripted = Effect.fnUntraced(
  function*(options: WatchAllOptions = { traced: true }, resource = nodePTPCfgs) {
    const { api, server } = yield* connectScripted
    const sets = yield* Queue.unbounded<WatchedSet>()
    const backOffs = yield* Queue.unbounded<BackOff>()
    const logger = Logger.make(({ fiber }) => {
      const annotations = fiber.getRef(References.CurrentLogAnnotations)
      const { delayMillis, next } = annotations
      if (typeof delayMillis === "number") Queue.offerUnsafe(backOffs, { delayMillis, next: String(next) })
    })
    const registry = new Map()
    const fiber = yield* api.watchAll(resource, options).pipe(
      Stream.runForEach((set) => Queue.offer(sets, set)),
      Effect.provideService(Metric.MetricRegistry, registry),
      Effect.provide(Logger.layer([logger])),
      Effect.provideService(References.MinimumLogLevel, "Debug"),
      Effect.forkScoped
    )
    /** Waits until the client has begun a back-off, and lets it pass. */
    const passBackOff = Effect.gen(function*() {
      const backOff = yield* Queue.take(backOffs)
      yield* TestClock.adjust(backOff.delayMillis)
      return backOff
    })
    /** Waits until the client knows that this many watches were accepted: their headers come before. */
    const untilAccepted = (count: number) =>
      Metric.snapshot.pipe(
        Effect.provideService(Metric.MetricRegistry, registry),
        Effect.map((metrics) =>
          metrics.some(({ attributes, state }) =>
            attributes?.["verb"] === "watch" && attributes["code"] === "200" && "count" in state &&
            Number(state.count) === count
          )
        ),
        Effect.tap(() => Effect.yieldNow),
        Effect.repeat({ until: (accepted) => accepted })
      )
    return {
      api,
      server,
      fiber,
      untilAccepted,
      backOff: Queue.take(backOffs),
      passBackOff,
      set: Queue.take(sets),
      nextSet: Effect.map(Queue.take(sets), summary)
    }
  }
)

/** The same, with the LIST answered by `items` at version 40 and the first WATCH open. */
export const watchOpened = Effect.fnUntraced(function*(...items: ReadonlyArray<unknown>) {
  const scripted = yield* watchScripted()
  const list = yield* scripted.server.next
  yield* list.answer(200, listOf("40", ...items))
  yield* scripted.nextSet
  const watch = yield* scripted.server.next
  yield* watch.open
  return { ...scripted, list, watch }
})

export const asked = (request: ScriptedRequest) =>
  request.params["sendInitialEvents"] === "true"
    ? `streaming list ${request.params["resourceVersion"] ?? "newest"}`
    : request.params["watch"] === "true"
    ? `watch ${request.params["resourceVersion"]}`
    : `list ${request.params["resourceVersion"] ?? "newest"}`
