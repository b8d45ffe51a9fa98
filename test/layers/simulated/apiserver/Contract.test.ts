/** The embedded API server is held to what a real kube-apiserver is held to in `npm run test:cluster`. */
import { kubernetesContract } from "../../../contract/KubernetesContract.ts"
import { server } from "./EmbeddedServerUnderTest.ts"

kubernetesContract("the embedded API server", server())
