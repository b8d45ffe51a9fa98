/**
 * Everything that holds for any Kubernetes API server, and for the daemon's client on it. `npm test` calls this with
 * the embedded server, `npm run test:cluster` with a real kube-apiserver. The server is started once and shared; each
 * test works in a namespace of its own (Workspace). The clock is the real one, because a server in another process has
 * no other. So no test waits for a time to pass, only for answers and events.
 */
import { layer } from "@effect/vitest"
import type { Layer } from "effect"
import type { ApiServerUnderTest, ContractTests } from "./ApiServerUnderTest.ts"
import { clientDefinitionsContract } from "./ClientDefinitions.ts"
import { clientEventsContract } from "./ClientEvents.ts"
import { clientWatchesContract } from "./ClientWatches.ts"
import { clientWritesContract } from "./ClientWrites.ts"
import { configurationsContract } from "./Configurations.ts"
import { definitionsContract } from "./Definitions.ts"
import { discoveryContract } from "./Discovery.ts"
import { kubectlContract } from "./Kubectl.ts"
import { listsContract } from "./Lists.ts"
import { objectsContract } from "./Objects.ts"
import { patchesContract } from "./Patches.ts"
import { refusalsContract } from "./Refusals.ts"
import { unknownFieldsContract } from "./UnknownFields.ts"
import { validationContract } from "./Validation.ts"
import { watchesContract } from "./Watches.ts"

/** Runs every suite on the server, as `describe(name)`, and those that hold for this server alone. */
export const kubernetesContract = <E>(
  name: string,
  server: Layer.Layer<ApiServerUnderTest, E>,
  ownSuites: (it: ContractTests) => void = () => {}
) =>
  layer(server, { excludeTestServices: true, timeout: "2 minutes" })(name, (it) => {
    clientDefinitionsContract(it)
    clientEventsContract(it)
    clientWatchesContract(it)
    clientWritesContract(it)
    configurationsContract(it)
    definitionsContract(it)
    discoveryContract(it)
    kubectlContract(it)
    listsContract(it)
    objectsContract(it)
    patchesContract(it)
    refusalsContract(it)
    unknownFieldsContract(it)
    validationContract(it)
    watchesContract(it)
    ownSuites(it)
  })
