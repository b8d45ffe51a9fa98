/** The embedded API server in virtual time. It can be started, ended, and started again with the same state. */
import { Effect, Exit, Layer, Scope } from "effect"
import { EmbeddedApiServer } from "../../src/layers/simulated/apiserver/EmbeddedApiServer.ts"
import { ObjectStore } from "../../src/layers/simulated/apiserver/ObjectStore.ts"
import type { VirtualProcess } from "../simulation/VirtualTime.ts"
import type { ServerState } from "./ServerState.ts"

export interface Server {
  /** Its base URL, once it listens. */
  readonly url: () => string | undefined
  readonly stop: () => void
}

export const startServer = (process: VirtualProcess, state: ServerState): Server => {
  const scope = Scope.makeUnsafe()
  const run = Effect.runForkWith(process.context)
  let url: string | undefined
  const server = EmbeddedApiServer.layerNoDeps({ port: 0 }).pipe(
    Layer.provide(Layer.succeed(ObjectStore, state.store))
  )
  run(Effect.gen(function*() {
    const context = yield* Layer.buildWithScope(server, scope)
    url = (yield* Effect.provideContext(EmbeddedApiServer, context)).url
  }))
  return {
    url: () => url,
    stop: () => {
      url = undefined
      run(Scope.close(scope, Exit.void))
    }
  }
}
