/** The daemon asks for what deploy/02-rbac.yaml grants, and uses all of it; test/cluster says the same to a real server. */
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as PlainCredentials from "../../src/layers/kubernetes/credentials/PlainCredentials.ts"
import { ApiServerUnderTest } from "../contract/ApiServerUnderTest.ts"
import { startAuthorizingFront } from "../contract/AuthorizingFront.ts"
import { createNamespace, createNode } from "../contract/Deployment.ts"
import { rightsStory } from "../contract/RightsStory.ts"
import { startSimulatedDaemon } from "../contract/SimulatedDaemon.ts"
import { server } from "../layers/simulated/apiserver/EmbeddedServerUnderTest.ts"
import { timePasses } from "./TimePasses.ts"

describe("the daemon's rights", () => {
  it.effect("are what it uses", () =>
    Effect.gen(function*() {
      yield* Effect.forkScoped(timePasses)
      const { url } = yield* ApiServerUnderTest
      const front = yield* startAuthorizingFront(url)
      yield* createNamespace
      yield* createNode("worker-1", { role: "first" })
      const daemon = yield* startSimulatedDaemon(PlainCredentials.layer({ server: front.url }))
      yield* rightsStory(daemon, front.requests)
    }).pipe(Effect.provide(server())))
})
