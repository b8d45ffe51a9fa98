/**
 * The watches of one kind, found by the object that they are about. A write only asks the watches of its object and the
 * watches of all objects whether it concerns them. A watch has a position in the history and no queue; `HistoryWatch`
 * reads from there.
 */
import { Latch } from "effect"
import type { Concern, ObjectKey, StoredEvent } from "./ObjectStore.ts"
import { keyText } from "./StoredCollection.ts"

export interface Watcher {
  /** Absent if the watch is about every object. */
  readonly only: ObjectKey | undefined
  readonly concerns: Concern
  /** The version after which there is something to deliver; undefined if everything was delivered. */
  after: number | undefined
  /** Open while there may be something to deliver. */
  readonly pending: Latch.Latch
}

/** A watch that must look at everything after a version. */
export const makeWatcher = (after: number, concerns: Concern, only: ObjectKey | undefined): Watcher => ({
  only,
  concerns,
  after,
  pending: Latch.makeUnsafe(true)
})

export class Watchers {
  readonly #ofAll = new Set<Watcher>()
  readonly #ofOne = new Map<string, Set<Watcher>>()

  get size(): number {
    let size = this.#ofAll.size
    for (const watchers of this.#ofOne.values()) size += watchers.size
    return size
  }

  add(watcher: Watcher): void {
    if (watcher.only === undefined) {
      this.#ofAll.add(watcher)
      return
    }
    const key = keyText(watcher.only)
    const watchers = this.#ofOne.get(key)
    if (watchers === undefined) this.#ofOne.set(key, new Set([watcher]))
    else watchers.add(watcher)
  }

  delete(watcher: Watcher): void {
    this.#ofAll.delete(watcher)
    if (watcher.only === undefined) return
    const key = keyText(watcher.only)
    const watchers = this.#ofOne.get(key)
    watchers?.delete(watcher)
    if (watchers?.size === 0) this.#ofOne.delete(key)
  }

  /** Wakes the watches that an event of the object concerns. */
  tell(key: ObjectKey, event: StoredEvent): void {
    for (const watcher of this.#ofAll) wake(watcher, event)
    for (const watcher of this.#ofOne.get(keyText(key)) ?? []) wake(watcher, event)
  }

  /** Wakes all watches, because the kind is closed. */
  wakeAll(): void {
    for (const { pending } of this.#all()) pending.openUnsafe()
  }

  /** Watches that have delivered everything continue from this version. */
  stayAt(version: number): void {
    for (const watcher of this.#all()) watcher.after ??= version
  }

  *#all(): Iterable<Watcher> {
    yield* this.#ofAll
    for (const watchers of this.#ofOne.values()) yield* watchers
  }
}

const wake = (watcher: Watcher, event: StoredEvent): void => {
  if (!watcher.concerns(event)) return
  // Earlier events that it did not deliver did not concern it, so losing them from the history does not matter to it.
  watcher.after ??= event.resourceVersion - 1
  watcher.pending.openUnsafe()
}
