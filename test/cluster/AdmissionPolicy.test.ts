/** Tests deploy/03-admission-policy.yaml: a daemon can write only the NodePTPDev of its own node. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { type JsonObject, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call } from "../contract/ApiClient.ts"
import { collections, create, createNode, installAllButKinds, installKinds } from "../contract/Deployment.ts"
import { until } from "../contract/Until.ts"
import { dev } from "../contract/Workspace.ts"
import { cluster } from "./Cluster.ts"
import { createNodeToken, createToken } from "./PodToken.ts"

const { devices } = collections
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const outcome = ({ body, status }: { readonly status: number; readonly body: JsonObject }) =>
  status < 300 ? `${status}` : `${status} ${textAt(body, "message")}`

const createDevice = (token: string, name: string, query = "") =>
  Effect.map(call("POST", `${devices}${query}`, dev(name), bearer(token)), outcome)

const patchStatus = (token: string, name: string) =>
  call("PATCH", `${devices}/${name}/status`, { status: { ptpDevices: [{ name: "ens1f0" }] } }, {
    ...bearer(token),
    "content-type": "application/merge-patch+json"
  }).pipe(Effect.map(outcome))

/** A service account that may do what the daemon may, as an operator's would. */
const otherAccount = Effect.gen(function*() {
  const metadata = { name: "other", namespace: "ptp" }
  yield* create({ apiVersion: "v1", kind: "ServiceAccount", metadata })
  const rbac = "rbac.authorization.k8s.io"
  yield* create({
    apiVersion: `${rbac}/v1`,
    kind: "RoleBinding",
    metadata,
    roleRef: { apiGroup: rbac, kind: "Role", name: "linuxptp-daemon" },
    subjects: [{ kind: "ServiceAccount", name: "other", namespace: "ptp" }]
  })
  return yield* createToken({ account: "other" })
})

/** Two nodes, and a token of each kind; the policy is in force. */
const deployed = Effect.gen(function*() {
  yield* installAllButKinds
  yield* installKinds
  for (const node of ["worker-1", "worker-2"]) yield* createNode(node)
  const tokens = {
    own: yield* createNodeToken("worker-1"),
    neighbour: yield* createNodeToken("worker-2"),
    unbound: yield* createToken({}),
    other: yield* otherAccount
  }
  for (const token of [tokens.own, tokens.other]) {
    yield* until("roles", createDevice(token, "worker-1", "?dryRun=All"), (answer) => answer === "201")
  }
  yield* until("policy", createDevice(tokens.unbound, "x", "?dryRun=All"), (answer) => answer.includes(noNode))
  return tokens
})

const noNode = "this token of the daemon names no node, so it may not write NodePTPDevs: it is not bound to a Pod"
const notTheirs = "the daemon of node worker-2 may not write the NodePTPDev of node worker-1"

cluster("the admission policy", (it) => {
  it.effect("lets a daemon write the NodePTPDev of its own node alone, and others as they may", () =>
    Effect.gen(function*() {
      const { neighbour, other, own, unbound } = yield* deployed

      for (const [token, words] of [[neighbour, notTheirs], [unbound, noNode]] as const) {
        assert.match(yield* createDevice(token, "worker-1"), new RegExp(`^403 .*${words}$`))
      }
      assert.strictEqual(yield* createDevice(own, "worker-1"), "201")
      assert.strictEqual(yield* patchStatus(own, "worker-1"), "200")
      for (const [token, words] of [[neighbour, notTheirs], [unbound, noNode]] as const) {
        assert.match(yield* patchStatus(token, "worker-1"), new RegExp(`^403 .*${words}$`))
      }
      const stored = yield* call("GET", `${devices}/worker-1`)
      assert.deepStrictEqual(stored.body["status"], { ptpDevices: [{ name: "ens1f0" }] })

      assert.strictEqual(yield* createDevice(neighbour, "worker-2"), "201")
      assert.strictEqual(yield* patchStatus(other, "worker-1"), "200")
      assert.strictEqual((yield* call("DELETE", `${devices}/worker-1`)).status, 200)
      assert.strictEqual((yield* call("POST", devices, dev("worker-1"))).status, 201)
    }))
})
