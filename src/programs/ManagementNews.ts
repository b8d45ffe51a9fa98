/**
 * Listens to the management socket of each ptp4l that runs. ObserveClocks takes what is heard there for evidence of its
 * clock, like the lines of its log.
 */
import { Effect, FiberMap, Stream } from "effect"
import { type ClockStep, observeNews } from "../services/clocks/ClockState.ts"
import { ManagementClient } from "../services/linuxptp/ManagementClient.ts"
import type { ManagementSocket, ProcessSpec } from "../services/processes/ProcessSpec.ts"
import { type ProcessStatus, ProcessSupervisor } from "../services/processes/ProcessSupervisor.ts"

/** A run of a process that can be asked. */
interface AskableRun {
  readonly spec: ProcessSpec
  readonly run: number
  readonly socket: ManagementSocket
}

/** Never ends. What a process says ends with its run. */
export const followManagement = Effect.fnUntraced(function*(take: (step: ClockStep) => void) {
  const { statuses } = yield* ProcessSupervisor
  const client = yield* ManagementClient
  if (!client.isAvailable) return yield* Effect.never
  const follows = yield* FiberMap.make<string, never, never>()
  let followed: ReadonlyMap<string, AskableRun> = new Map()
  const follow = Effect.fnUntraced(function*(all: ReadonlyArray<ProcessStatus>) {
    const wanted = new Map(all.flatMap(askableRunsOf))
    for (const id of followed.keys()) if (!wanted.has(id)) yield* FiberMap.remove(follows, id)
    for (const [id, run] of wanted) {
      const before = followed.get(id)
      if (before?.spec === run.spec && before.run === run.run) continue
      const listening = client.follow(run.socket, (news) => take((state, now) => observeNews(state, run, news, now)))
      yield* FiberMap.run(follows, id, listening)
    }
    followed = wanted
  })
  // A defect in one of them is a defect of the whole.
  return yield* Effect.raceFirst(
    Effect.andThen(Stream.runForEach(statuses, follow), Effect.never),
    FiberMap.join(follows)
  ).pipe(
    Effect.andThen(Effect.never)
  )
}, Effect.scoped)

const askableRunsOf = ({ pid, run, spec }: ProcessStatus): ReadonlyArray<readonly [string, AskableRun]> =>
  pid !== undefined && spec.management !== undefined ? [[spec.id, { spec, run, socket: spec.management }]] : []
