/**
 * deploy/02-rbac.yaml grants exactly what the daemon asks for. The test runs everything that a daemon does and compares
 * it with the server's audit log.
 */
import { Effect } from "effect"
import { createNode, installAllButKinds } from "../contract/Deployment.ts"
import { daemonUser } from "../contract/Grants.ts"
import { rightsStory } from "../contract/RightsStory.ts"
import { cluster } from "./Cluster.ts"
import { ControlPlane } from "./ControlPlane.ts"
import { startDaemon } from "./NodeDaemon.ts"
import { createNodeToken } from "./PodToken.ts"
import { untilGranted } from "./UntilGranted.ts"

cluster("the daemon's service account", (it) => {
  it.effect("may do what the daemon does, and nothing else", () =>
    Effect.gen(function*() {
      const { audited } = yield* ControlPlane
      yield* createNode("worker-1", { role: "first" })
      yield* installAllButKinds
      yield* untilGranted
      const daemon = yield* startDaemon(yield* createNodeToken("worker-1"))
      yield* rightsStory(daemon, Effect.map(audited, (all) => all.filter(({ user }) => user === daemonUser)))
    }))
})
