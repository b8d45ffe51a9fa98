/** The daemon's watch of a kind whose definition does not exist yet, is deleted, and is created again. */
import { assert, describe } from "@effect/vitest"
import { Effect, Metric } from "effect"
import { call } from "./ApiClient.ts"
import type { ContractTests } from "./ApiServerUnderTest.ts"
import { daemonClient, namesOf, watchedSets } from "./DaemonClient.ts"
import { definitionOf, ownGroup, thingsOf } from "./OwnKind.ts"
import { crds, serve, untilStatus, workspace } from "./Workspace.ts"

/** How many requests were answered so, as the client's own metric counts them. */
const answeredWith = (code: string) =>
  Effect.map(
    Metric.snapshot,
    (metrics) =>
      metrics.filter(({ attributes, id }) =>
        id === "linuxptp_daemon_api_requests_total" && attributes?.["code"] === code
      ).length
  )

export const clientDefinitionsContract = (it: ContractTests) =>
  describe("the daemon's watch of a kind", () => {
    it.effect("waits for its definition, and follows it when it goes and comes again", () =>
      Effect.gen(function*() {
        const { namespace } = yield* workspace
        const group = ownGroup()
        const definition = definitionOf(group, { spec: { type: "object" } })
        const collection = `/apis/${group}/v1/things`
        const create = (name: string) =>
          call("POST", collection, { apiVersion: `${group}/v1`, kind: "Thing", metadata: { name }, spec: {} })
        const api = yield* daemonClient({ namespace })
        const { next, until, waiting } = yield* watchedSets(api, thingsOf(group))
        yield* answeredWith("404").pipe(
          Effect.tap(() => Effect.sleep("5 millis")),
          Effect.repeat({ until: (count) => count > 0 })
        )
        assert.strictEqual(yield* waiting, 0)
        yield* serve(definition)
        assert.deepStrictEqual(namesOf(yield* next), [])
        yield* create("a")
        assert.deepStrictEqual(namesOf(yield* next), ["a"])
        yield* call("DELETE", `${crds}/things.${group}`)
        assert.deepStrictEqual(namesOf(yield* until(({ objects }) => objects.length === 0)), [])
        yield* untilStatus(`${crds}/things.${group}`, 404)
        yield* serve(definition)
        yield* create("b")
        assert.deepStrictEqual(namesOf(yield* until(({ objects }) => objects.length === 1)), ["b"])
        yield* create("c")
        assert.deepStrictEqual(namesOf(yield* until(({ objects }) => objects.length === 2)), ["b", "c"])
      }).pipe(Effect.provideService(Metric.MetricRegistry, new Map())))
  })
