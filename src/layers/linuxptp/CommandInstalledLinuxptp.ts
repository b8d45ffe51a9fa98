/**
 * Asks the installed linuxptp for its version by `ptp4l -v`. Any failure means that no usable linuxptp is installed.
 * The caller reports that and asks again later.
 */
import { Duration, Effect, Layer, Option, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { statSync } from "node:fs"
import { InstalledLinuxptp } from "../../services/linuxptp/InstalledLinuxptp.ts"
import { type LinuxptpVersion, parseLinuxptpVersion } from "../../services/linuxptp/LinuxptpVersion.ts"
import { findProgram, systemSearchPath } from "../native/ProgramPath.ts"
import { withinReason } from "../native/WithinReason.ts"

/** What changes when a package is upgraded (a rename over it) or a link leads elsewhere. */
const identityOf = (program: string): string | undefined => {
  const stats = statSync(program, { bigint: true, throwIfNoEntry: false })
  return stats && [program, stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(" ")
}

/**
 * Looks for `ptp4l` in `searchPath` each time, because it may be installed, upgraded or removed while the daemon runs.
 * The program is only run if its file is another one than before, so asking again costs some microseconds.
 */
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
      let known: { readonly file: string; readonly version: LinuxptpVersion } | undefined
      return InstalledLinuxptp.of({
        version: Effect.suspend(() => {
          const ptp4l = findProgram("ptp4l", searchPath)
          if (ptp4l === undefined) return Effect.succeedNone
          const file = identityOf(ptp4l)
          if (file !== undefined && known?.file === file) return Effect.succeedSome(known.version)
          return Effect.map(ask(ptp4l), (answer) => {
            known = file === undefined || Option.isNone(answer) ? undefined : { file, version: answer.value }
            return answer
          })
        })
      })
    })
  )

/** Asks the same `ptp4l` that would be started: it is looked for where ChildProcessRunner looks. */
export const layer = Layer.unwrap(Effect.sync(() => layerIn(systemSearchPath())))
