import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { at, listAt, textAt } from "../../../../src/layers/kubernetes/embedded/JsonTree.ts"
import { call, cfg, cfgs, crds, install, patch, server } from "./ApiClient.ts"

/** A wrong spec, and kube-apiserver's words for what is wrong with it. */
const wrongSpecs = [
  [
    { recommend: [{ profile: "p", priority: -1 }] },
    "spec.recommend[0].priority: Invalid value: -1: should be greater than or equal to 0, which is the highest priority"
  ],
  [
    { profile: [{ name: "p", ptpSchedulingPriority: 66 }] },
    "spec.profile[0].ptpSchedulingPriority: Invalid value: 66: should be from 1 to 65"
  ],
  [
    { profile: [{ name: "p", ptpSchedulingPolicy: "SCHED_FIFO" }] },
    "spec.profile[0].ptpSchedulingPriority: Required value: ptpSchedulingPolicy SCHED_FIFO needs a priority from 1 to 65"
  ],
  [
    { profile: [{ name: "" }] },
    "spec.profile[0].name: Invalid value: \"\": should be a name that is not blank and has no control characters"
  ],
  [{ profile: [{ name: "p" }, { name: "p" }] }, "spec.profile[1]: Duplicate value: {\"name\":\"p\"}"]
] as const

/** Specs that are too wrong for rules to be evaluated on them, which kube-apiserver then says as well. */
const unreadableSpecs = [
  [
    { recommend: [{ profile: "p", priority: "x" }] },
    "spec.recommend[0].priority: Invalid value: \"string\": spec.recommend[0].priority in body must be of type integer: \"string\""
  ],
  [
    { profile: [{ name: "p", ptpSchedulingPolicy: "x" }] },
    "spec.profile[0].ptpSchedulingPolicy: Unsupported value: \"x\": supported values: \"SCHED_OTHER\", \"SCHED_FIFO\""
  ],
  [{ profile: [{ interface: "ens1f0" }] }, "spec.profile[0].name: Required value"],
  [
    { profile: [{ name: "p", interface: "x".repeat(16) }] },
    "spec.profile[0].interface: Too long: may not be more than 15 bytes"
  ],
  [
    { profile: Array.from({ length: 1025 }, (_, index) => ({ name: `p${index}` })) },
    "spec.profile: Too many: 1025: must have at most 1024 items"
  ],
  [
    { profile: [{ name: "p", ptp4lConf: "x".repeat(1024 * 1024 * 2) }] },
    "spec.profile[0].ptp4lConf: Too long: may not be more than 65536 bytes"
  ],
  [
    { profile: [{ name: "p", ptpSettings: { logReduce: true } }] },
    "spec.profile[0].ptpSettings.logReduce: Invalid value: \"boolean\": spec.profile[0].ptpSettings.logReduce in body must be of type string: \"boolean\""
  ]
] as const

const notChecked =
  "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; " +
  "correct the existing errors to complete validation"

const body = (bytes: number) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "x" },
  data: { x: "x".repeat(bytes) }
})

describe("refusals", () => {
  it.effect("says what is wrong with a custom resource in kube-apiserver's words", () =>
    Effect.gen(function*() {
      yield* install
      const cases: ReadonlyArray<readonly [unknown, string, string]> = [
        ...wrongSpecs.map(([spec, text]) => [spec, text, text] as const),
        ...unreadableSpecs.map(([spec, text]) => [spec, text, `[${text}, ${notChecked}]`] as const)
      ]
      for (const [spec, text, said] of cases) {
        const answer = yield* call("POST", cfgs, cfg("a", JSON.parse(JSON.stringify(spec))))
        assert.strictEqual(answer.status, 422)
        assert.strictEqual(textAt(answer.body, "message"), `NodePTPCfg.ptp.openshift.io "a" is invalid: ${said}`)
        const [cause] = listAt(answer.body, "details", "causes")
        assert.strictEqual(textAt(cause, "field"), text.slice(0, text.indexOf(": ")))
      }
    }).pipe(Effect.provide(server())))

  it.effect("lists every fault at once", () =>
    Effect.gen(function*() {
      yield* install
      const answer = yield* call("POST", cfgs, cfg("a", { profile: [{}, { name: 1 }] }))
      assert.include(
        textAt(answer.body, "message"),
        "is invalid: [spec.profile[0].name: Required value, spec.profile[1].name:"
      )
    }).pipe(Effect.provide(server())))

  it.effect("prunes unknown fields, with a warning unless told to ignore them, and refuses them when strict", () =>
    Effect.gen(function*() {
      yield* install
      const body = cfg("a", { foo: 1, profile: [{ name: "p", bar: 2 }] })
      const strict = yield* call("POST", `${cfgs}?fieldValidation=Strict`, body)
      assert.strictEqual(strict.status, 400)
      assert.strictEqual(
        textAt(strict.body, "message"),
        "NodePTPCfg in version \"v1\" cannot be handled as a NodePTPCfg: strict decoding error: " +
          "unknown field \"spec.foo\", unknown field \"spec.profile[0].bar\""
      )
      const warned = yield* call("POST", cfgs, body)
      assert.deepStrictEqual(at(warned.body, "spec"), { profile: [{ name: "p" }] })
      assert.include(warned.headers.get("warning") ?? "", "299 - \"unknown field \\\"spec.foo\\\"\"")
      const strange = yield* call("POST", cfgs, cfg("c", { "b\u00e4\n\u{1f600}": 1 }))
      assert.strictEqual(strange.headers.get("warning"), "299 - \"unknown field \\\"spec.b???\\\"\"")
      const ignored = yield* call("POST", `${cfgs}?fieldValidation=Ignore`, cfg("b", { foo: 1 }))
      assert.isNull(ignored.headers.get("warning"))
    }).pipe(Effect.provide(server())))

  it.effect("fills in defaults before it validates", () =>
    Effect.gen(function*() {
      const spec = {
        type: "object",
        default: {},
        required: ["a"],
        properties: { a: { type: "string", default: "x" }, b: { type: "array", items: { type: "integer" } } }
      }
      const schema = { openAPIV3Schema: { type: "object", properties: { spec } } }
      const names = { plural: "things", kind: "Thing" }
      yield* call("POST", crds, {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: "things.example.com" },
        spec: {
          group: "example.com",
          scope: "Cluster",
          names,
          versions: [{ name: "v1", served: true, storage: true, schema }]
        }
      })
      const thing = { apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "t" } }
      const answer = yield* call("POST", "/apis/example.com/v1/things", thing)
      assert.deepStrictEqual([answer.status, at(answer.body, "spec")], [201, { a: "x" }])
    }).pipe(Effect.provide(server())))

  it.effect("refuses a definition that cannot be served", () =>
    Effect.gen(function*() {
      const answer = yield* call("POST", crds, {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: "wrong" },
        spec: { group: "example.com", scope: "Cluster", names: { plural: "things", kind: "Thing" }, versions: [] }
      })
      assert.strictEqual(answer.status, 422)
      assert.include(textAt(answer.body, "message"), "must be spec.names.plural+\".\"+spec.group")
    }).pipe(Effect.provide(server())))

  it.effect("answers every malformed request with a Status, and goes on", () =>
    Effect.gen(function*() {
      yield* install
      const bodies = ["", "{", "null", "[]", "\"x\"", "{}", "{\"kind\":1}", `${"[".repeat(5000)}${"]".repeat(5000)}`]
      for (const body of bodies) {
        const answer = yield* call("POST", cfgs, body)
        assert.deepStrictEqual([body.slice(0, 9), answer.status, textAt(answer.body, "kind")], [
          body.slice(0, 9),
          400,
          "Status"
        ])
      }
      const protobuf = new Uint8Array([0x6b, 0x38, 0x73, 0x00, 0x0a, 0xff])
      const type = { "content-type": "application/vnd.kubernetes.protobuf" }
      assert.strictEqual((yield* call("POST", cfgs, protobuf, type)).status, 400)
      assert.strictEqual((yield* call("POST", cfgs, "a: &a [*a]", { "content-type": "application/yaml" })).status, 400)
      assert.strictEqual((yield* call("POST", cfgs, "x", { "content-type": "text/plain" })).status, 415)
      assert.strictEqual((yield* call("GET", `${cfgs}/%zz`)).status, 404)
      assert.strictEqual((yield* call("GET", "/nothing")).status, 404)
      assert.strictEqual((yield* call("POST", `${cfgs}/a`, cfg("a"))).status, 405)
      assert.strictEqual((yield* call("GET", `${cfgs}?labelSelector=%3D%3D`)).status, 400)
      assert.strictEqual((yield* call("GET", `${cfgs}?fieldSelector=spec.x%3D1`)).status, 400)
      assert.strictEqual((yield* call("GET", `${cfgs}?continue=x`)).status, 400)
      assert.strictEqual((yield* call("POST", cfgs, cfg("a"))).status, 201)
      assert.strictEqual((yield* patch(`${cfgs}/a`, "merge-patch+json", null)).status, 400)
      assert.strictEqual((yield* patch(`${cfgs}/a`, "merge-patch+json", { metadata: { name: "b" } })).status, 400)
    }).pipe(Effect.provide(server())))

  it.effect("refuses names and labels that Kubernetes refuses", () =>
    Effect.gen(function*() {
      yield* install
      const named = yield* call("POST", cfgs, cfg("Not_A_Name"))
      assert.strictEqual(named.status, 422)
      assert.include(
        textAt(named.body, "message"),
        "metadata.name: Invalid value: \"Not_A_Name\": a lowercase RFC 1123"
      )
      const labels = yield* call("POST", cfgs, { ...cfg("a"), metadata: { name: "a", labels: { x: 1 } } })
      assert.strictEqual(labels.status, 400)
    }).pipe(Effect.provide(server())))

  it.effect("refuses a body above 3 MiB and an object above 1 MiB with 413", () =>
    Effect.gen(function*() {
      const path = "/api/v1/namespaces/default/configmaps"
      const object = yield* call("POST", path, body(1024 * 1024))
      assert.strictEqual(object.status, 413)
      assert.include(textAt(object.body, "message"), "ConfigMap \"x\" is too large")
      const tooMuch = yield* call("POST", path, body(3 * 1024 * 1024))
      assert.deepStrictEqual([tooMuch.status, textAt(tooMuch.body, "message")], [
        413,
        "Request entity too large: limit is 3145728"
      ])
      assert.strictEqual((yield* call("POST", path, body(1000))).status, 201)
    }).pipe(Effect.provide(server())))
})
