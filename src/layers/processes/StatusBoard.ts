/**
 * What is known of every supervised process, in one place: the supervisor's fibers write it and wait on it, readers
 * follow it. A process that is not on the board does not exist.
 */
import { Effect, Stream, SubscriptionRef } from "effect"
import type { ProcessStatus } from "../../services/processes/ProcessSupervisor.ts"

type Statuses = ReadonlyMap<string, ProcessStatus>

export interface StatusBoard {
  readonly statuses: Stream.Stream<ReadonlyArray<ProcessStatus>>
  /** Puts a process on the board or replaces its row. */
  readonly put: (status: ProcessStatus) => Effect.Effect<void>
  /** Changes some fields of a row; no effect when the process is not on the board. */
  readonly update: (id: string, change: Partial<ProcessStatus>) => Effect.Effect<void>
  readonly remove: (id: string) => Effect.Effect<void>
  /** Waits until all of these are ready. */
  readonly awaitReady: (ids: ReadonlyArray<string>) => Effect.Effect<void>
  /** Waits until one of these is not ready. With no ids it waits for ever. */
  readonly awaitLost: (ids: ReadonlyArray<string>) => Effect.Effect<void>
  /** Waits until nothing that runs after `id` has a process. */
  readonly awaitDependantsDown: (id: string) => Effect.Effect<void>
}

const sortedById = (statuses: Statuses): ReadonlyArray<ProcessStatus> =>
  [...statuses.values()].toSorted((a, b) => a.id < b.id ? -1 : 1)

export const makeStatusBoard: Effect.Effect<StatusBoard> = Effect.gen(function*() {
  const ref = yield* SubscriptionRef.make<Statuses>(new Map())
  const waitUntil = (holds: (statuses: Statuses) => boolean) =>
    Effect.suspend(() =>
      // Most waits are over at once; a subscription costs more than a look.
      holds(SubscriptionRef.getUnsafe(ref))
        ? Effect.void
        : SubscriptionRef.changes(ref).pipe(Stream.filter(holds), Stream.runHead, Effect.asVoid)
    )
  const allReady = (ids: ReadonlyArray<string>) => (statuses: Statuses) =>
    ids.every((id) => statuses.get(id)?.state === "Running")
  return {
    statuses: SubscriptionRef.changes(ref).pipe(Stream.map(sortedById)),
    put: (status) => SubscriptionRef.update(ref, (statuses) => new Map(statuses).set(status.id, status)),
    update: (id, change) =>
      SubscriptionRef.update(ref, (statuses) => {
        const status = statuses.get(id)
        return status === undefined ? statuses : new Map(statuses).set(id, { ...status, ...change })
      }),
    remove: (id) => SubscriptionRef.update(ref, (statuses) => new Map([...statuses].filter(([other]) => other !== id))),
    awaitReady: (ids) => waitUntil(allReady(ids)),
    awaitLost: (ids) => ids.length === 0 ? Effect.never : waitUntil((statuses) => !allReady(ids)(statuses)),
    awaitDependantsDown: (id) =>
      waitUntil((statuses) =>
        [...statuses.values()].every((status) => !status.spec.after.includes(id) || status.pid === undefined)
      )
  }
})
