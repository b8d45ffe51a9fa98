/** The embedded API server as the server that contract suites, and its own tests, talk to. */
import { type Duration, Effect, Layer } from "effect"
import { ObjectStore } from "../../../../src/layers/kubernetes/embedded/ObjectStore.ts"
import { servedKinds } from "../../../../src/layers/kubernetes/embedded/ServedKinds.ts"
import { EmbeddedApiServer } from "../../../../src/layers/kubernetes/EmbeddedApiServer.ts"
import { ApiServerUnderTest } from "../../../contract/ApiServerUnderTest.ts"

/** A server on any free port of loopback, whose history and bookmarks the test chooses. */
export const server = (
  options: { readonly historyLimit?: number; readonly bookmarkInterval?: Duration.Duration } = {}
) => underTest.pipe(Layer.provideMerge(Layer.fresh(EmbeddedApiServer.layer({ port: 0, startsAt: 100, ...options }))))

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
