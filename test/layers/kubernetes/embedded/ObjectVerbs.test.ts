import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { at, listAt, objectAt, textAt } from "../../../../src/layers/kubernetes/embedded/JsonTree.ts"
import { call, cfg, cfgs, crds, dev, devs, install, manifest, patch, server } from "./ApiClient.ts"

const apply = (manager: string, spec: Record<string, string>) =>
  patch(`${cfgs}/a?fieldManager=${manager}`, "apply-patch+yaml", cfg("a", { profile: [{ name: "p", ...spec }] }))

describe("objects over HTTP", () => {
  it.effect("creates with 201, refuses the name twice, and reads what it stored", () =>
    Effect.gen(function*() {
      yield* install
      const created = yield* call("POST", cfgs, cfg("a"))
      assert.strictEqual(created.status, 201)
      assert.strictEqual(at(created.body, "metadata", "generation"), 1)
      assert.strictEqual(textAt(created.body, "metadata", "namespace"), "ptp")
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
    }).pipe(Effect.provide(server())))

  it.effect("says which namespace is missing", () =>
    Effect.gen(function*() {
      yield* install
      const answer = yield* call("POST", cfgs.replace("/ptp/", "/nowhere/"), cfg("a"))
      assert.deepStrictEqual([answer.status, textAt(answer.body, "message")], [404, "namespaces \"nowhere\" not found"])
    }).pipe(Effect.provide(server())))

  it.effect("raises the generation for the spec only, and writes nothing for no change", () =>
    Effect.gen(function*() {
      yield* install
      const created = yield* call("POST", cfgs, cfg("a"))
      const labeled = yield* patch(`${cfgs}/a`, "merge-patch+json", { metadata: { labels: { x: "y" } } })
      assert.strictEqual(at(labeled.body, "metadata", "generation"), 1)
      assert.isAbove(
        Number(textAt(labeled.body, "metadata", "resourceVersion")),
        Number(textAt(created.body, "metadata", "resourceVersion"))
      )
      const same = yield* patch(`${cfgs}/a`, "merge-patch+json", { metadata: { labels: { x: "y" } } })
      assert.deepStrictEqual(same.body, labeled.body)
      const changed = yield* patch(`${cfgs}/a`, "merge-patch+json", { spec: { recommend: [{ profile: "p" }] } })
      assert.strictEqual(at(changed.body, "metadata", "generation"), 2)
    }).pipe(Effect.provide(server())))

  it.effect("refuses a write that was made for an older version, with 409", () =>
    Effect.gen(function*() {
      yield* install
      const created = yield* call("POST", cfgs, cfg("a"))
      yield* patch(`${cfgs}/a`, "merge-patch+json", { metadata: { labels: { x: "y" } } })
      const stale = yield* call("PUT", `${cfgs}/a`, created.body)
      assert.deepStrictEqual([stale.status, textAt(stale.body, "reason")], [409, "Conflict"])
      const text = "the object has been modified; please apply your changes to the latest version and try again"
      assert.isTrue(textAt(stale.body, "message").endsWith(text))
      const unversioned = yield* call("PUT", `${cfgs}/a`, cfg("a"))
      assert.strictEqual(unversioned.status, 422)
    }).pipe(Effect.provide(server())))

  it.effect("answers a replacement of what is not there with 404, with or without a version", () =>
    Effect.gen(function*() {
      yield* install
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
    }).pipe(Effect.provide(server())))

  it.effect("keeps status and the rest apart", () =>
    Effect.gen(function*() {
      yield* install
      const created = yield* call("POST", devs, { ...dev("n"), status: { clock: { state: "LOCKED" } } })
      assert.isUndefined(created.body["status"])
      const status = { clock: { state: "FREERUN" } }
      const written = yield* patch(`${devs}/n/status`, "merge-patch+json", { metadata: { labels: { x: "y" } }, status })
      assert.strictEqual(textAt(written.body, "status", "clock", "state"), "FREERUN")
      assert.isUndefined(at(written.body, "metadata", "labels"))
      assert.strictEqual(at(written.body, "metadata", "generation"), 1)
      const main = yield* patch(`${devs}/n`, "merge-patch+json", { status: { clock: { state: "LOCKED" } } })
      assert.strictEqual(textAt(main.body, "status", "clock", "state"), "FREERUN")
      const removed = yield* patch(`${devs}/n/status`, "merge-patch+json", { status: { clock: null } })
      assert.deepStrictEqual(at(removed.body, "status"), {})
    }).pipe(Effect.provide(server())))

  it.effect("applies JSON patches, and says which one does not fit", () =>
    Effect.gen(function*() {
      yield* install
      yield* call("POST", cfgs, cfg("a"))
      const path = "/spec/profile/0/interface"
      const added = yield* patch(`${cfgs}/a`, "json-patch+json", [{ op: "add", path, value: "ens1f0" }])
      assert.strictEqual(textAt(listAt(added.body, "spec", "profile")[0], "interface"), "ens1f0")
      const wrong = yield* patch(`${cfgs}/a`, "json-patch+json", [{ op: "remove", path: "/spec/none" }])
      assert.strictEqual(wrong.status, 400)
      const strategic = yield* patch(`${cfgs}/a`, "strategic-merge-patch+json", {})
      assert.strictEqual(strategic.status, 415)
    }).pipe(Effect.provide(server())))

  it.effect("applies a configuration, records its manager, and removes what is no longer applied", () =>
    Effect.gen(function*() {
      yield* install
      const created = yield* apply("first", { interface: "ens1f0", ptp4lOpts: "-2" })
      assert.strictEqual(created.status, 201)
      yield* apply("second", { phc2sysOpts: "-a -r" })
      const again = yield* apply("first", { interface: "ens1f1" })
      assert.strictEqual(again.status, 200)
      assert.deepStrictEqual(listAt(again.body, "spec", "profile"), [
        { name: "p", interface: "ens1f1", phc2sysOpts: "-a -r" }
      ])
      const managers = listAt(again.body, "metadata", "managedFields").map((
        entry
      ) => [textAt(entry, "manager"), textAt(entry, "operation")])
      assert.deepStrictEqual(managers.toSorted(), [["first", "Apply"], ["second", "Apply"]])
      const anonymous = yield* patch(`${cfgs}/a`, "apply-patch+yaml", cfg("a"))
      assert.strictEqual(anonymous.status, 422)
    }).pipe(Effect.provide(server())))

  it.effect("writes nothing with dryRun=All", () =>
    Effect.gen(function*() {
      yield* install
      const dry = yield* call("POST", `${cfgs}?dryRun=All`, cfg("a"))
      assert.strictEqual(dry.status, 201)
      assert.strictEqual((yield* call("GET", `${cfgs}/a`)).status, 404)
      yield* call("POST", cfgs, cfg("a"))
      yield* call("DELETE", `${cfgs}/a?dryRun=All`)
      assert.strictEqual((yield* call("GET", `${cfgs}/a`)).status, 200)
    }).pipe(Effect.provide(server())))

  it.effect("keeps no empty metadata, so that kubectl diff has nothing to show", () =>
    Effect.gen(function*() {
      yield* install
      const metadata = { name: "a", annotations: {}, labels: null, finalizers: [], creationTimestamp: null }
      const created = yield* call("POST", cfgs, { ...cfg("a"), metadata })
      const fields = ["creationTimestamp", "generation", "managedFields", "name", "namespace", "resourceVersion", "uid"]
      assert.deepStrictEqual(Object.keys(objectAt(created.body, "metadata")).toSorted(), fields)
    }).pipe(Effect.provide(server())))

  it.effect("makes a name from generateName", () =>
    Effect.gen(function*() {
      yield* install
      const answer = yield* call("POST", cfgs, { ...cfg("a"), metadata: { generateName: "a-" } })
      assert.match(textAt(answer.body, "metadata", "name"), /^a-.{5}$/)
    }).pipe(Effect.provide(server())))

  it.effect("keeps an object under deletion until its last finalizer is gone", () =>
    Effect.gen(function*() {
      yield* install
      yield* call("POST", cfgs, { ...cfg("a"), metadata: { name: "a", finalizers: ["x/y"] } })
      const deleted = yield* call("DELETE", `${cfgs}/a`)
      assert.isString(at(deleted.body, "metadata", "deletionTimestamp"))
      yield* patch(`${cfgs}/a`, "merge-patch+json", { metadata: { finalizers: null } })
      assert.strictEqual((yield* call("GET", `${cfgs}/a`)).status, 404)
    }).pipe(Effect.provide(server())))

  it.effect("deletes a collection by label, and a namespace with everything in it", () =>
    Effect.gen(function*() {
      yield* install
      yield* call("POST", cfgs, { ...cfg("a"), metadata: { name: "a", labels: { x: "y" } } })
      yield* call("POST", cfgs, cfg("b"))
      yield* call("DELETE", `${cfgs}?labelSelector=x%3Dy`)
      const left = yield* call("GET", cfgs)
      assert.deepStrictEqual(listAt(left.body, "items").map((item) => textAt(item, "metadata", "name")), ["b"])
      const deleted = yield* call("DELETE", "/api/v1/namespaces/ptp", { propagationPolicy: "Background" })
      assert.strictEqual(textAt(deleted.body, "status"), "Success")
      assert.deepStrictEqual((yield* call("GET", "/apis/ptp.openshift.io/v1/nodeptpcfgs")).body["items"], [])
    }).pipe(Effect.provide(server())))

  it.effect("forgets a kind with its definition, and knows it again with a new one", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* call("GET", cfgs)).status, 404)
      yield* install
      yield* call("POST", cfgs, cfg("a"))
      yield* call("DELETE", `${crds}/nodeptpcfgs.ptp.openshift.io`)
      assert.strictEqual((yield* call("GET", cfgs)).status, 404)
      const [definition] = manifest("01-crd.yaml")
      const created = yield* call("POST", crds, definition ?? {})
      const established = listAt(created.body, "status", "conditions").find((c) => textAt(c, "type") === "Established")
      assert.strictEqual(textAt(established, "status"), "True")
      assert.deepStrictEqual((yield* call("GET", cfgs)).body["items"], [])
    }).pipe(Effect.provide(server())))

  it.effect("shows one set of events in both versions", () =>
    Effect.gen(function*() {
      yield* install
      const event = {
        reason: "ClockLocked",
        note: "locked",
        regarding: { kind: "NodePTPDev", name: "n" },
        type: "Normal"
      }
      const metadata = { name: "n.1" }
      const path = "/apis/events.k8s.io/v1/namespaces/ptp/events"
      yield* call("POST", path, { apiVersion: "events.k8s.io/v1", kind: "Event", metadata, ...event })
      const core = yield* call("GET", "/api/v1/namespaces/ptp/events?fieldSelector=involvedObject.name%3Dn")
      const [found] = listAt(core.body, "items")
      assert.deepStrictEqual(
        [textAt(found, "apiVersion"), textAt(found, "message"), textAt(found, "involvedObject", "name")],
        ["v1", "locked", "n"]
      )
    }).pipe(Effect.provide(server())))
})
