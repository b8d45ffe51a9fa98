/**
 * A file by which the kubelet's exec probe sees that the daemon lives. No port takes part in that, because somebody else
 * on the node may hold it. The file contains the time until which the daemon counts as alive, in whole seconds since
 * the node's boot (/proc/uptime): the daemon's own programs step the wall clock, and with it the times of files.
 */
import { Duration, Effect, FileSystem, Layer, Schedule } from "effect"
import { uptime } from "node:os"
import { Health } from "../../services/Health.ts"
import { innermostDetail } from "./PortTaken.ts"

const period = Duration.seconds(10)
/** Long enough for two renewals that are late. */
const lifetime = Duration.seconds(30)

/** Renews the file while the event loop turns and nothing is stuck. The path is part of deploy/ptp-daemon.yaml. */
export const layer = (
  { directory }: { readonly directory: string }
): Layer.Layer<never, never, FileSystem.FileSystem | Health> =>
  Layer.effectDiscard(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const { stuck } = yield* Health
    const path = `${directory}/alive`
    let isTold = false
    const renew = Effect.gen(function*() {
      if ((yield* stuck).length > 0) return
      yield* fs.writeFileString(path, `${Math.floor(uptime() + Duration.toSeconds(lifetime))}\n`)
      isTold = false
    }).pipe(
      Effect.catch((error) => {
        if (isTold) return Effect.void
        isTold = true
        return Effect.logWarning("cannot renew the file that shows the kubelet that the daemon lives").pipe(
          Effect.annotateLogs({ path, error: innermostDetail(error) })
        )
      })
    )
    yield* Effect.addFinalizer(() => Effect.ignore(fs.remove(path, { force: true })))
    yield* renew
    yield* Effect.forkScoped(Effect.repeat(Effect.delay(renew, period), Schedule.forever))
  }))
