/**
 * What people see of the manifests through kubectl: they can be applied and explained, and mistakes are refused in
 * plain words.
 */
import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { isObject, type JsonObject, objectAt, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { deployDirectory, manifestFiles } from "../contract/Deployment.ts"
import { manifest } from "../contract/Workspace.ts"
import { cluster } from "./Cluster.ts"
import { type Kubectl, makeKubectl } from "./Kubectl.ts"

/** Runs a command that must succeed; its output. */
const succeed = Effect.fn("succeed")(
  function*(kubectl: Kubectl, words: string | ReadonlyArray<string>, input?: string) {
    const { code, text } = yield* kubectl(words, input)
    assert.strictEqual(code, 0, text)
    return text
  }
)

/** `kubectl COMMAND -f FILE` for each manifest; the words that say what happened to each object, once each. */
const outcomes = Effect.fn("outcomes")(function*(kubectl: Kubectl, command: string) {
  const texts = yield* Effect.forEach(
    manifestFiles,
    (file) => succeed(kubectl, `${command} --validate=strict -f ${deployDirectory}/${file}`)
  )
  const lines = texts.join("").trim().split("\n").filter((line) => !line.startsWith("Warning: resource "))
  return [...new Set(lines.map((line) => line.split(" ").slice(1).join(" ")))]
})

const config = (name: string, spec: JsonObject) =>
  JSON.stringify({ apiVersion: "ptp.openshift.io/v1", kind: "NodePTPCfg", metadata: { name, namespace: "ptp" }, spec })

const devices = {
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPDev",
  metadata: { name: "worker-1", namespace: "ptp" },
  spec: {}
}
const status = {
  ptpDevices: [{ name: "ens1f0" }, { name: "ens1f1" }],
  profiles: [{ name: "client", config: "client", matchedBy: "nodeName worker-1" }],
  clock: { state: "LOCKED", ports: [], since: "2026-11-26T00:00:00Z" },
  conditions: ["Applied", "Synchronized", "Degraded"].map((type) => ({
    type,
    status: type === "Degraded" ? "False" : "True",
    reason: type,
    message: "",
    lastTransitionTime: "2026-11-26T00:00:00Z"
  }))
}

/** Every field that a schema has below a path, as `kubectl explain` names it. */
const fieldsOf = (schema: JsonObject, path: string): ReadonlyArray<string> =>
  Object.entries(objectAt(schema, "properties")).flatMap(([name, field]) =>
    [`${path}.${name}`].concat(
      isObject(field) ? fieldsOf({ ...objectAt(field, "items"), ...field }, `${path}.${name}`) : []
    )
  )

const explained = manifest("01-crd.yaml").flatMap((definition) => {
  const [version] = Schema.decodeUnknownSync(Schema.Array(Schema.Record(Schema.String, Schema.Json)))(
    objectAt(definition, "spec")["versions"]
  )
  const name = textAt(definition, "spec", "names", "singular")
  return fieldsOf(objectAt(version, "schema", "openAPIV3Schema"), name)
})

const refusals = [
  [
    "a negative priority",
    { profile: [{ name: "p" }], recommend: [{ profile: "p", priority: -1 }] },
    /spec\.recommend\[0\]\.priority: .*greater than or equal to 0/
  ],
  ["profiles of one name", { profile: [{ name: "p" }, { name: "p" }] }, /spec\.profile\[1\]: Duplicate value: .*"p"/],
  [
    "SCHED_FIFO without a priority",
    { profile: [{ name: "p", ptpSchedulingPolicy: "SCHED_FIFO" }] },
    /spec\.profile\[0\].*: ptpSchedulingPolicy SCHED_FIFO needs a /
  ],
  ["a profile without a name", { profile: [{ interface: "ens1f0" }] }, /spec\.profile\[0\]\.name: Required value/]
] as const

const table = (lines: ReadonlyArray<string>) => new RegExp(`^${lines.join("\n")}\n$`)

cluster("kubectl", (it) => {
  it.effect("creates and applies every manifest, with nothing to complain of", () =>
    Effect.gen(function*() {
      const kubectl = yield* makeKubectl
      assert.deepStrictEqual(yield* outcomes(kubectl, "create"), ["created"])
      // The first one notes down what was applied; `create` had not.
      yield* outcomes(kubectl, "apply")
      assert.deepStrictEqual(yield* outcomes(kubectl, "apply"), ["unchanged"])
      assert.deepStrictEqual(yield* outcomes(kubectl, "apply --server-side --force-conflicts"), ["serverside-applied"])
    }))

  it.effect("explains every field", () =>
    Effect.gen(function*() {
      const kubectl = yield* makeKubectl
      const profile = yield* succeed(kubectl, "explain nodeptpcfg.spec.profile")
      assert.match(
        profile,
        /KIND: +NodePTPCfg\nVERSION: +v1\n\nFIELD: profile <\[\]Object>\n\n\nDESCRIPTION:\n +Profiles /
      )
      for (const words of ["name\t<string> -required-", "ptp4lOpts\t<string>", "Example \"-s -2\"", "SCHED_FIFO"]) {
        assert.include(profile, words)
      }
      assert.include(explained, "nodeptpcfg.spec.recommend.match.nodeLabel")
      assert.include(explained, "nodeptpdev.status.clock.ports.state")
      const silent = yield* Effect.filter(
        explained,
        (field) => Effect.map(succeed(kubectl, ["explain", field]), (text) => text.includes("<empty>")),
        { concurrency: 4 }
      )
      assert.deepStrictEqual(silent, [])
    }))

  it.effect("says in plain words what is wrong with an object", () =>
    Effect.gen(function*() {
      const kubectl = yield* makeKubectl
      for (const [what, spec, words] of refusals) {
        const { code, text } = yield* kubectl("apply -f -", config("wrong", JSON.parse(JSON.stringify(spec))))
        assert.strictEqual(code, 1, what)
        assert.match(text, /^The NodePTPCfg "wrong" is invalid: /)
        assert.match(text, words)
      }
      const { code, text } = yield* kubectl("apply --validate=strict -f -", config("wrong", { profil: [] }))
      assert.strictEqual(code, 1)
      assert.include(text, `unknown field "spec.profil"`)
    }))

  it.effect("shows the two kinds as tables, by their short names and together", () =>
    Effect.gen(function*() {
      const kubectl = yield* makeKubectl
      yield* succeed(kubectl, "create -f -", JSON.stringify(devices))
      const patch = ["-n", "ptp", "patch", "ptpdev", "worker-1", "--subresource=status", "--type=merge", "-p"]
      yield* succeed(kubectl, [...patch, JSON.stringify({ status })])
      yield* succeed(kubectl, "apply -f -", config("client", { profile: [{ name: "client" }] }))

      const age = "\\d+m?\\d*s"
      const device = ["NAME +PROFILE +CLOCK +APPLIED +DEVICES +AGE", `worker-1 +client +LOCKED +True +ens1f0 +${age}`]
      const configs = ["NAME +PROFILES +AGE", `client +client +${age}`, `profile1 +profile1 +${age}`]
      for (const name of ["nodeptpdevs", "nodeptpdev", "ptpdev"]) {
        assert.match(yield* succeed(kubectl, `-n ptp get ${name}`), table(device))
      }
      for (const name of ["nodeptpcfgs", "nodeptpcfg", "ptpcfg"]) {
        assert.match(yield* succeed(kubectl, `-n ptp get ${name}`), table(configs))
      }
      const both = yield* succeed(kubectl, "-n ptp get ptp -o name")
      const names = [
        "nodeptpcfg.ptp.openshift.io/client",
        "nodeptpcfg.ptp.openshift.io/profile1",
        "nodeptpdev.ptp.openshift.io/worker-1"
      ]
      assert.deepStrictEqual(both.trim().split("\n"), names)
    }))
})
