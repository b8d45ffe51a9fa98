/**
 * Clients with one mistake each, to test the judge. They are written as such clients often are: a LIST, then WATCHes,
 * and little about errors. Without a mistake this client passes the matrix, by simple means.
 */
import { Duration, Effect, Layer, Option, Queue, Result, Scope, Stream } from "effect"
import { makeApiConnection } from "../../src/layers/kubernetes/requests/ApiConnection.ts"
import { failureOfConnection } from "../../src/layers/kubernetes/requests/ApiFailure.ts"
import { listPages } from "../../src/layers/kubernetes/requests/ListPages.ts"
import { makeObjectRequests } from "../../src/layers/kubernetes/requests/ObjectRequests.ts"
import { collectionPath } from "../../src/layers/kubernetes/requests/ResourcePath.ts"
import { afterEvent, afterList, unlisted } from "../../src/layers/kubernetes/watching/ChangedSet.ts"
import { type WatchEvent, watchEvents } from "../../src/layers/kubernetes/watching/WatchLine.ts"
import {
  KubernetesApi,
  type KubernetesApiError,
  type WatchAllOptions,
  type WatchedSet
} from "../../src/services/kubernetes/KubernetesApi.ts"
import { KubernetesCredentials } from "../../src/services/kubernetes/KubernetesCredentials.ts"
import type { KubernetesObject, ResourceType } from "../../src/services/kubernetes/KubernetesObject.ts"
import { namespace } from "../simulation/SimulatedNode.ts"
import type { ApiLayer } from "./Daemon.ts"

export type Mistake =
  | "gives up after a reset"
  | "does not list again after a 410"
  | "has no limit for silence"
  | "does not wait"
  | "ignores Retry-After"
  | "waits for 5 s at least"
  | "takes a failed list for an empty one"
  | "opens a second watch each time and closes none"
  | "dies of a line that is no event"

const change = {
  type: "LISTED" as const,
  name: "",
  generation: undefined,
  resourceVersion: "",
  receivedAtNanos: 0n,
  span: Option.none()
}

interface Follower {
  readonly credentials: KubernetesCredentials["Service"]
  readonly resource: ResourceType
  readonly name: string | undefined
  readonly mistake: Mistake | undefined
  readonly deliver: (set: WatchedSet) => Effect.Effect<unknown>
}

const waitAfter = (error: KubernetesApiError, failures: number, mistake: Mistake | undefined) => {
  if (mistake === "does not wait") return Duration.zero
  if (mistake === "waits for 5 s at least") return Duration.seconds(5)
  const asked = mistake === "ignores Retry-After" ? 0 : Math.min(error.retryAfterSeconds ?? 0, 60)
  return Duration.seconds(asked + Math.min(20, 2 ** (failures - 2)))
}

const follow = Effect.fnUntraced(
  function*({ credentials, deliver, mistake, name, resource }: Follower): Effect.fn.Return<void, never, Scope.Scope> {
    const scope = yield* Effect.scope
    const connect = makeApiConnection(credentials).pipe(Scope.provide(scope))
    const once = yield* connect
    const path = collectionPath(resource, namespace)
    const selector: Readonly<Record<string, string>> = name === undefined
      ? {}
      : { fieldSelector: `metadata.name=${name}` }
    let progress = unlisted
    let isListed = false
    let failures = 0
    const publish = (objects: ReadonlyArray<KubernetesObject>) => deliver({ objects, change })

    const take = Effect.fnUntraced(function*(event: WatchEvent) {
      failures = 0
      const [next, changed] = afterEvent(progress, event)
      progress = next
      if (changed !== undefined) yield* publish(progress.objects)
    })
    const attempt = Effect.gen(function*() {
      if (!isListed) {
        const listed = yield* listPages(once, {
          path,
          resource: resource.plural,
          resourceVersion: "",
          params: selector
        })
        progress = afterList(progress, listed.objects, listed.resourceVersion)[0]
        isListed = true
        yield* publish(progress.objects)
      }
      const request = {
        verb: "watch",
        method: "GET",
        path,
        resource: resource.plural,
        params: {
          ...selector,
          watch: "true",
          allowWatchBookmarks: "true",
          resourceVersion: progress.resourceVersion ?? "",
          timeoutSeconds: "300"
        }
      } as const
      if (mistake === "opens a second watch each time and closes none") {
        const second = yield* connect
        yield* Effect.forkIn(Effect.ignore(Stream.runDrain(Stream.unwrap(second.open(request)))), scope)
      }
      const bytes = Stream.unwrap(once.open(request)).pipe(
        Stream.timeoutOrElse({
          duration: mistake === "has no limit for silence" ? Duration.infinity : Duration.seconds(90),
          orElse: () => Stream.fail(failureOfConnection(request, "silent"))
        })
      )
      yield* Stream.runForEach(watchEvents(bytes, request), take)
    })
    while (true) {
      const outcome = yield* Effect.result(attempt)
      if (Result.isSuccess(outcome)) continue
      const error = outcome.failure
      if (mistake === "gives up after a reset" && error.reason === "Unreachable") return yield* Effect.never
      if (mistake === "dies of a line that is no event" && error.reason === "Malformed") return yield* Effect.die(error)
      if (mistake === "takes a failed list for an empty one" && error.reason === "NotFound") yield* publish([])
      const keepsVersion = error.reason === "Unreachable" && error.status !== 504 ||
        error.reason === "TooManyRequests" || mistake === "does not list again after a 410"
      if (!keepsVersion) isListed = false
      failures += 1
      yield* Effect.sleep(waitAfter(error, failures, mistake))
    }
  }
)

/** Its writes are the daemon's own. */
export const brokenApi = (mistake: Mistake | undefined): ApiLayer =>
  Layer.effect(
    KubernetesApi,
    Effect.gen(function*() {
      const credentials = yield* KubernetesCredentials
      const scope = yield* Effect.scope
      const connection = yield* makeApiConnection(credentials)
      const watchAll = (resource: ResourceType, { name }: WatchAllOptions = {}) =>
        Stream.callback<WatchedSet>(
          (queue) =>
            follow({ credentials, resource, name, mistake, deliver: (set) => Queue.offer(queue, set) }).pipe(
              Scope.provide(scope)
            ),
          { bufferSize: 1, strategy: "sliding" }
        )
      return {
        ...makeObjectRequests(connection, { namespace, fieldManager: "broken" }),
        watchAll,
        recordEvent: () => Effect.void,
        watches: Effect.succeed([])
      }
    })
  )
