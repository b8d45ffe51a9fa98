/**
 * The files of the daemon's service account, which the test changes while the daemon runs, and the layer that reads
 * them.
 */
import { ConfigProvider, Effect, FileSystem, Layer } from "effect"
import * as ServiceAccountCredentials from "../../src/layers/kubernetes/credentials/ServiceAccountCredentials.ts"
import { KubernetesCredentials } from "../../src/services/kubernetes/KubernetesCredentials.ts"

export interface AccountFiles {
  token: string
  ca: string
}

const directory = "/account"

/** What the daemon uses in a cluster, on files in memory. */
const inCluster = (files: AccountFiles, port: number): Layer.Layer<KubernetesCredentials> => {
  const fileSystem = FileSystem.layerNoop({
    readFileString: (path) => Effect.sync(() => path.endsWith("token") ? files.token : files.ca)
  })
  const environment = ConfigProvider.fromEnv({
    env: { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: String(port) }
  })
  return ServiceAccountCredentials.layer({ directory }).pipe(
    Layer.provide(fileSystem),
    Layer.provide(Layer.succeed(ConfigProvider.ConfigProvider, environment)),
    // The environment above is complete.
    Layer.orDie
  )
}

/** Plain HTTP: the service account's layer speaks TLS only. */
const withoutTls = (files: AccountFiles, port: number): Layer.Layer<KubernetesCredentials> =>
  Layer.effect(
    KubernetesCredentials,
    Effect.map(
      Effect.provide(KubernetesCredentials, inCluster(files, port)),
      (account) => ({ ...account, server: `http://127.0.0.1:${port}`, tls: Effect.succeed({}) })
    )
  )

export const credentialsLayer = (files: AccountFiles, options: { readonly port: number; readonly isTls: boolean }) =>
  (options.isTls ? inCluster : withoutTls)(files, options.port)
