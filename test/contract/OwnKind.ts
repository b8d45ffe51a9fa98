/** A kind for one test alone, which may delete and define it again without disturbing other tests. */
import { Effect } from "effect"
import type { JsonObject } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import type { ResourceType } from "../../src/services/kubernetes/KubernetesObject.ts"
import { ownName, serve } from "./Workspace.ts"

/** Group of a kind that no other test has. */
export const ownGroup = (): string => `${ownName("contract")}.example.com`

/** A definition of the kind Thing in a group; `properties` are those of its schema. */
export const definitionOf = (
  group: string,
  properties: JsonObject,
  scope: "Cluster" | "Namespaced" = "Cluster"
): JsonObject => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `things.${group}` },
  spec: {
    group,
    scope,
    names: { plural: "things", singular: "thing", kind: "Thing", listKind: "ThingList" },
    versions: [{
      name: "v1",
      served: true,
      storage: true,
      schema: { openAPIV3Schema: { type: "object", properties } }
    }]
  }
})

/** Things of a group, as the daemon's client names the kind. */
export const thingsOf = (group: string): ResourceType => ({
  group,
  version: "v1",
  plural: "things",
  kind: "Thing",
  namespaced: false
})

/** A cluster-wide kind that is served: where its objects are, and how one is made. */
export const ownKind = Effect.fn("ownKind")(function*(properties: JsonObject) {
  const group = ownGroup()
  yield* serve(definitionOf(group, properties))
  const object = (name: string, spec: JsonObject): JsonObject => ({
    apiVersion: `${group}/v1`,
    kind: "Thing",
    metadata: { name },
    spec
  })
  return { group, collection: `/apis/${group}/v1/things`, object }
})
