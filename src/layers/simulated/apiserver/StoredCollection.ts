/**
 * The objects of one kind in memory, and the limited history of their changes. It is mutable, and its functions are
 * synchronous, so each is atomic. Only `InMemoryObjectStore` uses it.
 */
import { Result } from "effect"
import { type ApiStatusError, expired } from "./ApiStatusError.ts"
import { type JsonObject, textAt } from "./JsonTree.ts"
import type { ObjectKey, StoredEvent } from "./ObjectStore.ts"

/** A key as one text. The texts have the same order as the keys. */
export const keyText = (key: ObjectKey): string => `${key.namespace}/${key.name}`

const byKey = (left: string, right: string): number => left < right ? -1 : 1

/** The key of a stored object. */
export const keyOf = (object: JsonObject): ObjectKey => ({
  namespace: textAt(object, "metadata", "namespace"),
  name: textAt(object, "metadata", "name")
})

const versionOf = (object: JsonObject): number => Number(textAt(object, "metadata", "resourceVersion"))

export class StoredCollection {
  readonly #objects = new Map<string, JsonObject>()
  /**
   * Absent after an object was added or removed. It is kept, because sorting thousands of keys would be most of the
   * cost of a list.
   */
  #sortedKeys: ReadonlyArray<string> | undefined
  #history: Array<StoredEvent> = []
  #compactedAt: number
  readonly #historyLimit: number

  /** `startsAt` is the version before the first change; a watch cannot resume from an earlier one. */
  constructor(options: { readonly startsAt: number; readonly historyLimit: number }) {
    this.#compactedAt = options.startsAt
    this.#historyLimit = options.historyLimit
  }

  get(key: ObjectKey): JsonObject | undefined {
    return this.#objects.get(keyText(key))
  }

  /** Sorted by namespace and name, as etcd's keys are. */
  objects(): ReadonlyArray<JsonObject> {
    this.#sortedKeys ??= [...this.#objects.keys()].sort(byKey)
    return this.#sortedKeys.map((key) => this.#objects.get(key)).filter((object) => object !== undefined)
  }

  /** The objects as they were at a version. Every later change is undone. */
  objectsAt(version: number): Result.Result<ReadonlyArray<JsonObject>, ApiStatusError> {
    return Result.map(this.eventsAfter(version), (events) => {
      const objects = new Map(this.#objects)
      for (const { object, previous } of events.toReversed()) {
        const key = keyText(keyOf(object))
        if (previous === undefined) objects.delete(key)
        else objects.set(key, previous)
      }
      return [...objects].sort(([left], [right]) => byKey(left, right)).map(([, object]) => object)
    })
  }

  /** Records and applies a change. If the history is full, the oldest event is forgotten. */
  record(event: StoredEvent): void {
    const key = keyText(keyOf(event.object))
    if (event.type !== "MODIFIED") this.#sortedKeys = undefined
    if (event.type === "DELETED") this.#objects.delete(key)
    else this.#objects.set(key, event.object)
    this.#history.push(event)
    if (this.#history.length > this.#historyLimit * 2) this.#forget(this.#history.length - this.#historyLimit)
  }

  /** The version of the last change. */
  get lastVersion(): number {
    return this.#history.at(-1)?.resourceVersion ?? this.#compactedAt
  }

  compact(resourceVersion: number): void {
    this.#history = []
    this.#compactedAt = resourceVersion
  }

  /**
   * The events after a version, the oldest first, of all objects or of one. Fails with Expired if some of them are
   * forgotten.
   */
  eventsAfter(version: number, only?: ObjectKey): Result.Result<ReadonlyArray<StoredEvent>, ApiStatusError> {
    if (version < this.#compactedAt) return Result.fail(expired(version, this.#compactedAt))
    if (only === undefined) return Result.succeed(this.#history.slice(this.#firstAfter(version)))
    const object = this.get(only)
    // This is the usual case of a watch that resumes, and it avoids a search in a long history.
    if (object !== undefined && versionOf(object) <= version) return Result.succeed([])
    const key = keyText(only)
    const later = this.#history.slice(this.#firstAfter(version))
    return Result.succeed(later.filter((event) => keyText(keyOf(event.object)) === key))
  }

  /** The index in the history of the first event after a version. The history is sorted by version. */
  #firstAfter(version: number): number {
    let low = 0
    let high = this.#history.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#history[middle]?.resourceVersion ?? 0) > version) high = middle
      else low = middle + 1
    }
    return low
  }

  #forget(count: number): void {
    const forgotten = this.#history.splice(0, count)
    this.#compactedAt = forgotten.at(-1)?.resourceVersion ?? this.#compactedAt
  }
}
