/**
 * The objects of one kind in memory and the bounded history of their changes. It is plain mutable state with
 * synchronous steps, which makes each of them atomic; `InMemoryObjectStore` is its only user.
 */
import { Result } from "effect"
import { type ApiStatusError, expired } from "./ApiStatusError.ts"
import { type JsonObject, textAt } from "./JsonTree.ts"
import type { ObjectKey, StoredEvent } from "./ObjectStore.ts"

/** A key as one text; texts are in the order of the keys. */
export const keyText = (key: ObjectKey): string => `${key.namespace}/${key.name}`

const byKey = (left: string, right: string): number => left < right ? -1 : 1

/** Where an object is stored. */
export const keyOf = (object: JsonObject): ObjectKey => ({
  namespace: textAt(object, "metadata", "namespace"),
  name: textAt(object, "metadata", "name")
})

const versionOf = (object: JsonObject): number => Number(textAt(object, "metadata", "resourceVersion"))

export class StoredCollection {
  readonly #objects = new Map<string, JsonObject>()
  /** Absent when an object came or went: sorting thousands for each list is what a list would cost. */
  #sortedKeys: ReadonlyArray<string> | undefined
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
    this.#sortedKeys ??= [...this.#objects.keys()].sort(byKey)
    return this.#sortedKeys.map((key) => this.#objects.get(key)).filter((object) => object !== undefined)
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
      return [...objects].sort(([left], [right]) => byKey(left, right)).map(([, object]) => object)
    })
  }

  /** Records a change and applies it; the oldest event is forgotten when the history is full. */
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

  /** The events after a version, oldest first, of all objects or of one; Expired when some are forgotten. */
  eventsAfter(version: number, only?: ObjectKey): Result.Result<ReadonlyArray<StoredEvent>, ApiStatusError> {
    if (version < this.#compactedAt) return Result.fail(expired(version, this.#compactedAt))
    if (only === undefined) return Result.succeed(this.#history.slice(this.#firstAfter(version)))
    const object = this.get(only)
    // The usual case of a watch that is resumed, where the history may be long.
    if (object !== undefined && versionOf(object) <= version) return Result.succeed([])
    const key = keyText(only)
    const later = this.#history.slice(this.#firstAfter(version))
    return Result.succeed(later.filter((event) => keyText(keyOf(event.object)) === key))
  }

  /** Where the events after a version begin in the history, which is in the order of its versions. */
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
