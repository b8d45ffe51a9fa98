/**
 * Where one test of the contract works: in a namespace of its own on a shared server, with the objects that the
 * daemon's kinds need. Nothing is deleted afterwards, because a kube-apiserver alone cannot delete a namespace.
 */
import { assert } from "@effect/vitest"
import { Duration, Effect } from "effect"
import { randomBytes } from "node:crypto"
import { readFileSync } from "node:fs"
import { parseAllDocuments } from "yaml"
import { type JsonObject, listAt, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, jsonObject } from "./ApiClient.ts"

/** The documents of a manifest of the project. */
export const manifest = (name: string): ReadonlyArray<JsonObject> =>
  parseAllDocuments(readFileSync(new URL(`../../deploy/${name}`, import.meta.url), "utf8"))
    .map((document) => jsonObject(JSON.stringify(document.toJS())))

export const crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

/** A name that no other test has: the server may be shared, and it may outlive this run. */
export const ownName = (prefix: string): string => `${prefix}-${randomBytes(4).toString("hex")}`

const shortWait = Duration.millis(20)

/** Stores a definition and waits until its kind is served, which on a real server is a moment later. */
export const serve = Effect.fn("serve")(function*(definition: JsonObject) {
  const stored = yield* call("POST", crds, definition)
  // Another test may have been first with a definition that all of them share.
  assert.include([201, 409], stored.status, textAt(stored.body, "message"))
  const [version] = listAt(definition, "spec", "versions")
  const path = ["/apis", textAt(definition, "spec", "group"), textAt(version, "name")]
  const collection = [...path, textAt(definition, "spec", "names", "plural")].join("/")
  yield* untilStatus(collection, 200)
})

/** Waits until the path is answered with a status, asking again and again. */
export const untilStatus = (path: string, status: number) =>
  call("GET", path).pipe(
    Effect.tap((answer) => answer.status === status ? Effect.void : Effect.sleep(shortWait)),
    Effect.repeat({ until: (answer) => answer.status === status })
  )

/** The project's kinds, served, and a namespace that nobody else works in. */
export const workspace = Effect.gen(function*() {
  for (const definition of manifest("01-crd.yaml")) yield* serve(definition)
  const namespace = ownName("contract")
  yield* call("POST", "/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } })
  const group = `/apis/ptp.openshift.io/v1/namespaces/${namespace}`
  return { namespace, cfgs: `${group}/nodeptpcfgs`, devs: `${group}/nodeptpdevs` }
})

/** A NodePTPCfg of one profile. */
export const cfg = (name: string, spec: JsonObject = { profile: [{ name: "p" }] }): JsonObject => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name },
  spec
})

/** A NodePTPDev as the daemon creates it. */
export const dev = (name: string): JsonObject => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPDev",
  metadata: { name },
  spec: {}
})
