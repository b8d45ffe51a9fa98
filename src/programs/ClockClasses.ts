/**
 * Asks each ptp4l for the clock class of its grandmaster (IEEE 1588 table 4) on its management socket, because linuxptp
 * prints it nowhere. ObserveClocks makes the metric `clock_class` of it.
 */
import { Duration, Effect, Option, Stream } from "effect"
import { ManagementClient } from "../services/linuxptp/ManagementClient.ts"
import type { ManagementSocket } from "../services/processes/ProcessSpec.ts"
import { type ProcessStatus, ProcessSupervisor } from "../services/processes/ProcessSupervisor.ts"

/** A grandmaster that loses its reference changes its class, and metrics are read every 15 to 60 s. */
const period = Duration.seconds(10)

/** A run of a process that can be asked. */
interface AskableRun {
  readonly id: string
  readonly run: number
  readonly socket: ManagementSocket
}

/** By process id. A process that does not answer is left out. */
export const clockClasses: Effect.Effect<
  Stream.Stream<ReadonlyMap<string, number>>,
  never,
  ProcessSupervisor | ManagementClient
> = Effect.gen(function*() {
  const supervisor = yield* ProcessSupervisor
  const client = yield* ManagementClient
  const ask = ({ id, socket }: AskableRun) =>
    Effect.map(client.ask(socket), (answer): ReadonlyArray<readonly [string, number]> => {
      const clockClass = Option.getOrUndefined(answer)?.clockClass
      return clockClass === undefined ? [] : [[id, clockClass]]
    })
  if (!client.isAvailable) return Stream.empty
  return supervisor.statuses.pipe(
    Stream.map((statuses) => statuses.flatMap(askableRunsOf)),
    Stream.changes,
    Stream.switchMap((runs) =>
      Stream.tick(period).pipe(
        Stream.mapEffect(() => Effect.forEach(runs, ask, { concurrency: "unbounded" }))
      )
    ),
    Stream.map((answers): ReadonlyMap<string, number> => new Map(answers.flat())),
    Stream.changes
  )
})

const askableRunsOf = ({ id, run, spec, state }: ProcessStatus): ReadonlyArray<AskableRun> =>
  state === "Running" && spec.management !== undefined ? [{ id, run, socket: spec.management }] : []
