/**
 * The statuses of all supervised processes in one place. The supervisor's fibers write them and wait for changes;
 * others read them. A process that is not on the board does not exist.
 */
import { Effect, Option, Stream, SubscriptionRef } from "effect"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import type { Complaint, ProcessStatus } from "../../services/processes/ProcessSupervisor.ts"

type Statuses = ReadonlyMap<string, ProcessStatus>

interface Board {
  readonly statuses: Statuses
  /** Ids of processes that are about to be stopped. */
  readonly held: ReadonlySet<string>
}

export interface StatusBoard {
  readonly statuses: Stream.Stream<ReadonlyArray<ProcessStatus>>
  /** Adds a process or replaces its status. */
  readonly put: (status: ProcessStatus) => Effect.Effect<void>
  /** Changes some fields of a status. No effect if the process is not on the board. */
  readonly update: (id: string, fields: Partial<ProcessStatus>) => Effect.Effect<void>
  /** Sets the complaint of this kind, or removes it if there is no text. */
  readonly complain: (id: string, kind: Complaint["kind"], text: string | undefined) => Effect.Effect<void>
  readonly remove: (id: string) => Effect.Effect<void>
  /** From now on exactly these may not start, because they are about to be stopped. */
  readonly hold: (ids: ReadonlyArray<string>) => Effect.Effect<void>
  /** Waits until everything that `spec` depends on is ready and `spec` is not about to be stopped. */
  readonly awaitStartable: (spec: ProcessSpec) => Effect.Effect<void>
  /** Waits until one of these is not ready. Without ids it waits for ever. */
  readonly awaitLost: (ids: ReadonlyArray<string>) => Effect.Effect<void>
  /** Waits until it is known that the kernel does not give the process with this id back. */
  readonly awaitUnreapable: (id: string) => Effect.Effect<void>
  /** Waits until no dependant of `id` has a process or is getting one, except those that cannot be reaped. */
  readonly awaitDependantsDown: (id: string) => Effect.Effect<void>
}

const sortedById = (statuses: Statuses): ReadonlyArray<ProcessStatus> =>
  [...statuses.values()].toSorted((a, b) => a.id < b.id ? -1 : 1)

const withComplaint = (status: ProcessStatus, kind: Complaint["kind"], text: string | undefined): ProcessStatus => {
  const before = status.complaints.find((complaint) => complaint.kind === kind)
  if (before?.text === text) return status
  const others = status.complaints.filter((complaint) => complaint.kind !== kind)
  return { ...status, complaints: text === undefined ? others : [...others, { kind, text }] }
}

/** It has no pid yet and cannot be stopped before it has one. */
const isForking = ({ pid, reason, state }: ProcessStatus): boolean =>
  state === "Starting" && pid === undefined && reason === undefined

const isUnreapable = ({ complaints }: ProcessStatus): boolean => complaints.some(({ kind }) => kind === "NotReaped")

export const makeStatusBoard: Effect.Effect<StatusBoard> = Effect.gen(function*() {
  const ref = yield* SubscriptionRef.make<Board>({ statuses: new Map(), held: new Set() })
  const waitUntil = (holds: (board: Board) => boolean) =>
    Effect.suspend(() =>
      // Most conditions are already true, and a subscription costs more than a look.
      holds(SubscriptionRef.getUnsafe(ref))
        ? Effect.void
        : SubscriptionRef.changes(ref).pipe(Stream.filter(holds), Stream.runHead, Effect.asVoid)
    )
  const set = (next: (statuses: Statuses) => Statuses) =>
    SubscriptionRef.update(ref, (board) => ({ ...board, statuses: next(board.statuses) }))
  const change = (id: string, next: (status: ProcessStatus) => ProcessStatus) =>
    SubscriptionRef.updateSome(ref, (board) => {
      const status = board.statuses.get(id)
      const changed = status === undefined ? undefined : next(status)
      return changed === undefined || changed === status
        ? Option.none()
        : Option.some({ ...board, statuses: new Map(board.statuses).set(id, changed) })
    })
  const allReady = (ids: ReadonlyArray<string>) => ({ statuses }: Board) =>
    ids.every((id) => statuses.get(id)?.state === "Running")
  return {
    statuses: SubscriptionRef.changes(ref).pipe(
      Stream.map(({ statuses }) => statuses),
      Stream.changesWith((a, b) => a === b),
      Stream.map(sortedById)
    ),
    put: (status) => set((statuses) => new Map(statuses).set(status.id, status)),
    update: (id, fields) => change(id, (status) => ({ ...status, ...fields })),
    complain: (id, kind, text) => change(id, (status) => withComplaint(status, kind, text)),
    remove: (id) => set((statuses) => new Map([...statuses].filter(([other]) => other !== id))),
    hold: (ids) => SubscriptionRef.update(ref, (board) => ({ ...board, held: new Set(ids) })),
    awaitStartable: ({ after, id }) => {
      const isStartable = (board: Board) => !board.held.has(id) && allReady(after)(board)
      // Whoever waits is informed a little later, and by then the condition may be false again.
      return Effect.repeat(waitUntil(isStartable), { until: () => isStartable(SubscriptionRef.getUnsafe(ref)) })
    },
    awaitLost: (ids) => ids.length === 0 ? Effect.never : waitUntil((board) => !allReady(ids)(board)),
    awaitUnreapable: (id) =>
      waitUntil(({ statuses }) => {
        const status = statuses.get(id)
        return status !== undefined && isUnreapable(status)
      }),
    awaitDependantsDown: (id) =>
      waitUntil(({ statuses }) =>
        [...statuses.values()].every((status) =>
          !status.spec.after.includes(id) || (status.pid === undefined && !isForking(status)) || isUnreapable(status)
        )
      )
  }
})
