/**
 * A Kubernetes API server in this process, for `kubectl`, the demo and tests: discovery, custom resources with
 * validation and status, server-side printing, watches. One node of it, in memory, without authentication: it listens
 * on loopback unless told otherwise, and nothing schedules pods or collects garbage.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import { Context, Effect, Layer } from "effect"
import { HttpServer, type HttpServerError } from "effect/http"
import { createServer } from "node:http"
import { answerHttp } from "./HttpAnswer.ts"
import * as InMemoryObjectStore from "./InMemoryObjectStore.ts"
import type { ObjectStore } from "./ObjectStore.ts"
import { seedNamespaces } from "./SeedNamespaces.ts"

export interface EmbeddedApiServerOptions {
  /** 0 takes any port that is free. */
  readonly port: number
  /** `127.0.0.1` by default: there is no authentication. */
  readonly host?: string
}

export class EmbeddedApiServer extends Context.Service<EmbeddedApiServer, {
  /** Where the server listens, without a slash at the end. */
  readonly url: string
}>()("linuxptp-daemon/layers/simulated/apiserver/EmbeddedApiServer") {
  /** The server on an ObjectStore that the caller provides. Fails when the port is taken. */
  static readonly layerNoDeps = (
    options: EmbeddedApiServerOptions
  ): Layer.Layer<EmbeddedApiServer, HttpServerError.ServeError, ObjectStore> => {
    const http = NodeHttpServer.layerServer(createServer, {
      port: options.port,
      host: options.host ?? "127.0.0.1",
      // Watches do not end by themselves: nothing is gained by waiting for them before they are interrupted.
      disablePreemptiveShutdown: true
    })
    const address = Layer.effect(
      EmbeddedApiServer,
      Effect.map(HttpServer.HttpServer, ({ address }) => ({ url: HttpServer.formatAddress(address) }))
    )
    return Layer.merge(HttpServer.serve(answerHttp), address).pipe(Layer.provide(http))
  }

  /** The server on a store of its own with the first namespaces, which it also provides: what is there is served. */
  static readonly layer = (
    options: EmbeddedApiServerOptions & InMemoryObjectStore.InMemoryObjectStoreOptions
  ): Layer.Layer<EmbeddedApiServer | ObjectStore, HttpServerError.ServeError> =>
    this.layerNoDeps(options).pipe(
      // A new store has no namespace of these names, so creating them cannot fail.
      Layer.provideMerge(Layer.effectDiscard(Effect.orDie(seedNamespaces))),
      Layer.provideMerge(InMemoryObjectStore.layer(options))
    )
}
