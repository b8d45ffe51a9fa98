import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Metric, Option, Stream, Tracer } from "effect"
import { nodes } from "../../../src/services/kubernetes/Node.ts"
import { nodePTPDevs } from "../../../src/services/kubernetes/NodePTPDev.ts"
import { version } from "../../../src/services/Version.ts"
import { connectScripted } from "./ScriptedClient.ts"

const collection = "/apis/ptp.openshift.io/v1/namespaces/ptp/nodeptpdevs"
const device = (resourceVersion: string) => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPDev",
  metadata: { name: "worker-1", namespace: "ptp", resourceVersion }
})
const listed = { metadata: { resourceVersion: "9" }, items: [device("5")] }
const status = (code: number, message: string) => ({ kind: "Status", code, message })

describe("requests", () => {
  it.effect("gets an object as a LIST of one, which needs no verb beside the watch's", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      const found = yield* Effect.forkChild(api.get(nodePTPDevs, "worker-1"))
      const first = yield* server.next
      assert.deepStrictEqual([first.method, first.path], ["GET", collection])
      assert.deepStrictEqual(first.params, { fieldSelector: "metadata.name=worker-1", limit: "500" })
      yield* first.answer(200, listed)
      assert.deepStrictEqual(yield* Fiber.join(found), Option.some(device("5")))
    }))

  it.effect("gets None when the object, or its kind, is not there", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      const answers = [
        { code: 200, body: { metadata: { resourceVersion: "9" }, items: [] } },
        { code: 404, body: status(404, "not found") }
      ]
      for (const { body, code } of answers) {
        const missing = yield* Effect.forkChild(api.get(nodes, "worker/2"))
        const request = yield* server.next
        assert.deepStrictEqual([request.path, request.params["fieldSelector"]], [
          "/api/v1/nodes",
          "metadata.name=worker/2"
        ])
        yield* request.answer(code, body)
        assert.deepStrictEqual(yield* Fiber.join(missing), Option.none())
      }
    }))

  it.effect("creates an object and fills in apiVersion, kind and namespace", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      const created = yield* Effect.forkChild(api.create(nodePTPDevs, { metadata: { name: "worker-1" }, spec: {} }))
      const request = yield* server.next
      assert.deepStrictEqual([request.method, request.path], ["POST", collection])
      assert.deepStrictEqual(request.params, { fieldManager: "linuxptp-daemon" })
      assert.deepStrictEqual(request.body, {
        apiVersion: "ptp.openshift.io/v1",
        kind: "NodePTPDev",
        metadata: { name: "worker-1", namespace: "ptp" },
        spec: {}
      })
      yield* request.answer(201, device("6"))
      assert.deepStrictEqual(yield* Fiber.join(created), device("6"))
    }))

  it.effect("merge-patches the status subresource", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      const patched = yield* Effect.forkChild(api.patchStatus(nodePTPDevs, "worker-1", { clock: null, profiles: [] }))
      const request = yield* server.next
      assert.deepStrictEqual([request.method, request.path], ["PATCH", `${collection}/worker-1/status`])
      assert.deepStrictEqual(request.params, { fieldManager: "linuxptp-daemon" })
      assert.strictEqual(request.headers["content-type"], "application/merge-patch+json")
      assert.deepStrictEqual(request.body, { status: { clock: null, profiles: [] } })
      yield* request.answer(200, device("7"))
      assert.strictEqual((yield* Fiber.join(patched)).metadata.resourceVersion, "7")
    }))

  it.effect("lists a kind in the daemon's namespace", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      const listed = yield* Effect.forkChild(api.list(nodePTPDevs))
      const request = yield* server.next
      assert.deepStrictEqual([request.path, request.params], [collection, { limit: "500" }])
      yield* request.answer(200, { metadata: { resourceVersion: "9" }, items: null })
      assert.deepStrictEqual(yield* Fiber.join(listed), [])
    }))

  it.effect("is one span, named for what it does, that the server is told of", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      const ended: Array<string> = []
      const tracer = Tracer.make({
        span: (spanOptions) => {
          const span = new Tracer.NativeSpan(spanOptions)
          const end = span.end.bind(span)
          span.end = (time, exit) => {
            ended.push(span.name)
            end(time, exit)
          }
          return span
        }
      })
      const found = yield* Effect.forkChild(api.get(nodePTPDevs, "worker-1").pipe(Effect.withTracer(tracer)))
      const request = yield* server.next
      assert.match(String(request.headers["traceparent"]), /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
      yield* request.answer(200, listed)
      yield* Fiber.join(found)
      assert.deepStrictEqual(ended, ["list nodeptpdevs"])
    }))

  it.effect("counts in the metric by verb and code", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      const registry = new Map()
      const asked = yield* api.list(nodePTPDevs).pipe(
        Effect.provideService(Metric.MetricRegistry, registry),
        Effect.exit,
        Effect.forkChild
      )
      yield* (yield* server.next).answer(403, status(403, "no"))
      yield* Fiber.join(asked)
      const counted = (yield* Metric.snapshot.pipe(Effect.provideService(Metric.MetricRegistry, registry)))
        .filter(({ id }) => id === "linuxptp_daemon_api_requests_total")
        .map(({ attributes, state }) => ({ attributes, state }))
      assert.deepStrictEqual(counted, [{
        attributes: { verb: "list", code: "403" },
        state: { count: 1, incremental: true }
      }])
    }))

  it.effect("name the program and its version, watches too", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      yield* Effect.forkScoped(Stream.runDrain(api.watchAll(nodes)))
      const watch = yield* server.next
      yield* Effect.forkScoped(Effect.exit(api.patchStatus(nodePTPDevs, "worker-1", {})))
      const patch = yield* server.next
      assert.deepStrictEqual([watch, patch].map(({ headers, method }) => [method, headers["user-agent"]]), [
        ["GET", `linuxptp-daemon/${version}`],
        ["PATCH", `linuxptp-daemon/${version}`]
      ])
    }))

  it.effect("share one connection, beside one for each watch", () =>
    Effect.gen(function*() {
      const { api, server } = yield* connectScripted
      const watched = [nodePTPDevs, nodes]
      yield* Effect.forEach(watched, (kind) => Effect.forkScoped(Stream.runDrain(api.watchAll(kind))))
      const watches = yield* Effect.forEach(watched, () => server.next)
      const asked = yield* Effect.forkChild(
        Effect.forEach(["a", "b", "c"], (name) => api.get(nodePTPDevs, name), { concurrency: "unbounded" })
      )
      const gets: Array<number> = []
      for (const _ of ["a", "b", "c"]) {
        const request = yield* server.next
        gets.push(request.connection)
        yield* request.answer(200, listed)
      }
      yield* Fiber.join(asked)
      assert.strictEqual(new Set(gets).size, 1)
      assert.strictEqual(new Set([...gets, ...watches.map(({ connection }) => connection)]).size, 3)
    }))
})
