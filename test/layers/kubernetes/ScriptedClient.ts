/**
 * A client of the scripted API server, as the program builds it: HttpKubernetesApi over plain HTTP, or with the
 * credentials that a test gives.
 */
import { Context, Effect, Layer } from "effect"
import * as PlainCredentials from "../../../src/layers/kubernetes/credentials/PlainCredentials.ts"
import * as HttpKubernetesApi from "../../../src/layers/kubernetes/HttpKubernetesApi.ts"
import { KubernetesApi } from "../../../src/services/kubernetes/KubernetesApi.ts"
import type { KubernetesCredentials } from "../../../src/services/kubernetes/KubernetesCredentials.ts"
import { scriptedApiServer } from "./ScriptedApiServer.ts"

/** The API as worker-1's daemon in namespace `ptp` sees it. */
export const buildApi = Effect.fnUntraced(function*(credentials: Layer.Layer<KubernetesCredentials>) {
  const options = { namespace: "ptp", component: "linuxptp-daemon", nodeName: "worker-1" }
  const context = yield* Layer.build(HttpKubernetesApi.layer(options).pipe(Layer.provide(credentials)))
  return Context.get(context, KubernetesApi)
})

/** A server and its client. */
export const connectScripted = Effect.gen(function*() {
  const server = yield* scriptedApiServer
  return { server, api: yield* buildApi(PlainCredentials.layer({ server: server.url })) }
})
