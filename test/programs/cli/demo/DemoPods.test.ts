import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { objectAt } from "../../../../src/layers/simulated/apiserver/JsonTree.ts"
import { createPod, podName, withPodLogs } from "../../../../src/programs/cli/demo/DemoPods.ts"
import { makePodLog } from "../../../../src/programs/cli/demo/PodLog.ts"
import { call } from "../../../contract/ApiClient.ts"
import { manifest } from "../../../contract/Workspace.ts"
import { server } from "../../../layers/simulated/apiserver/EmbeddedServerUnderTest.ts"

const pods = "/api/v1/namespaces/ptp/pods"
const mine = `${pods}/${podName("worker-1")}`

/** A server with the pod of one node, whose log has one line. */
const demo = Layer.unwrap(Effect.gen(function*() {
  const log = yield* makePodLog
  yield* Effect.provide(Effect.logInfo("hello"), Logger.layer([log.logger]))
  const front = withPodLogs(new Map([[podName("worker-1"), log]]))
  return Layer.provideMerge(Layer.effectDiscard(createPod("worker-1")), server({ front }))
}))

describe("the demo's pods", () => {
  it.effect("are as the DaemonSet would make them: named, labelled, running and ready on their node", () =>
    Effect.gen(function*() {
      const daemonSet = manifest("ptp-daemon.yaml").find((document) => document["kind"] === "DaemonSet")
      const { body } = yield* call("GET", mine)
      assert.deepStrictEqual(
        objectAt(body, "metadata", "labels"),
        objectAt(daemonSet ?? {}, "spec", "template", "metadata", "labels")
      )
      assert.deepNestedInclude(body, {
        "metadata.name": "linuxptp-daemon-worker-1",
        "spec.nodeName": "worker-1",
        "status.phase": "Running"
      })
    }).pipe(Effect.provide(demo)))

  it.effect("have logs", () =>
    Effect.gen(function*() {
      const { body, headers, status } = yield* call(
        "GET",
        `${mine}/log?container=linuxptp-daemon&tailLines=5&sinceSeconds=60`
      )
      assert.strictEqual(status, 200)
      assert.strictEqual(headers["content-type"], "text/plain")
      assert.strictEqual(body["message"], "hello")
    }).pipe(Effect.provide(demo)))

  it.effect.each<readonly [string, number]>([
    [`${mine}/log?container=other`, 400],
    [`${mine}/log?previous=true`, 400],
    [`${pods}/linuxptp-daemon-worker-2/log`, 404],
    [`/api/v1/namespaces/default/pods/${podName("worker-1")}/log`, 404]
  ])("say of %s why there is no log: %d", ([path, expected]) =>
    Effect.gen(function*() {
      const { body, status } = yield* call("GET", path)
      assert.strictEqual(status, expected)
      assert.strictEqual(body["kind"], "Status")
    }).pipe(Effect.provide(demo)))

  it.effect("cannot be written", () =>
    Effect.gen(function*() {
      const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "other" } }
      for (
        const [method, path] of [["POST", pods], ["DELETE", pods], ["DELETE", mine], ["PUT", mine], [
          "PATCH",
          mine
        ]] as const
      ) {
        assert.strictEqual((yield* call(method, path, pod)).status, 403, `${method} ${path}`)
      }
      assert.strictEqual((yield* call("GET", mine)).status, 200)
    }).pipe(Effect.provide(demo)))

  it.effect("are all that is answered before the API", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* call("GET", "/api/v1/namespaces/ptp/configmaps")).status, 200)
      assert.strictEqual((yield* call("GET", "/version")).status, 200)
      assert.strictEqual((yield* call("GET", "//")).status, 400)
    }).pipe(Effect.provide(demo)))
})
