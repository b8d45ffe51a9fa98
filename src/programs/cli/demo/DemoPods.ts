/**
 * The pods of the demo: one for each node's daemon, so that `kubectl get pods` and `kubectl logs` work as in a cluster.
 * They are for reading only, because nothing would act on a change. The objects are in the API server's store; the
 * logs are answered here, before its API.
 */
import { Clock, DateTime, Effect, Option, Result, Stream } from "effect"
import { HttpServerRequest, HttpServerResponse } from "effect/http"
import {
  type ApiStatusError,
  badRequest,
  notFound,
  statusObject
} from "../../../layers/simulated/apiserver/ApiStatusError.ts"
import type { JsonObject } from "../../../layers/simulated/apiserver/JsonTree.ts"
import { ObjectStore } from "../../../layers/simulated/apiserver/ObjectStore.ts"
import { jsonResponse } from "../../../layers/simulated/apiserver/ResourceAnswer.ts"
import { timestamp } from "../../../layers/simulated/apiserver/Timestamp.ts"
import { version } from "../../../services/Version.ts"
import { forbidden } from "./LocalClients.ts"
import type { LogQuery, PodLog } from "./PodLog.ts"

const pods = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true }
const container = "linuxptp-daemon"

/** The pod of a node's daemon. */
export const podName = (node: string): string => `linuxptp-daemon-${node}`

/** Creates the pod of a node's daemon, running and ready. The namespace must be there. */
export const createPod = Effect.fn("createPod")(function*(node: string) {
  const store = yield* ObjectStore
  const time = yield* timestamp
  const condition = (type: string) => ({ type, status: "True", lastTransitionTime: time })
  const pod: JsonObject = {
    metadata: {
      name: podName(node),
      namespace: "ptp",
      labels: {
        "app.kubernetes.io/name": "linuxptp-daemon",
        "app.kubernetes.io/component": "daemon",
        "app.kubernetes.io/part-of": "linuxptp-daemon",
        "app.kubernetes.io/version": version
      }
    },
    spec: {
      nodeName: node,
      hostNetwork: true,
      containers: [{ name: container, image: `demo/linuxptp-daemon:${version}` }]
    },
    status: {
      phase: "Running",
      startTime: time,
      conditions: ["Initialized", "ContainersReady", "Ready", "PodScheduled"].map(condition),
      containerStatuses: [{
        name: container,
        image: `demo/linuxptp-daemon:${version}`,
        imageID: "",
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt: time } }
      }]
    }
  }
  yield* Effect.ignore(store.create(pods, pod, { dryRun: false }))
})

const podPath = /^\/api\/v1\/(?:namespaces\/([^/]+)\/)?pods(?:\/([^/]+)(?:\/([^/]+))?)?\/?$/

/** Answers requests for logs, and refuses to write pods; everything else is handed on. */
export const withPodLogs =
  (logs: ReadonlyMap<string, PodLog>) => <E, R>(answer: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>) =>
    Effect.gen(function*() {
      const { method, url } = yield* HttpServerRequest.HttpServerRequest
      const { pathname, searchParams } = Option.getOrElse(
        Result.getSuccess(Result.try(() => new URL(url, "http://localhost"))),
        () => new URL("http://localhost")
      )
      const [, namespace = "", name = "", subresource] = podPath.exec(pathname) ?? []
      if (!podPath.test(pathname)) return yield* answer
      if (method !== "GET" && method !== "HEAD") {
        return forbidden("the demo's pods are read-only: each stands for the daemon of a simulated node")
      }
      if (subresource !== "log") return yield* answer
      const log = namespace === "ptp" ? logs.get(name) : undefined
      if (log === undefined) return refused(notFound(pods, name))
      return Result.match(readQuery(searchParams, name, yield* Clock.currentTimeMillis), {
        onSuccess: (query) =>
          HttpServerResponse.stream(
            // The empty chunk makes the server send the headers before the first line.
            Stream.encodeText(Stream.concat(Stream.make(""), log.read(query))),
            { contentType: "text/plain" }
          ),
        onFailure: refused
      })
    })

const refused = (error: ApiStatusError) => jsonResponse(statusObject(error), error.code)

/** The parameters of kubectl logs (Kubernetes API, PodLogOptions). */
const readQuery = (
  query: URLSearchParams,
  name: string,
  nowMillis: number
): Result.Result<LogQuery, ApiStatusError> => {
  const asked = query.get("container") ?? container
  if (asked !== container) return Result.fail(badRequest(`container ${asked} is not valid for pod ${name}`))
  if (query.get("previous") === "true") {
    return Result.fail(badRequest(`previous terminated container "${container}" in pod "${name}" not found`))
  }
  const number = (key: string): number | undefined => {
    const text = query.get(key)
    return text === null || !/^\d{1,15}$/.test(text) ? undefined : Number(text)
  }
  const seconds = number("sinceSeconds")
  const time = Option.map(DateTime.make(query.get("sinceTime") ?? ""), DateTime.toEpochMillis)
  return Result.succeed({
    follow: query.get("follow") === "true",
    timestamps: query.get("timestamps") === "true",
    tailLines: number("tailLines"),
    sinceMillis: seconds === undefined ? Option.getOrUndefined(time) : nowMillis - seconds * 1000
  })
}
