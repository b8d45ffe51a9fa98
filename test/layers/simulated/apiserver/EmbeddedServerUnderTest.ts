/** The embedded API server as the server that contract suites, and its own tests, talk to. */
import { type Duration, Effect, Layer } from "effect"
import {
  EmbeddedApiServer,
  type EmbeddedApiServerOptions
} from "../../../../src/layers/simulated/apiserver/EmbeddedApiServer.ts"
import { ObjectStore } from "../../../../src/layers/simulated/apiserver/ObjectStore.ts"
import { servedKinds } from "../../../../src/layers/simulated/apiserver/ServedKinds.ts"
import { ApiServerUnderTest } from "../../../contract/ApiServerUnderTest.ts"

interface Options extends Pick<EmbeddedApiServerOptions, "front"> {
  readonly historyLimit?: number
  readonly bookmarkInterval?: Duration.Duration
}

/** A server on any free port of loopback, whose history, bookmarks and front the test chooses. */
export const server = (options: Options = {}) =>
  underTest.pipe(Layer.provideMerge(Layer.fresh(EmbeddedApiServer.layer({ port: 0, startsAt: 100, ...options }))))

const underTest = Layer.effect(
  ApiServerUnderTest,
  Effect.gen(function*() {
    const { url } = yield* EmbeddedApiServer
    const store = yield* ObjectStore
    const compact = servedKinds.pipe(
      Effect.flatMap(Effect.forEach((kind) => store.compact(kind), { discard: true })),
      Effect.provideService(ObjectStore, store)
    )
    return { url, ca: undefined, adminToken: undefined, compact }
  })
)
