/** The fleet under measurement: the API server's process, those of the nodes, and what is asked of all of them. */
import { Duration, Effect, Schedule } from "effect"
import type { startApiServer, startNodes } from "./FleetProcesses.ts"
import { monotonicMillis } from "./MonotonicTime.ts"

export interface Fleet {
  readonly server: Effect.Success<ReturnType<typeof startApiServer>>
  readonly nodes: ReadonlyArray<Effect.Success<ReturnType<typeof startNodes>>>
  readonly count: number
}

/** NodePTPCfgs, the own Node and the own NodePTPDev. */
export const watchesANode = 3

/** Until every watch is open; the monotonic milliseconds at which that was seen. */
export const allWatching = ({ count, server }: Fleet) =>
  until(Effect.map(server.OpenWatches(), (open) => open === count * watchesANode))

/** Until every NodePTPDev says that this generation of the config is applied. */
export const allWritten = ({ count, server }: Fleet, config: string, generation: number) =>
  until(Effect.map(server.AppliedNodes({ config, generation }), (applied) => applied === count))

/** What goes on for ever: each watch ends after some minutes and is opened again. */
const isRenewal = (verb: string): boolean => verb.startsWith("watch ")

/** The requests that are more than a watch opened again. */
export const beyondRenewals = (byVerb: Readonly<Record<string, number>>): number =>
  Object.entries(byVerb).reduce((sum, [verb, requests]) => isRenewal(verb) ? sum : sum + requests, 0)

/** Until nothing but renewed watches was asked of the API server for a while. */
export const quiet = ({ server }: Fleet) =>
  until(
    Effect.suspend(() => server.Requests({ since: monotonicMillis() - quietMillis })).pipe(
      Effect.map(({ byVerb }) => beyondRenewals(byVerb) === 0)
    ),
    quietMillis
  )
const quietMillis = 1_000

const longestWait = Duration.minutes(5)

const until = <E>(isSo: Effect.Effect<boolean, E>, everyMillis = 100) =>
  Effect.sleep(everyMillis).pipe(
    Effect.andThen(isSo),
    Effect.repeat({ until: (so: boolean) => so, schedule: Schedule.forever }),
    Effect.timeoutOrElse({
      duration: longestWait,
      orElse: () => Effect.die(new Error(`not reached within ${Duration.format(longestWait)}`))
    }),
    Effect.map(monotonicMillis)
  )
