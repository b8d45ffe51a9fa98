/**
 * Listens to the management socket of each ptp4l that runs. ObserveClocks takes what is heard there for evidence of its
 * clock, like the lines of its log.
 */
import { Effect, Stream } from "effect"
import { type ClockState, observeNews } from "../services/clocks/ClockState.ts"
import { ManagementClient } from "../services/linuxptp/ManagementClient.ts"
import type { ProcessSpec } from "../services/processes/ProcessSpec.ts"
import { type ProcessStatus, ProcessSupervisor } from "../services/processes/ProcessSupervisor.ts"

/** A run of a process that can be asked. */
interface AskableRun {
  readonly spec: ProcessSpec
  readonly run: number
}

/** Each change of the clock state by what is heard. What a process says ends with its run. */
export const managementSteps: Effect.Effect<
  Stream.Stream<(state: ClockState, now: bigint) => ClockState>,
  never,
  ProcessSupervisor | ManagementClient
> = Effect.gen(function*() {
  const { statuses } = yield* ProcessSupervisor
  const client = yield* ManagementClient
  if (!client.isAvailable) return Stream.empty
  const listen = (run: AskableRun) =>
    run.spec.management === undefined ? Stream.empty : Stream.map(
      client.follow(run.spec.management),
      (news) => (state: ClockState, now: bigint) => observeNews(state, run, news, now)
    )
  return statuses.pipe(
    Stream.map((all) => all.flatMap(askableRunsOf)),
    Stream.changesWith((before, after) =>
      before.length === after.length &&
      before.every(({ run, spec }, index) => after[index]?.run === run && after[index].spec === spec)
    ),
    Stream.switchMap((runs) => Stream.mergeAll(runs.map(listen), { concurrency: "unbounded" }))
  )
})

const askableRunsOf = ({ pid, run, spec }: ProcessStatus): ReadonlyArray<AskableRun> =>
  pid !== undefined && spec.management !== undefined ? [{ spec, run }] : []
