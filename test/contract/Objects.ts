/**
 * Objects over HTTP: create, read, replace and delete, and how these change metadata. Patches have a suite of their
 * own.
 */
import { assert, describe } from "@effect/vitest"
import { Effect } from "effect"
import { at, type JsonObject, listAt, objectAt, textAt } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call, patch } from "./ApiClient.ts"
import type { ContractTests } from "./ApiServerUnderTest.ts"
import { cfg, dev, ownName, workspace } from "./Workspace.ts"

const merge = "merge-patch+json"
const names = (list: JsonObject) => listAt(list, "items").map((item) => textAt(item, "metadata", "name"))

export const objectsContract = (it: ContractTests) =>
  describe("objects", () => {
    writes(it)
    deletions(it)
  })

const writes = (it: ContractTests) => {
  it.effect("creates with 201, refuses the name twice, and reads what it stored", () =>
    Effect.gen(function*() {
      const { cfgs, namespace } = yield* workspace
      const created = yield* call("POST", cfgs, cfg("a"))
      assert.strictEqual(created.status, 201)
      assert.strictEqual(at(created.body, "metadata", "generation"), 1)
      assert.strictEqual(textAt(created.body, "metadata", "namespace"), namespace)
      const twice = yield* call("POST", cfgs, cfg("a"))
      assert.deepStrictEqual([twice.status, textAt(twice.body, "reason"), textAt(twice.body, "message")], [
        409,
        "AlreadyExists",
        "nodeptpcfgs.ptp.openshift.io \"a\" already exists"
      ])
      const read = yield* call("GET", `${cfgs}/a`)
      assert.deepStrictEqual(read.body, created.body)
      const missing = yield* call("GET", `${cfgs}/b`)
      assert.deepStrictEqual([missing.status, textAt(missing.body, "message")], [
        404,
        "nodeptpcfgs.ptp.openshift.io \"b\" not found"
      ])
      assert.deepStrictEqual(at(missing.body, "details"), {
        name: "b",
        group: "ptp.openshift.io",
        kind: "nodeptpcfgs"
      })
    }))

  it.effect("says which namespace is missing", () =>
    Effect.gen(function*() {
      const { cfgs, namespace } = yield* workspace
      const answer = yield* call("POST", cfgs.replace(namespace, "nowhere"), cfg("a"))
      assert.deepStrictEqual([answer.status, textAt(answer.body, "message")], [404, "namespaces \"nowhere\" not found"])
    }))

  it.effect("raises the generation for the spec only, and writes nothing for no change", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const created = yield* call("POST", cfgs, cfg("a"))
      const labeled = yield* patch(`${cfgs}/a`, merge, { metadata: { labels: { x: "y" } } })
      assert.strictEqual(at(labeled.body, "metadata", "generation"), 1)
      const version = textAt(labeled.body, "metadata", "resourceVersion")
      assert.notStrictEqual(version, textAt(created.body, "metadata", "resourceVersion"))
      const same = yield* patch(`${cfgs}/a`, merge, { metadata: { labels: { x: "y" } } })
      assert.strictEqual(textAt(same.body, "metadata", "resourceVersion"), version)
      const changed = yield* patch(`${cfgs}/a`, merge, { spec: { recommend: [{ profile: "p" }] } })
      assert.strictEqual(at(changed.body, "metadata", "generation"), 2)
    }))

  it.effect("refuses a write that was made for an older version, with 409", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const created = yield* call("POST", cfgs, cfg("a"))
      yield* patch(`${cfgs}/a`, merge, { metadata: { labels: { x: "y" } } })
      const stale = yield* call("PUT", `${cfgs}/a`, created.body)
      assert.deepStrictEqual([stale.status, textAt(stale.body, "reason")], [409, "Conflict"])
      const text = "the object has been modified; please apply your changes to the latest version and try again"
      assert.isTrue(textAt(stale.body, "message").endsWith(text))
      const unversioned = yield* call("PUT", `${cfgs}/a`, cfg("a"))
      assert.deepStrictEqual([unversioned.status, textAt(unversioned.body, "message")], [
        422,
        "nodeptpcfgs.ptp.openshift.io \"a\" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update"
      ])
    }))

  it.effect("answers a replacement of what is not there with 404, with or without a version", () =>
    Effect.gen(function*() {
      const { cfgs, devs } = yield* workspace
      const versioned = { ...cfg("a"), metadata: { name: "a", resourceVersion: "1" } }
      for (const body of [cfg("a"), versioned]) {
        const answer = yield* call("PUT", `${cfgs}/a`, body)
        assert.deepStrictEqual([answer.status, textAt(answer.body, "reason"), textAt(answer.body, "message")], [
          404,
          "NotFound",
          "nodeptpcfgs.ptp.openshift.io \"a\" not found"
        ])
      }
      assert.strictEqual((yield* call("PUT", `${devs}/a/status`, dev("a"))).status, 404)
    }))

  it.effect("writes nothing with dryRun=All", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const dry = yield* call("POST", `${cfgs}?dryRun=All`, cfg("a"))
      assert.strictEqual(dry.status, 201)
      assert.strictEqual((yield* call("GET", `${cfgs}/a`)).status, 404)
      yield* call("POST", cfgs, cfg("a"))
      yield* call("DELETE", `${cfgs}/a?dryRun=All`)
      assert.strictEqual((yield* call("GET", `${cfgs}/a`)).status, 200)
    }))

  it.effect("keeps no empty metadata, so that kubectl diff has nothing to show", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const metadata = { name: "a", annotations: {}, labels: null, finalizers: [], creationTimestamp: null }
      const created = yield* call("POST", cfgs, { ...cfg("a"), metadata })
      const { managedFields: _managedFields, ...kept } = objectAt(created.body, "metadata")
      const fields = ["creationTimestamp", "generation", "name", "namespace", "resourceVersion", "uid"]
      assert.deepStrictEqual(Object.keys(kept).toSorted(), fields)
    }))

  it.effect("makes a name from generateName", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const answer = yield* call("POST", cfgs, { ...cfg("a"), metadata: { generateName: "a-" } })
      assert.match(textAt(answer.body, "metadata", "name"), /^a-.{5}$/)
    }))

  it.effect("shows one set of events in both versions", () =>
    Effect.gen(function*() {
      const { namespace } = yield* workspace
      const created = yield* call("POST", `/apis/events.k8s.io/v1/namespaces/${namespace}/events`, {
        apiVersion: "events.k8s.io/v1",
        kind: "Event",
        metadata: { name: "n.1" },
        eventTime: "2026-01-01T00:00:00.000000Z",
        reportingController: "linuxptp-daemon",
        reportingInstance: "n",
        action: "ClockLocked",
        reason: "ClockLocked",
        note: "locked",
        regarding: { kind: "NodePTPDev", name: "n", namespace },
        type: "Normal"
      })
      assert.strictEqual(created.status, 201)
      const core = yield* call("GET", `/api/v1/namespaces/${namespace}/events?fieldSelector=involvedObject.name%3Dn`)
      const [found] = listAt(core.body, "items")
      assert.deepStrictEqual(
        ["message", "reportingComponent", "reason", "type"].map((field) => textAt(found, field)),
        ["locked", "linuxptp-daemon", "ClockLocked", "Normal"]
      )
      assert.strictEqual(textAt(found, "involvedObject", "name"), "n")
      // kubectl get events --sort-by=.lastTimestamp asks for the field, whatever is in it.
      assert.deepStrictEqual([at(found, "firstTimestamp"), at(found, "lastTimestamp")], [null, null])
    }))
}

const deletions = (it: ContractTests) => {
  it.effect("answers a deletion with what was deleted, and then with 404", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const created = yield* call("POST", cfgs, cfg("a"))
      const deleted = yield* call("DELETE", `${cfgs}/a`)
      const { details, status } = deleted.body
      assert.deepStrictEqual([deleted.status, status, details], [200, "Success", {
        name: "a",
        group: "ptp.openshift.io",
        kind: "nodeptpcfgs",
        uid: textAt(created.body, "metadata", "uid")
      }])
      assert.strictEqual((yield* call("DELETE", `${cfgs}/a`)).status, 404)
    }))

  it.effect("deletes only the object that was meant, by its uid", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      const created = yield* call("POST", cfgs, cfg("a"))
      const other = "00000000-0000-4000-8000-000000000000"
      const refused = yield* call("DELETE", `${cfgs}/a`, { preconditions: { uid: other } })
      const uid = textAt(created.body, "metadata", "uid")
      assert.deepStrictEqual([refused.status, textAt(refused.body, "message")], [
        409,
        `Operation cannot be fulfilled on NodePTPCfg.ptp.openshift.io "a": the UID in the precondition (${other}) does not ` +
        `match the UID in record (${uid}). The object might have been deleted and then recreated`
      ])
      assert.deepStrictEqual(at(refused.body, "details"), { name: "a", group: "ptp.openshift.io", kind: "NodePTPCfg" })
      const stale = yield* call("DELETE", `${cfgs}/a`, { preconditions: { resourceVersion: "1" } })
      assert.strictEqual(stale.status, 409)
      assert.strictEqual((yield* call("DELETE", `${cfgs}/a`, { preconditions: { uid } })).status, 200)
    }))

  it.effect("keeps an object under deletion until its last finalizer is gone", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      yield* call("POST", cfgs, { ...cfg("a"), metadata: { name: "a", finalizers: ["x/y"] } })
      const deleted = yield* call("DELETE", `${cfgs}/a`)
      assert.isString(at(deleted.body, "metadata", "deletionTimestamp"))
      yield* patch(`${cfgs}/a`, merge, { metadata: { finalizers: null } })
      assert.strictEqual((yield* call("GET", `${cfgs}/a`)).status, 404)
    }))

  it.effect("deletes a collection by label", () =>
    Effect.gen(function*() {
      const { cfgs } = yield* workspace
      yield* call("POST", cfgs, { ...cfg("a"), metadata: { name: "a", labels: { x: "y" } } })
      yield* call("POST", cfgs, cfg("b"))
      const deleted = yield* call("DELETE", `${cfgs}?labelSelector=x%3Dy`)
      assert.deepStrictEqual(names(deleted.body), ["a"])
      assert.deepStrictEqual(names((yield* call("GET", cfgs)).body), ["b"])
    }))

  it.effect("takes a namespace as it is, with its name as a label", () =>
    Effect.gen(function*() {
      const name = ownName("named")
      const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name } }
      const created = yield* call("POST", "/api/v1/namespaces", namespace)
      assert.deepStrictEqual(
        [at(created.body, "metadata", "labels"), created.body["spec"], created.body["status"]],
        [{ "kubernetes.io/metadata.name": name }, { finalizers: ["kubernetes"] }, { phase: "Active" }]
      )
    }))
}
