/** A service account's volume as the kubelet projects it: files are links through `..data`, which is swapped at once. */
import { ConfigProvider, Context, Effect, FileSystem, Layer } from "effect"
import * as ServiceAccountCredentials from "../../../src/layers/kubernetes/credentials/ServiceAccountCredentials.ts"
import { KubernetesCredentials } from "../../../src/services/kubernetes/KubernetesCredentials.ts"

export interface VolumeFiles {
  readonly token: string
  readonly "ca.crt": string
}

/** The volume goes with the scope. Linux's kubelet: pkg/volume/util/atomic_writer.go. */
export const projectedVolume = Effect.fnUntraced(function*(files: VolumeFiles) {
  const fileSystem = yield* FileSystem.FileSystem
  const directory = yield* fileSystem.makeTempDirectoryScoped()
  let writes = 0
  const project = Effect.fnUntraced(function*({ "ca.crt": ca, token }: VolumeFiles) {
    const payload = `..2026_11_26_${writes++}`
    yield* fileSystem.makeDirectory(`${directory}/${payload}`)
    yield* fileSystem.writeFileString(`${directory}/${payload}/token`, token)
    yield* fileSystem.writeFileString(`${directory}/${payload}/ca.crt`, ca)
    yield* fileSystem.symlink(payload, `${directory}/..data_tmp`)
    yield* fileSystem.rename(`${directory}/..data_tmp`, `${directory}/..data`)
  })
  yield* project(files)
  for (const file of ["token", "ca.crt"]) yield* fileSystem.symlink(`..data/${file}`, `${directory}/${file}`)
  return {
    directory,
    /** Another payload, as a rotation writes it. */
    project,
    /** Something else where a file was; null for nothing. */
    spoil: (file: keyof VolumeFiles, text: string | null) =>
      Effect.andThen(
        fileSystem.remove(`${directory}/${file}`, { force: true, recursive: true }),
        text === null ? Effect.void : fileSystem.writeFileString(`${directory}/${file}`, text)
      )
  }
})

/** The credentials of a pod with that volume, which is told of this API server. */
export const serviceAccount = (
  directory: string,
  environment: Readonly<Record<string, string>>
): Layer.Layer<KubernetesCredentials, never, FileSystem.FileSystem> =>
  Layer.orDie(ServiceAccountCredentials.layer({ directory })).pipe(
    Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env: environment })))
  )

/** The same, built. */
export const serviceAccountCredentials = (directory: string) =>
  Effect.map(
    Layer.build(serviceAccount(directory, { KUBERNETES_SERVICE_HOST: "10.96.0.1" })),
    (context) => Context.get(context, KubernetesCredentials)
  )
