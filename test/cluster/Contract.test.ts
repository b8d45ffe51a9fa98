/** The contract's suites on a real kube-apiserver: what the embedded server says in `npm test` is said here too. */
import { kubernetesContract } from "../contract/KubernetesContract.ts"
import { binaries, describeCluster } from "./Cluster.ts"
import * as ControlPlane from "./ControlPlane.ts"

describeCluster("a real kube-apiserver", () => kubernetesContract("contract", ControlPlane.layer(binaries)))
