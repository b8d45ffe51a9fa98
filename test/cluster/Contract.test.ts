/**
 * Runs the suites of the contract on a real kube-apiserver; `npm test` runs the same suites on the embedded server. It
 * also runs the suites of this folder, which only a real server can pass, because the embedded one has no rules, no
 * server-side apply and the like.
 */
import type { ContractTests } from "../contract/ApiServerUnderTest.ts"
import { kubernetesContract } from "../contract/KubernetesContract.ts"
import { binaries, describeCluster } from "./Cluster.ts"
import * as ControlPlane from "./ControlPlane.ts"
import { definitionRules } from "./DefinitionRules.ts"
import { eventRules } from "./EventRules.ts"
import { serverSideApply } from "./ServerSideApply.ts"

const realServerOnly = (it: ContractTests) => {
  definitionRules(it)
  eventRules(it)
  serverSideApply(it)
}

describeCluster(
  "a real kube-apiserver",
  () => kubernetesContract("contract", ControlPlane.layer(binaries), realServerOnly)
)
