/** Kubeconfigs in a folder of their own, and the credentials that are made of them. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { ConfigProvider, Context, Effect, FileSystem, Layer } from "effect"
import * as KubeConfigCredentials from "../../../src/layers/kubernetes/credentials/KubeConfigCredentials.ts"
import { KubernetesCredentials } from "../../../src/services/kubernetes/KubernetesCredentials.ts"

/** One context `here` with its cluster and its user, given in YAML's flow style. */
export const oneContext = (cluster: string, user: string): string =>
  `apiVersion: v1
kind: Config
current-context: here
contexts: [{name: here, context: {cluster: lab, user: me}}]
clusters: [{name: lab, cluster: ${cluster}}]
users: [{name: me, user: ${user}}]
`

/** The layer with this environment, and what it may need. */
export const kubeConfigLayer = (environment: Readonly<Record<string, string>>) =>
  KubeConfigCredentials.layer.pipe(
    Layer.provide(NodeServices.layer),
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: { ...environment } })))
  )

/** An empty folder that goes with the scope. */
export const kubeConfigFolder = Effect.gen(function*() {
  const fileSystem = yield* FileSystem.FileSystem
  const directory = yield* fileSystem.makeTempDirectoryScoped()
  const pathOf = (name: string) => `${directory}/${name}`
  return {
    directory,
    pathOf,
    write: (name: string, text: string) => fileSystem.writeFileString(pathOf(name), text),
    /** An executable file. */
    script: (name: string, text: string) =>
      Effect.andThen(
        fileSystem.writeFileString(pathOf(name), `#!/bin/sh\n${text}\n`),
        fileSystem.chmod(pathOf(name), 0o755)
      ),
    remove: (name: string) => fileSystem.remove(pathOf(name)),
    read: (name: string) => fileSystem.readFileString(pathOf(name)),
    layer: kubeConfigLayer({ KUBECONFIG: pathOf("config") }),
    /** Of the files with these names, in order. */
    credentials: (...names: ReadonlyArray<string>) =>
      Effect.map(
        Layer.build(kubeConfigLayer({ KUBECONFIG: (names.length === 0 ? ["config"] : names).map(pathOf).join(":") })),
        (context) => Context.get(context, KubernetesCredentials)
      )
  }
}).pipe(Effect.provide(NodeServices.layer))
