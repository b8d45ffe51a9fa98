/**
 * Asks the installed linuxptp for its version by `ptp4l -v`. Whatever goes wrong means that there is no linuxptp that
 * could be used, which the caller tells; nothing is retried here.
 */
import { Duration, Effect, Layer, Option, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { InstalledLinuxptp } from "../../services/linuxptp/InstalledLinuxptp.ts"
import { parseLinuxptpVersion } from "../../services/linuxptp/LinuxptpVersion.ts"

/** `ptp4l -v` answers in milliseconds; a disk that does not answer must not hold up the daemon. */
const patience = Duration.seconds(2)

/** Asks the `ptp4l` that PATH finds. */
export const layer: Layer.Layer<InstalledLinuxptp, never, ChildProcessSpawner.ChildProcessSpawner> = Layer.effect(
  InstalledLinuxptp,
  Effect.gen(function*() {
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const ask = ChildProcess.make("ptp4l", ["-v"], { stdin: "ignore", forceKillAfter: Duration.millis(100) })
    return InstalledLinuxptp.of({
      version: spawner.streamLines(ask).pipe(
        Stream.runHead,
        Effect.timeout(patience),
        Effect.option,
        Effect.map((line) =>
          Option.flatMap(Option.flatten(line), (text) => Option.fromUndefinedOr(parseLinuxptpVersion(text)))
        )
      )
    })
  })
)
