/**
 * Everything that holds for any Kubernetes API server, and for the daemon's client on it. Whoever has a server calls
 * this: the embedded one in `npm test`, a real kube-apiserver in `npm run test:cluster`. The server is started once and
 * shared; each test works in a place of its own (Workspace). The clock is the real one, because a server of another
 * process has no other: nothing here waits for time, only for answers and events.
 */
import { layer } from "@effect/vitest"
import type { Layer } from "effect"
import type { ApiServerUnderTest } from "./ApiServerUnderTest.ts"
import { objectsContract } from "./Objects.ts"

/** Runs every suite on the server, as `describe(name)`. `timeout` is how long it may take to start. */
export const kubernetesContract = <E>(name: string, server: Layer.Layer<ApiServerUnderTest, E>) =>
  layer(server, { excludeTestServices: true, timeout: "2 minutes" })(name, (it) => {
    objectsContract(it)
  })
