/**
 * The contract's suites on a real kube-apiserver: what the embedded server says in `npm test` is said here too. The
 * suites of this folder hold for a real server alone: the embedded one does without rules, server-side apply and the like.
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
