/** Prepares the server under test with the manifests of deploy/ and with Nodes. */
import { Effect, Schema } from "effect"
import { readdirSync } from "node:fs"
import path from "node:path"
import { type JsonObject, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call } from "./ApiClient.ts"
import { manifest, untilStatus } from "./Workspace.ts"

export const deployDirectory = path.resolve(import.meta.dirname, "../../deploy")
const kinds = "/apis/ptp.openshift.io/v1/namespaces/ptp"
/** Files without a number are of kinds that the others define. */
const rank = (name: string) => (/^\d/.test(name) ? 0 : 1)

/** In the order in which they build on each other. */
export const manifestFiles = readdirSync(deployDirectory).filter((name) => name.endsWith(".yaml")).toSorted((a, b) =>
  rank(a) - rank(b) || (a < b ? -1 : 1)
)
export const collections = { configs: `${kinds}/nodeptpcfgs`, devices: `${kinds}/nodeptpdevs`, nodes: "/api/v1/nodes" }

/** A plural is the kind in lower case and an `s`; a policy is the one kind here of which that is not true. */
const collectionOf = (object: JsonObject): string => {
  const [apiVersion, kind, namespace] = [
    textAt(object, "apiVersion"),
    textAt(object, "kind"),
    textAt(object, "metadata", "namespace")
  ]
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const plural = kind.toLowerCase().replace(/y$/, "ie")
  return `${root}${namespace === "" ? "" : `/namespaces/${namespace}`}/${plural}s`
}

class NotCreated extends Schema.TaggedError<NotCreated>()("NotCreated", { answer: Schema.Json }) {
  override get message(): string {
    return JSON.stringify(this.answer)
  }
}

/** Creates an object as the administrator and returns what is stored. */
export const create = Effect.fn("create")(function*(object: JsonObject, collection = collectionOf(object)) {
  const { body, status } = yield* call("POST", collection, object)
  return status === 201 ? body : yield* Effect.die(new NotCreated({ answer: body }))
})

const createFile = (name: string) => Effect.forEach(manifest(name), (object) => create(object), { discard: true })

export const createNamespace = createFile("00-ns.yaml")

/** Everything of deploy/ before the CRDs are there: namespace, RBAC and what else has a number. */
export const installAllButKinds = Effect.forEach(
  manifestFiles.filter((name) => rank(name) === 0 && name !== "01-crd.yaml"),
  createFile,
  { discard: true }
)

/** The CRDs, until both kinds are served. */
export const installKinds = Effect.andThen(
  createFile("01-crd.yaml"),
  Effect.forEach([collections.configs, collections.devices], (path) => untilStatus(path, 200), { discard: true })
)

export const createNode = (name: string, labels: Readonly<Record<string, string>> = {}) =>
  create({ apiVersion: "v1", kind: "Node", metadata: { name, labels } })
