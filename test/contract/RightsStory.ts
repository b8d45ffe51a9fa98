/**
 * Everything that a daemon asks of an API server, one after the other, compared with what deploy/02-rbac.yaml grants:
 * both must be the same. It runs on a real server and on the embedded one; the caller provides the server and a record
 * of the requests.
 */
import { assert } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { at, type JsonObject, listAt, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, patch } from "./ApiClient.ts"
import { collections, create, installKinds } from "./Deployment.ts"
import { type Grant, granted, inWords } from "./Grants.ts"
import type { SimulatedDaemon } from "./SimulatedDaemon.ts"
import { until, untilBody } from "./Until.ts"

/** A request of the daemon, and the status that it was answered with. */
export interface AnsweredRequest extends Grant {
  readonly code: number
}

const config = (name: string, label: string): JsonObject => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name, namespace: "ptp" },
  spec: {
    profile: [{ name, interface: "ens787f1", ptp4lOpts: "-s -2", phc2sysOpts: "-a -r" }],
    recommend: [{ profile: name, priority: 4, match: [{ nodeLabel: label }] }]
  }
})

const device = `${collections.devices}/worker-1`

const untilStatus = (what: string, ...words: ReadonlyArray<string>) =>
  untilBody(what, device, ({ status }) => words.every((word) => JSON.stringify(status ?? null).includes(word)))

const eventsOf = (reason: string) => `/apis/events.k8s.io/v1/namespaces/ptp/events?fieldSelector=reason%3D${reason}`

const untilEvent = (reason: string) =>
  untilBody(`event ${reason}`, eventsOf(reason), (body) => listAt(body, "items").length > 0)

/** It recurs, and is counted in the Event that is there. */
const untilEventAgain = (reason: string) =>
  untilBody(
    `event ${reason} again`,
    eventsOf(reason),
    (body) => listAt(body, "items").some((event) => at(event, "series", "count") === 2)
  )

/** Labels, events that recur, a lost object and a crash loop; the CRDs are there. */
const tell = Effect.fn("tell")(function*({ network, processes }: SimulatedDaemon) {
  yield* untilStatus("no profile", "NoProfile")
  yield* create(config("first", "role=first"))
  yield* create(config("second", "role=second"))
  yield* untilStatus("the first profile, locked", `"name":"first"`, "LOCKED")
  yield* patch(`${collections.nodes}/worker-1`, "merge-patch+json", { metadata: { labels: { role: "second" } } })
  yield* untilStatus("the second profile, locked", `"name":"second"`, "LOCKED")

  yield* network.silenceGrandmaster()
  yield* untilEvent("ClockLost")
  yield* network.restoreGrandmaster()
  yield* untilEventAgain("ClockLocked")
  yield* untilStatus("locked again", "LOCKED")

  yield* call("DELETE", device)
  yield* untilBody("the object made again", device, (body) => textAt(body, "kind") === "NodePTPDev")
  yield* until(
    "a crash loop",
    Effect.gen(function*() {
      for (const { id } of yield* processes) yield* network.kill("worker-1", id)
      return (yield* call("GET", eventsOf("ProcessCrashLoop"))).body
    }),
    (body) => listAt(body, "items").length > 0
  )
})

const wasRefused = ({ code }: AnsweredRequest) => code === 401 || code === 403

/**
 * Tells the story to a daemon on the Node `worker-1`, labelled `role=first`, while the namespace is there and the CRDs
 * are not. Fails as soon as it is refused something, and at the end if it is granted what it has no use for.
 */
export const rightsStory = Effect.fn("rightsStory")(
  function*<R>(daemon: SimulatedDaemon, requests: Effect.Effect<ReadonlyArray<AnsweredRequest>, never, R>) {
    const refusal = requests.pipe(
      Effect.repeat({ until: (all) => all.some(wasRefused), schedule: Schedule.spaced("50 millis") }),
      Effect.flatMap((all) => Effect.die(new Error(`refused: ${all.filter(wasRefused).map(inWords).join(", ")}`)))
    )
    const story = until("a wait for the CRDs", requests, (all) => all.some(({ code }) => code === 404)).pipe(
      Effect.andThen(installKinds),
      Effect.andThen(tell(daemon))
    )
    yield* Effect.raceFirst(story, refusal)
    const used = new Set((yield* requests).map(inWords))
    assert.deepStrictEqual([...used].toSorted(), granted.map(inWords).toSorted())
  }
)
