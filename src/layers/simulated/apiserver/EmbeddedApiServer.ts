/**
 * A Kubernetes API server within this process, for `kubectl`, the demo and tests: discovery, custom resources with
 * validation and status, tables for kubectl, watches. It is a single server with a store in memory and without
 * authentication, so it listens on loopback by default. Nothing schedules pods or collects garbage.
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
  /** 0 means any free port. */
  readonly port: number
  /** The default is `127.0.0.1`, because there is no authentication. */
  readonly host?: string
  /** Answers some requests itself, or refuses them, and hands the others on to the API. */
  readonly front?: (api: typeof answerHttp) => typeof answerHttp
}

export class EmbeddedApiServer extends Context.Service<EmbeddedApiServer, {
  /** The server's URL, without a slash at the end. */
  readonly url: string
}>()("linuxptp-daemon/layers/simulated/apiserver/EmbeddedApiServer") {
  /** The server with an ObjectStore that the caller provides. Fails if the port is taken. */
  static readonly layerNoDeps = (
    options: EmbeddedApiServerOptions
  ): Layer.Layer<EmbeddedApiServer, HttpServerError.ServeError, ObjectStore> => {
    const http = NodeHttpServer.layerServer(createServer, {
      port: options.port,
      host: options.host ?? "127.0.0.1",
      // Watches do not end by themselves, so waiting for them before they are interrupted would be useless.
      disablePreemptiveShutdown: true
    })
    const address = Layer.effect(
      EmbeddedApiServer,
      Effect.map(HttpServer.HttpServer, ({ address }) => ({ url: HttpServer.formatAddress(address) }))
    )
    return Layer.merge(HttpServer.serve(options.front?.(answerHttp) ?? answerHttp), address).pipe(Layer.provide(http))
  }

  /**
   * The server with a store of its own that contains the first namespaces. The layer provides the store too: everything
   * in it is served.
   */
  static readonly layer = (
    options: EmbeddedApiServerOptions & InMemoryObjectStore.InMemoryObjectStoreOptions
  ): Layer.Layer<EmbeddedApiServer | ObjectStore, HttpServerError.ServeError> =>
    this.layerNoDeps(options).pipe(
      // The store is new and has no namespace of these names, so creating them cannot fail.
      Layer.provideMerge(Layer.effectDiscard(Effect.orDie(seedNamespaces))),
      Layer.provideMerge(InMemoryObjectStore.layer(options))
    )
}
