/**
 * The state of the API server. It outlives the server, can be saved and restored, and reports each write. It starts as
 * a cluster with the manifests of `deploy/`.
 */
import { Duration, Effect } from "effect"
import { readFileSync } from "node:fs"
import { parseAllDocuments } from "yaml"
import { customResourceDefinitions, namespaces } from "../../src/layers/simulated/apiserver/BuiltInKinds.ts"
import { established } from "../../src/layers/simulated/apiserver/CustomResourceDefinition.ts"
import { storeOf } from "../../src/layers/simulated/apiserver/InMemoryObjectStore.ts"
import { isObject, type Json, type JsonObject, withMetadata } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import type { ObjectStore } from "../../src/layers/simulated/apiserver/ObjectStore.ts"
import { qualifiedResource } from "../../src/layers/simulated/apiserver/ServedKind.ts"
import { close, collectionOf, compact, type Storage } from "../../src/layers/simulated/apiserver/Storage.ts"
import { StoredCollection } from "../../src/layers/simulated/apiserver/StoredCollection.ts"
import { Watchers } from "../../src/layers/simulated/apiserver/Watchers.ts"
import type { ResourceType } from "../../src/services/kubernetes/KubernetesObject.ts"
import { nodes } from "../../src/services/kubernetes/Node.ts"
import { nodePTPCfgs } from "../../src/services/kubernetes/NodePTPCfg.ts"
import { nodePTPDevs } from "../../src/services/kubernetes/NodePTPDev.ts"
import { namespace } from "../simulation/SimulatedNode.ts"

const firstResourceVersion = 1_000
const historyLimit = 1_000
const day = "2026-11-01T00:00:00Z"

const toJson = (value: unknown): Json => JSON.parse(JSON.stringify(value))

/** Made once: the schemas of one definition are compiled once for all seeds. */
const definitions: ReadonlyArray<JsonObject> = parseAllDocuments(
  readFileSync(new URL("../../deploy/01-crd.yaml", import.meta.url), "utf8")
).map((document) => toJson(document.toJS())).filter(isObject).map((definition, index) =>
  withMetadata(established(definition, day), {
    uid: `uid-definition-${index}`,
    creationTimestamp: day,
    generation: 1,
    resourceVersion: String(firstResourceVersion)
  })
)

const kinds: ReadonlyArray<ResourceType> = [nodePTPCfgs, nodes, nodePTPDevs]

export interface Backup {
  readonly version: number
  readonly objects: ReadonlyMap<ResourceType, ReadonlyArray<JsonObject>>
}

export interface ServerState {
  readonly store: typeof ObjectStore.Service
  readonly version: () => number
  readonly objects: (kind: ResourceType) => ReadonlyArray<JsonObject>
  /** Other kinds are written, which counts the version up. */
  readonly writeElsewhere: (times: number) => void
  /** Makes the kinds again that were deleted. */
  readonly defineKinds: () => void
  /** Watches from before now get 410. */
  readonly forgetHistory: () => void
  readonly backUp: () => Backup
  /** The objects and versions of a backup; `bump` as etcdutl's `--bump-revision`, which forgets the history. */
  readonly restore: (backup: Backup, bump: number) => void
}

const put = (storage: Storage, type: ResourceType, objects: ReadonlyArray<JsonObject>) => {
  const stored = new StoredCollection({ startsAt: storage.version, historyLimit })
  for (const object of objects) {
    stored.record({ type: "ADDED", object, previous: undefined, resourceVersion: storage.version })
  }
  stored.compact(storage.version)
  storage.collections.set(qualifiedResource(type), {
    stored,
    watchers: new Watchers(),
    isClosed: false
  })
}

/** `onWrite` is run after each write, whoever made it. */
export const makeServerState = (onWrite: () => void): ServerState => {
  const storage: Storage = {
    version: firstResourceVersion,
    collections: new Map(),
    historyLimit,
    bookmarkInterval: Duration.minutes(1)
  }
  put(storage, customResourceDefinitions, definitions)
  put(storage, namespaces, [{
    metadata: { name: namespace, uid: "uid-namespace", creationTimestamp: day, resourceVersion: "1" },
    spec: { finalizers: ["kubernetes"] },
    status: { phase: "Active" }
  }])
  const plain = storeOf(storage)
  const told = <A, E>(write: Effect.Effect<A, E>) => Effect.tap(write, () => Effect.sync(onWrite))
  const objects = (kind: ResourceType) => collectionOf(storage, kind).stored.objects()
  return {
    store: {
      ...plain,
      create: (...write) => told(plain.create(...write)),
      update: (...write) => told(plain.update(...write)),
      remove: (...write) => told(plain.remove(...write))
    },
    version: () => storage.version,
    objects,
    writeElsewhere: (times) => {
      storage.version += times
    },
    defineKinds: () => {
      // One that is there refuses to be made again.
      for (const definition of definitions) {
        Effect.runSyncExit(plain.create(customResourceDefinitions, definition, { dryRun: false }))
      }
    },
    forgetHistory: () => {
      for (const kind of kinds) compact(storage, kind)
    },
    backUp: () => ({ version: storage.version, objects: new Map(kinds.map((kind) => [kind, objects(kind)])) }),
    restore: (backup, bump) => {
      storage.version = bump === 0 ? backup.version : storage.version + bump
      for (const kind of kinds) {
        close(storage, kind)
        put(storage, kind, backup.objects.get(kind) ?? [])
      }
      onWrite()
    }
  }
}
