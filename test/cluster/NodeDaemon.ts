/**
 * The daemon as in a pod: it uses its service account, whose token and CA are in files that the kubelet would write.
 * NICs and linuxptp are simulated.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { ConfigProvider, Effect, Layer } from "effect"
import { mkdtempSync, renameSync, writeFileSync } from "node:fs"
import path from "node:path"
import * as ServiceAccountCredentials from "../../src/layers/kubernetes/credentials/ServiceAccountCredentials.ts"
import { startSimulatedDaemon } from "../contract/SimulatedDaemon.ts"
import { ControlPlane } from "./ControlPlane.ts"

/** A projected directory; a file in it is replaced whole, as the kubelet does it. */
const projectedFiles = (parent: string) => {
  const directory = mkdtempSync(path.join(parent, "serviceaccount-"))
  return {
    directory,
    write: (file: "token" | "ca.crt", text: string) => {
      writeFileSync(path.join(directory, `..${file}`), text)
      renameSync(path.join(directory, `..${file}`), path.join(directory, file))
    }
  }
}

/**
 * Starts the daemon of `worker-1` with a token, and with the CA that the API server began with. It knows its pod if the
 * manifest tells it.
 */
export const startDaemon = Effect.fn("startDaemon")(function*(token: string, podName?: string) {
  const { authority, directory, port } = yield* ControlPlane
  const files = projectedFiles(directory)
  files.write("token", token)
  files.write("ca.crt", authority)
  const environment = { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: String(port) }
  const credentials = ServiceAccountCredentials.layer({ directory: files.directory }).pipe(
    Layer.provide(NodeFileSystem.layer),
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: environment })))
  )
  return { files, ...(yield* startSimulatedDaemon(credentials, podName)) }
})
