/**
 * Asks the installed linuxptp for its version by `ptp4l -v`. Any failure means that no usable linuxptp is installed.
 * The caller reports that and asks again later.
 */
import { Duration, Effect, Layer, Option, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { InstalledLinuxptp } from "../../services/linuxptp/InstalledLinuxptp.ts"
import { parseLinuxptpVersion } from "../../services/linuxptp/LinuxptpVersion.ts"
import { findProgram, systemSearchPath } from "../native/ProgramPath.ts"
import { withinReason } from "../native/WithinReason.ts"

/** Asks the `ptp4l` in `searchPath`, again each time, because it may be installed while the daemon waits. */
export const layerIn = (
  searchPath: ReadonlyArray<string>
): Layer.Layer<InstalledLinuxptp, never, ChildProcessSpawner.ChildProcessSpawner> =>
  Layer.effect(
    InstalledLinuxptp,
    Effect.gen(function*() {
      const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
      const ask = (ptp4l: string) =>
        spawner.streamLines(
          ChildProcess.make(ptp4l, ["-v"], { stdin: "ignore", forceKillAfter: Duration.millis(100) })
        ).pipe(
          Stream.runHead,
          Effect.orElseSucceed(() => Option.none<string>()),
          withinReason,
          Effect.map(Option.flatMap((text) => Option.fromUndefinedOr(parseLinuxptpVersion(text))))
        )
      return InstalledLinuxptp.of({
        version: Effect.suspend(() => {
          const ptp4l = findProgram("ptp4l", searchPath)
          return ptp4l === undefined ? Effect.succeedNone : ask(ptp4l)
        })
      })
    })
  )

/** Asks the same `ptp4l` that would be started: it is looked for where ChildProcessRunner looks. */
export const layer = Layer.unwrap(Effect.sync(() => layerIn(systemSearchPath())))
