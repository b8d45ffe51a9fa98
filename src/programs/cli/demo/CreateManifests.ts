/**
 * Creates the objects of manifests on an API server, as `kubectl create -f` does. Clusters that begin empty are filled
 * with it.
 */
import { Effect, FileSystem, Schema } from "effect"
import { HttpBody, HttpClient, HttpClientError } from "effect/http"
import { fileURLToPath } from "node:url"
import { ManifestUnreadable } from "../Manifests.ts"
import { yamlDocuments } from "../YamlDocuments.ts"

const Manifest = Schema.StructWithRest(
  Schema.Struct({
    apiVersion: Schema.String,
    kind: Schema.String,
    metadata: Schema.StructWithRest(Schema.Struct({ namespace: Schema.optionalKey(Schema.String) }), [
      Schema.Record(Schema.String, Schema.Json)
    ])
  }),
  [Schema.Record(Schema.String, Schema.Json)]
)
export type Manifest = typeof Manifest.Type

/** The collection of an object. Its name is the kind in lower case plus `s`, which is right for all kinds used here. */
const collectionOf = ({ apiVersion, kind, metadata: { namespace } }: Manifest): string => {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  return `${root}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${kind.toLowerCase()}s`
}

/** Reads every document of a YAML file. */
const readManifestFile = Effect.fn("readManifestFile")(function*(file: string) {
  const text = yield* FileSystem.FileSystem.use((fs) => fs.readFileString(file))
  const documents = yield* Effect.forEach(yamlDocuments(text), Effect.fromResult).pipe(
    Effect.mapError((detail) => new ManifestUnreadable({ file, detail }))
  )
  return yield* Schema.decodeUnknownEffect(Schema.Array(Manifest))(documents.filter((value) => value !== null))
})

const deployed = (name: string) => fileURLToPath(new URL(`../../../../deploy/${name}`, import.meta.url))

/** The namespace and the two kinds from deploy/, which every cluster needs before a daemon can work. */
export const readDeployedKinds = Effect.map(
  Effect.forEach([deployed("00-ns.yaml"), deployed("01-crd.yaml")], readManifestFile),
  (files) => files.flat()
)

/** Creates the objects one after the other. An object that exists already is not changed. */
export const createManifests = Effect.fn("createManifests")(
  function*(server: string, manifests: ReadonlyArray<Manifest>) {
    for (const manifest of manifests) {
      const response = yield* HttpClient.post(`${server}${collectionOf(manifest)}`, {
        body: HttpBody.jsonUnsafe(manifest)
      })
      const isThere = response.status === 201 || response.status === 409
      const answer = yield* response.text
      if (!isThere) return yield* Effect.die(new Error(`${manifest.kind} not created: ${answer}`))
    }
  },
  Effect.catchIf(HttpClientError.isHttpClientError, Effect.die)
)
