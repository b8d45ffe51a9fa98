/** What kubectl asks for before any command: the served kinds, their schemas, the version. */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import {
  at,
  type Json,
  type JsonObject,
  listAt,
  objectAt,
  textAt,
  textsAt
} from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call } from "./ApiClient.ts"
import type { ContractTests } from "./ApiServerUnderTest.ts"
import { workspace } from "./Workspace.ts"

const ptp = "/apis/ptp.openshift.io/v1"

/** Asks again until the answer tells of what was defined a moment ago. */
const until = (path: string, tells: (body: JsonObject) => boolean) =>
  call("GET", path).pipe(
    Effect.tap((answer) => tells(answer.body) ? Effect.void : Effect.sleep("20 millis")),
    Effect.repeat({ until: (answer) => tells(answer.body) })
  )

const described = (resource: Json) => [
  textAt(resource, "name"),
  textAt(resource, "singularName"),
  textAt(resource, "kind"),
  at(resource, "namespaced"),
  textsAt(resource, "shortNames"),
  textsAt(resource, "categories"),
  textsAt(resource, "verbs").toSorted()
]

// In no order: a real server lists its kinds as they come out of a map.
const byName = ([left]: ReadonlyArray<unknown>, [right]: ReadonlyArray<unknown>): number =>
  String(left) < String(right) ? -1 : 1

const verbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

export const discoveryContract = (it: ContractTests) =>
  describe("discovery", () => {
    it.effect("names the groups, their versions and kinds", () =>
      Effect.gen(function*() {
        yield* workspace
        const groups = yield* until("/apis", (body) => JSON.stringify(body).includes("ptp.openshift.io"))
        const group = listAt(groups.body, "groups").find((one) => textAt(one, "name") === "ptp.openshift.io")
        const v1 = { groupVersion: "ptp.openshift.io/v1", version: "v1" }
        assert.deepStrictEqual([at(group, "versions"), at(group, "preferredVersion")], [[v1], v1])
        const { body } = yield* until(ptp, (list) => listAt(list, "resources").length === 3)
        assert.deepStrictEqual([body["kind"], body["groupVersion"]], ["APIResourceList", "ptp.openshift.io/v1"])
        assert.deepStrictEqual(listAt(body, "resources").map(described).toSorted(byName), [
          ["nodeptpcfgs", "nodeptpcfg", "NodePTPCfg", true, ["ptpcfg"], ["ptp"], verbs],
          ["nodeptpdevs", "nodeptpdev", "NodePTPDev", true, ["ptpdev"], ["ptp"], verbs],
          ["nodeptpdevs/status", "", "NodePTPDev", true, [], [], ["get", "patch", "update"]]
        ])
        const core = yield* call("GET", "/api/v1")
        const nodes = listAt(core.body, "resources").find((resource) => textAt(resource, "name") === "nodes")
        assert.deepStrictEqual(described(nodes ?? {}), ["nodes", "node", "Node", false, ["no"], [], verbs])
      }))

    it.effect("gives schemas that kubectl explain and kubectl's validation read", () =>
      Effect.gen(function*() {
        yield* workspace
        const path = "apis/ptp.openshift.io/v1"
        const index = yield* until("/openapi/v3", (body) => at(body, "paths", path) !== undefined)
        const url = textAt(index.body, "paths", path, "serverRelativeURL")
        assert.match(url, /^\/openapi\/v3\/apis\/ptp\.openshift\.io\/v1\?hash=\w+$/)
        const name = "io.openshift.ptp.v1.NodePTPCfg"
        const { body } = yield* until(
          url.replace(/\?.*/, ""),
          (document) => at(document, "components", "schemas", name) !== undefined
        )
        const schema = objectAt(body, "components", "schemas", name)
        const kind = { group: "ptp.openshift.io", version: "v1", kind: "NodePTPCfg" }
        assert.deepStrictEqual(listAt(schema, "x-kubernetes-group-version-kind"), [kind])
        const profile = objectAt(schema, "properties", "spec", "properties", "profile", "items", "properties")
        assert.match(textAt(profile, "ptp4lOpts", "description"), /^Options of ptp4l as typed on a command line/)
        const operation = objectAt(body, "paths", `/${path}/namespaces/{namespace}/nodeptpcfgs/{name}`, "patch")
        assert.include(listAt(operation, "parameters").map((one) => textAt(one, "name")), "fieldValidation")
        assert.deepStrictEqual(at(operation, "x-kubernetes-group-version-kind"), kind)
      }))

    it.effect("tells its version and that it is well", () =>
      Effect.gen(function*() {
        const version = yield* call("GET", "/version")
        assert.match(textAt(version.body, "major"), /^1$/)
        assert.match(textAt(version.body, "minor"), /^\d+$/)
        assert.isString(version.body["gitVersion"])
        for (const path of ["/healthz", "/livez", "/readyz"]) {
          const answer = yield* call("GET", path)
          assert.deepStrictEqual([path, answer.status, answer.body], [path, 200, { text: "ok" }])
        }
        for (const path of ["/api", "/openapi/v2"]) {
          assert.deepStrictEqual([path, (yield* call("GET", path)).status], [path, 200])
        }
      }))
  })
