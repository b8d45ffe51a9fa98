/** One edit is one trace: from the watch event, over HTTP, to the started process, exported to a receiver on loopback. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Layer, Logger, Queue, Schema } from "effect"
import { HttpBody, HttpClient, HttpClientRequest } from "effect/http"
import { createServer } from "node:http"
import * as PlainCredentials from "../../src/layers/kubernetes/credentials/PlainCredentials.ts"
import * as HttpKubernetesApi from "../../src/layers/kubernetes/HttpKubernetesApi.ts"
import * as Telemetry from "../../src/layers/observability/Telemetry.ts"
import * as FiberProcessSupervisor from "../../src/layers/processes/FiberProcessSupervisor.ts"
import { EmbeddedApiServer } from "../../src/layers/simulated/apiserver/EmbeddedApiServer.ts"
import * as InMemoryDeviceDiscovery from "../../src/layers/simulated/devices/InMemoryDeviceDiscovery.ts"
import * as SimulatedConfigurationCheck from "../../src/layers/simulated/linuxptp/SimulatedConfigurationCheck.ts"
import * as InMemoryLastKnownGood from "../../src/layers/simulated/state/InMemoryLastKnownGood.ts"
import { createManifests, readDeployedKinds } from "../../src/programs/cli/demo/CreateManifests.ts"
import * as NodeState from "../../src/programs/NodeState.ts"
import * as ReconcileProfiles from "../../src/programs/ReconcileProfiles.ts"
import { InstalledLinuxptp } from "../../src/services/linuxptp/InstalledLinuxptp.ts"
import { Settings } from "../../src/services/Settings.ts"
import { makeScriptedRunner, scriptedKnowledge } from "../layers/processes/ScriptedRunner.ts"
import { timePasses } from "./TimePasses.ts"

const Span = Schema.Struct({
  traceId: Schema.String,
  spanId: Schema.String,
  parentSpanId: Schema.optional(Schema.String),
  name: Schema.String,
  attributes: Schema.Array(Schema.Struct({ key: Schema.String, value: Schema.Json }))
})
const Export = Schema.fromJsonString(Schema.Struct({
  resourceSpans: Schema.Array(
    Schema.Struct({ scopeSpans: Schema.Array(Schema.Struct({ spans: Schema.Array(Span) })) })
  )
}))
type Span = typeof Span.Type

/** An OTLP receiver: every span that arrives, in a queue. */
const makeReceiver = Effect.gen(function*() {
  const spans = yield* Queue.unbounded<Span>()
  const server = yield* Effect.acquireRelease(
    Effect.callback<ReturnType<typeof createServer>>((resume) => {
      const receiver = createServer((request, response) => {
        let body = ""
        request.setEncoding("utf8").on("data", (text: string) => body += text).on("end", () => {
          for (const { scopeSpans } of Schema.decodeSync(Export)(body).resourceSpans) {
            for (const scope of scopeSpans) Queue.offerAllUnsafe(spans, scope.spans)
          }
          response.writeHead(200, { "content-type": "application/json" }).end("{}")
        })
      }).listen(0, "127.0.0.1", () => resume(Effect.succeed(receiver)))
    }),
    (receiver) =>
      Effect.callback<void>((resume) => {
        receiver.close(() => resume(Effect.void))
        receiver.closeAllConnections()
      })
  )
  const address = server.address()
  return { spans, url: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}` }
})

const config = (options: string) => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name: "traced", namespace: "ptp" },
  spec: {
    profile: [{ name: "profile1", interface: "ens1f0", ptp4lOpts: options }],
    recommend: [{ profile: "profile1", priority: 4, match: [{ nodeName: "worker-1" }] }]
  }
})

const settings = Layer.succeed(Settings, {
  nodeName: "worker-1",
  namespace: "ptp",
  runDirectory: "/run/test",
  stateDirectory: "/run/test",
  sysfsRoot: "/sys",
  metricsPort: 0,
  healthPort: 0,
  logLevel: "Error",
  logFormat: "json"
})

describe("a trace", () => {
  it.effect("covers one edit of a NodePTPCfg from the watch event to the started process", () =>
    Effect.gen(function*() {
      yield* Effect.forkScoped(timePasses)
      const receiver = yield* makeReceiver
      const { url } = yield* EmbeddedApiServer
      const runner = yield* makeScriptedRunner
      const node = Layer.mergeAll(
        NodeState.layer,
        settings,
        InMemoryDeviceDiscovery.layer([]),
        SimulatedConfigurationCheck.layer,
        InMemoryLastKnownGood.layer(),
        Layer.succeed(InstalledLinuxptp, { version: Effect.succeedSome({ major: 4, minor: 4, patch: 0 }) }),
        FiberProcessSupervisor.layer(scriptedKnowledge({ becomesReady: () => true })).pipe(Layer.provide(runner.layer)),
        HttpKubernetesApi.layer({ namespace: "ptp", nodeName: "worker-1", component: "test" }).pipe(
          Layer.provide(PlainCredentials.layer({ server: url }))
        )
      ).pipe(
        Layer.provideMerge(Telemetry.traces({ nodeName: "worker-1", version: "test" })),
        Layer.provide(ConfigProvider.layer(ConfigProvider.fromEnv({
          env: {
            OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
            OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
            OTEL_BSP_SCHEDULE_DELAY: "100"
          }
        })))
      )
      yield* createManifests(url, yield* readDeployedKinds)
      yield* createManifests(url, [config("-2")])
      yield* Effect.forkScoped(Effect.provide(ReconcileProfiles.run, node))
      yield* Queue.take(runner.started)
      yield* HttpClientRequest.patch(`${url}/apis/ptp.openshift.io/v1/namespaces/ptp/nodeptpcfgs/traced`).pipe(
        HttpClientRequest.setBody(
          HttpBody.text(JSON.stringify({ spec: config("-4").spec }), "application/merge-patch+json")
        ),
        HttpClient.execute
      )
      yield* Queue.take(runner.started)

      const wanted = [
        "ProcessLife.start",
        "ProcessSupervisor.stop",
        "ProcessSupervisor.apply",
        "ProfileSelection.decide",
        "ReconcileProfiles.reconcile"
      ]
      const byTrace = new Map<string, Array<Span>>()
      const complete = Effect.gen(function*() {
        const span = yield* Queue.take(receiver.spans)
        const trace = byTrace.get(span.traceId) ?? []
        byTrace.set(span.traceId, [...trace, span])
        const names = new Set([...trace, span].map(({ name }) => name))
        return wanted.every((name) => names.has(name)) && names.has("NodePTPCfg MODIFIED")
          ? [...trace, span]
          : undefined
      })
      const trace = (yield* Effect.repeat(complete, { until: (found) => found !== undefined })) ?? []
      const root = trace.find(({ name }) => name === "NodePTPCfg MODIFIED")
      const isBelowRoot = (span: Span): boolean =>
        span.spanId === root?.spanId || trace.some((other) => other.spanId === span.parentSpanId && isBelowRoot(other))
      assert.isTrue(trace.filter(({ name }) => wanted.includes(name)).every(isBelowRoot))
      const generation = root?.attributes.find(({ key }) => key === "generation")
      assert.deepStrictEqual(generation?.value, { intValue: 2 })
    }).pipe(
      Effect.scoped,
      Effect.provide(Layer.mergeAll(
        EmbeddedApiServer.layer({ port: 0 }),
        NodeFileSystem.layer,
        NodeHttpClient.layerNodeHttp,
        Logger.layer([])
      ))
    ))
})
