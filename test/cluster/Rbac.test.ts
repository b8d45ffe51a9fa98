/** deploy/02-rbac.yaml grants what the daemon asks for, and nothing else: a whole story, and the server's audit log of it. */
import { assert } from "@effect/vitest"
import { Effect, SubscriptionRef } from "effect"
import { at, type JsonObject, listAt, textAt } from "../../src/layers/kubernetes/embedded/JsonTree.ts"
import { call, patch } from "../contract/ApiClient.ts"
import type { AuditedRequest } from "./AuditLog.ts"
import { cluster } from "./Cluster.ts"
import { ControlPlane } from "./ControlPlane.ts"
import { collections, create, createNode, createNodeToken, installAllButKinds, installKinds } from "./Deployment.ts"
import { daemonUser, granted, inWords, untilGranted } from "./Grants.ts"
import { startDaemon } from "./NodeDaemon.ts"
import { until, untilBody } from "./Until.ts"

const merge = "merge-patch+json"

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
const untilStatus = (what: string, isSo: (status: string) => boolean) =>
  untilBody(what, device, (body) => isSo(JSON.stringify(body["status"])))

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

const requestsOf = Effect.map(
  ControlPlane.use(({ audited }) => audited),
  (requests): ReadonlyArray<AuditedRequest> => requests.filter(({ user }) => user === daemonUser)
)

/** Everything that the daemon does on an API server. */
const story = Effect.gen(function*() {
  yield* createNode("worker-1", { role: "first" })
  yield* installAllButKinds
  yield* untilGranted
  const { network, processes } = yield* startDaemon(yield* createNodeToken("worker-1"))
  yield* until("a wait for the CRDs", requestsOf, (requests) => requests.some(({ code }) => code === 404))
  yield* installKinds

  yield* untilStatus("no profile", (status) => status.includes("NoProfile"))
  yield* create(config("first", "role=first"))
  yield* create(config("second", "role=second"))
  yield* untilStatus(
    "the first profile, locked",
    (status) => status.includes(`"name":"first"`) && status.includes("LOCKED")
  )
  yield* patch(`${collections.nodes}/worker-1`, merge, { metadata: { labels: { role: "second" } } })
  yield* untilStatus(
    "the second profile, locked",
    (status) => status.includes(`"name":"second"`) && status.includes("LOCKED")
  )

  yield* network.silenceGrandmaster()
  yield* untilEvent("ClockLost")
  yield* network.restoreGrandmaster()
  yield* untilEventAgain("ClockLocked")
  yield* untilStatus("locked again", (status) => status.includes("LOCKED"))

  yield* call("DELETE", device)
  yield* untilBody("the object made again", device, (body) => textAt(body, "kind") === "NodePTPDev")
  yield* until(
    "a crash loop",
    Effect.gen(function*() {
      for (const { id } of yield* SubscriptionRef.get(processes)) yield* network.kill("worker-1", id)
      return (yield* call("GET", eventsOf("ProcessCrashLoop"))).body
    }),
    (body) => listAt(body, "items").length > 0
  )
})

cluster("the daemon's service account", (it) => {
  it.effect("may do what the daemon does, and nothing else", () =>
    Effect.gen(function*() {
      yield* story
      const requests = yield* requestsOf
      const refused = requests.filter(({ code }) => code === 401 || code === 403)
      assert.deepStrictEqual(refused, [])
      const used = new Set(requests.map(inWords))
      assert.deepStrictEqual([...used].toSorted(), granted.map(inWords).toSorted())
    }))
})
