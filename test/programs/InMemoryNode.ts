/** A node whose API, hardware and processes are all in memory: what the programs' tests run against. */
import { Clock, Effect, Layer, Option, Queue, Stream, SubscriptionRef } from "effect"
import { mergePatch } from "../../src/layers/simulated/apiserver/MergePatch.ts"
import * as InMemoryDeviceDiscovery from "../../src/layers/simulated/devices/InMemoryDeviceDiscovery.ts"
import * as SimulatedConfigurationCheck from "../../src/layers/simulated/linuxptp/SimulatedConfigurationCheck.ts"
import * as InMemoryLastKnownGood from "../../src/layers/simulated/state/InMemoryLastKnownGood.ts"
import * as NodeState from "../../src/programs/NodeState.ts"
import {
  KubernetesApi,
  KubernetesApiError,
  type KubernetesApiReason,
  type NodeEvent
} from "../../src/services/kubernetes/KubernetesApi.ts"
import type { KubernetesObject, ResourceType } from "../../src/services/kubernetes/KubernetesObject.ts"
import { InstalledLinuxptp } from "../../src/services/linuxptp/InstalledLinuxptp.ts"
import type { LinuxptpVersion } from "../../src/services/linuxptp/LinuxptpVersion.ts"
import { type ManagementAnswer, ManagementClient } from "../../src/services/linuxptp/ManagementClient.ts"
import type { ProcessSpec } from "../../src/services/processes/ProcessSpec.ts"
import {
  type ProcessLine,
  type ProcessStatus,
  ProcessSupervisor
} from "../../src/services/processes/ProcessSupervisor.ts"
import { Settings } from "../../src/services/Settings.ts"

type Objects = ReadonlyMap<string, ReadonlyArray<KubernetesObject>>

export const failure = (reason: KubernetesApiReason, retryAfterSeconds = 0) =>
  new KubernetesApiError({ reason, verb: "test", path: "/test", detail: "scripted", retryAfterSeconds })

export const makeInMemoryNode = Effect.gen(function*() {
  const objects = yield* SubscriptionRef.make<Objects>(new Map())
  const linuxptp = yield* SubscriptionRef.make<Option.Option<LinuxptpVersion>>(
    Option.some({ major: 4, minor: 4, patch: 0 })
  )
  const statuses = yield* SubscriptionRef.make<ReadonlyArray<ProcessStatus>>([])
  const applied = yield* Queue.unbounded<ReadonlyArray<ProcessSpec>>()
  const retried = yield* Queue.unbounded<ReadonlyArray<string>>()
  const written = yield* Queue.unbounded<KubernetesObject>()
  const events = yield* Queue.unbounded<NodeEvent>()
  /** What a ptp4l answers on the socket of this path. */
  const answers = new Map<string, ManagementAnswer>()
  const lines = yield* Queue.unbounded<ProcessLine>()
  /** Failures that the next writes meet. */
  const failures: Array<KubernetesApiError> = []
  let lastVersion = 0

  const set = (resource: ResourceType, list: ReadonlyArray<KubernetesObject>) =>
    SubscriptionRef.update(objects, (all) => new Map(all).set(resource.plural, list))
  const get = (resource: ResourceType, name: string) =>
    Effect.map(
      SubscriptionRef.get(objects),
      (all) => Option.fromUndefinedOr(all.get(resource.plural)?.find((object) => object.metadata.name === name))
    )
  const refused = yield* Queue.unbounded<KubernetesApiReason>()
  const failOnce = Effect.suspend(() => {
    const error = failures.shift()
    return error === undefined
      ? Effect.void
      : Effect.andThen(Queue.offer(refused, error.reason), Effect.fail(error))
  })
  const store = (resource: ResourceType, object: KubernetesObject) =>
    Effect.gen(function*() {
      const all = (yield* SubscriptionRef.get(objects)).get(resource.plural) ?? []
      yield* set(resource, [...all.filter((other) => other.metadata.name !== object.metadata.name), object])
      return object
    })

  const api = Layer.succeed(KubernetesApi, {
    watchAll: (resource, options) =>
      SubscriptionRef.changes(objects).pipe(
        Stream.filter((all) => all.has(resource.plural)),
        Stream.map((all) =>
          (all.get(resource.plural) ?? []).filter((object) =>
            options?.name === undefined || object.metadata.name === options.name
          )
        ),
        Stream.changes,
        Stream.mapEffect((list) =>
          Effect.map(Clock.monotonicTimeNanos, (receivedAtNanos) => ({
            objects: list,
            change: {
              type: "MODIFIED" as const,
              name: "",
              generation: undefined,
              resourceVersion: String(lastVersion),
              receivedAtNanos,
              span: Option.none()
            }
          }))
        )
      ),
    list: (resource) => Effect.map(SubscriptionRef.get(objects), (all) => all.get(resource.plural) ?? []),
    get,
    create: Effect.fnUntraced(function*(resource, object) {
      yield* failOnce
      return yield* store(resource, {
        ...object,
        metadata: { ...object.metadata, resourceVersion: String(++lastVersion) }
      })
    }),
    patchStatus: Effect.fnUntraced(function*(resource, name, status, resourceVersion) {
      yield* failOnce
      const found = yield* get(resource, name)
      if (Option.isNone(found)) return yield* failure("NotFound")
      if (resourceVersion !== undefined && resourceVersion !== found.value.metadata.resourceVersion) {
        return yield* failure("Conflict")
      }
      const metadata = { ...found.value.metadata, resourceVersion: String(++lastVersion) }
      const next = { ...found.value, metadata, status: mergePatch(found.value["status"] ?? {}, status) }
      yield* store(resource, next)
      yield* Queue.offer(written, next)
      return next
    }),
    recordEvent: (event) => Effect.asVoid(Queue.offer(events, event)),
    watches: Effect.succeed([])
  })

  const supervisor = Layer.succeed(ProcessSupervisor, {
    apply: (desired) => Effect.asVoid(Queue.offer(applied, desired)),
    stop: Effect.void,
    retryNow: (interfaces) => Effect.asVoid(Queue.offer(retried, interfaces)),
    statuses: SubscriptionRef.changes(statuses),
    output: Stream.fromQueue(lines)
  })

  const layer = Layer.mergeAll(
    NodeState.layer,
    api,
    supervisor,
    InMemoryDeviceDiscovery.layer([]),
    SimulatedConfigurationCheck.layer,
    Layer.succeed(ManagementClient, {
      isAvailable: true,
      ask: ({ path }) => Effect.succeed(Option.fromUndefinedOr(answers.get(path))),
      isReachable: () => Effect.succeed(true),
      follow: () => Effect.never
    }),
    InMemoryLastKnownGood.layer(),
    Layer.succeed(InstalledLinuxptp, { version: SubscriptionRef.get(linuxptp) }),
    Layer.succeed(Settings, {
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
  )
  return { layer, set, linuxptp, statuses, answers, applied, retried, written, events, lines, failures, refused }
})

/** A NodePTPCfg that recommends one ptp4l profile to worker-1. */
export const ptp4lConfig = (options: string, name = "config1"): KubernetesObject => ({
  apiVersion: "ptp.openshift.io/v1",
  kind: "NodePTPCfg",
  metadata: { name, namespace: "ptp", uid: `uid-${name}` },
  spec: {
    profile: [{ name: "profile1", interface: "ens1f0", ptp4lOpts: options }],
    recommend: [{ profile: "profile1", priority: 4, match: [{ nodeName: "worker-1" }] }]
  }
})
