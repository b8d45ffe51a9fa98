/**
 * The objects of one kind in memory and the bounded history of their changes. It is plain mutable state with
 * synchronous steps, which makes each of them atomic; `InMemoryObjectStore` is its only user.
 */
import { Result } from "effect"
import { type ApiStatusError, expired } from "./ApiStatusError.ts"
import { type JsonObject, textAt } from "./JsonTree.ts"
import type { ObjectKey, StoredEvent } from "./ObjectStore.ts"

const keyText = (key: ObjectKey): string => `${key.namespace}/${key.name}`

const sorted = (objects: ReadonlyMap<string, JsonObject>): ReadonlyArray<JsonObject> =>
  [...objects].sort(([left], [right]) => left < right ? -1 : 1).map(([, object]) => object)

/** Where an object is stored. */
export const keyOf = (object: JsonObject): ObjectKey => ({
  namespace: textAt(object, "metadata", "namespace"),
  name: textAt(object, "metadata", "name")
})

export class StoredCollection {
  readonly #objects = new Map<string, JsonObject>()
  #history: Array<StoredEvent> = []
  #compactedAt: number
  readonly #historyLimit: number

  /** `startsAt` is the version before the first change; a watch cannot resume from before it. */
  constructor(options: { readonly startsAt: number; readonly historyLimit: number }) {
    this.#compactedAt = options.startsAt
    this.#historyLimit = options.historyLimit
  }

  get(key: ObjectKey): JsonObject | undefined {
    return this.#objects.get(keyText(key))
  }

  /** Sorted by namespace and name, as etcd's keys are. */
  objects(): ReadonlyArray<JsonObject> {
    return sorted(this.#objects)
  }

  /** The objects as they were at a version: every later change is taken back. */
  objectsAt(version: number): Result.Result<ReadonlyArray<JsonObject>, ApiStatusError> {
    return Result.map(this.eventsAfter(version), (events) => {
      const objects = new Map(this.#objects)
      for (const { object, previous } of events.toReversed()) {
        const key = keyText(keyOf(object))
        if (previous === undefined) objects.delete(key)
        else objects.set(key, previous)
      }
      return sorted(objects)
    })
  }

  /** Records a change and applies it; the oldest event is forgotten when the history is full. */
  record(event: StoredEvent): void {
    const key = keyText(keyOf(event.object))
    if (event.type === "DELETED") this.#objects.delete(key)
    else this.#objects.set(key, event.object)
    this.#history.push(event)
    if (this.#history.length > this.#historyLimit * 2) this.#forget(this.#history.length - this.#historyLimit)
  }

  compact(resourceVersion: number): void {
    this.#history = []
    this.#compactedAt = resourceVersion
  }

  /** The events after a version, oldest first; Expired when some of them are forgotten. */
  eventsAfter(version: number): Result.Result<ReadonlyArray<StoredEvent>, ApiStatusError> {
    if (version < this.#compactedAt) return Result.fail(expired(version, this.#compactedAt))
    let first = this.#history.length
    while (first > 0 && (this.#history[first - 1]?.resourceVersion ?? 0) > version) first -= 1
    return Result.succeed(this.#history.slice(first))
  }

  #forget(count: number): void {
    const forgotten = this.#history.splice(0, count)
    this.#compactedAt = forgotten.at(-1)?.resourceVersion ?? this.#compactedAt
  }
}
