/**
 * The daemon: its parts reconcile, observe and publish at the same time. They use only the contracts in `services`, and
 * the command line chooses the layers for them. So the same daemon runs in a cluster, in the demo and in tests.
 */
import { Cause, Effect, Schedule } from "effect"
import { ProcessSupervisor } from "../services/processes/ProcessSupervisor.ts"
import * as KeepLastKnownGood from "./KeepLastKnownGood.ts"
import * as LogProcessOutput from "./LogProcessOutput.ts"
import * as ObserveClocks from "./ObserveClocks.ts"
import * as PublishNodeStatus from "./PublishNodeStatus.ts"
import * as ReconcileProfiles from "./ReconcileProfiles.ts"
import * as ReportMetrics from "./ReportMetrics.ts"

/**
 * A defect in one part must not stop the clocks or the other parts. It is logged in full, and the part starts again, at
 * most once a second.
 */
const keepGoing = <R>(name: string, part: Effect.Effect<unknown, never, R>): Effect.Effect<never, never, R> =>
  part.pipe(
    Effect.andThen(Effect.die(new Error("ended by itself"))),
    Effect.tapCause((cause) =>
      Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logError("a part of the daemon failed", cause)
    ),
    Effect.sandbox,
    Effect.retry(Schedule.spaced("1 second")),
    Effect.orDie,
    Effect.annotateLogs({ part: name })
  )

/** At the order to stop, processes end while the last status is written: neither waits for the other. */
const endProcesses = ProcessSupervisor.use(({ stop }) => Effect.onInterrupt(Effect.never, () => stop))

/** Runs until it is interrupted. */
export const run = Effect.all([
  endProcesses,
  keepGoing("ReconcileProfiles", ReconcileProfiles.run),
  keepGoing("KeepLastKnownGood", KeepLastKnownGood.run),
  keepGoing("LogProcessOutput", LogProcessOutput.run),
  keepGoing("ObserveClocks", ObserveClocks.run),
  keepGoing("PublishNodeStatus", PublishNodeStatus.run),
  keepGoing("ReportMetrics", ReportMetrics.run)
], { concurrency: "unbounded", discard: true })
