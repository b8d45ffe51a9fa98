/**
 * Asks timemaster whether it accepts a configuration, by `timemaster -n`, which starts and writes nothing. timemaster
 * checks its own sections and the NICs, but not what it passes on to ptp4l and chronyd. If the question itself fails,
 * that is no refusal: the program will be started and will show what is wrong.
 */
import { Effect, Layer, Option, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { randomBytes } from "node:crypto"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import path from "node:path"
import { parseLogFrame } from "../../services/linuxptp/LogLine.ts"
import { ConfigurationCheck } from "../../services/processes/ConfigurationCheck.ts"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import { findProgram, systemSearchPath } from "../native/ProgramPath.ts"
import { withinReason } from "../native/WithinReason.ts"

export interface TimemasterDryRunOptions {
  /** The directory for the copy of the configuration that timemaster reads. No other place needs to be writable. */
  readonly runDirectory: string
  /** Where programs are looked for. The default is PATH and the system's directories. */
  readonly searchPath?: ReadonlyArray<string>
  /** A command that runs its arguments in another environment, as `ip netns exec NAME` does. */
  readonly within?: ReadonlyArray<string>
}

/** A complaint is one line, and a usage text has less than 1 KiB. */
const mostOutput = 16_384
const longestRefusal = 200

/** Asks the same `timemaster` that would be started: it is looked for where ChildProcessRunner looks. */
export const layer = (
  options: TimemasterDryRunOptions
): Layer.Layer<ConfigurationCheck, never, ChildProcessSpawner.ChildProcessSpawner> =>
  Layer.effect(
    ConfigurationCheck,
    Effect.gen(function*() {
      const { spawn } = yield* ChildProcessSpawner.ChildProcessSpawner
      const ask = Effect.fnUntraced(function*(spec: ProcessSpec, program: string) {
        const command = dryRun(spec, program, yield* copyOf(spec, options.runDirectory), options)
        const child = yield* spawn(command)
        const output = yield* child.stderr.pipe(
          Stream.decodeText,
          Stream.runFold(() => "", (text, more) => text.length < mostOutput ? text + more : text)
        )
        const code = yield* child.exitCode
        // timemaster has no other code for a mistake. 126 and 127 mean that it was not executed at all.
        return code === 1 ? refusalIn(output) : Option.none()
      })
      return ConfigurationCheck.of({
        refusal: Effect.fn("TimemasterDryRun.refusal")((spec) => {
          const program = spec.program === "timemaster" ? findProgram("timemaster", options.searchPath) : undefined
          if (program === undefined) return Effect.succeedNone
          return Effect.scoped(ask(spec, program)).pipe(
            Effect.orElseSucceed(() => Option.none<string>()),
            withinReason
          )
        })
      })
    })
  )

/**
 * The path of a copy of the spec's configuration file, which is removed with the scope. The process's own directory may
 * be in use.
 */
const copyOf = Effect.fnUntraced(function*({ directory, files }: ProcessSpec, runDirectory: string) {
  // Named like the directory of a process, so that RunDirectory removes it if the daemon dies in the meantime.
  const name = `timemaster-check-${randomBytes(4).toString("hex")}`
  const place = yield* Effect.acquireRelease(
    Effect.try(() => {
      const made = path.join(runDirectory, name)
      mkdirSync(made, { mode: 0o700 })
      return made
    }),
    (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
  )
  yield* Effect.try(() => {
    for (const [file, text] of Object.entries(files)) {
      writeFileSync(path.join(place, path.relative(directory, file)), text, { flush: false })
    }
  })
  return place
})

const dryRun = (
  { argv, directory, files, program }: ProcessSpec,
  executable: string,
  place: string,
  { searchPath = systemSearchPath(), within = [] }: TimemasterDryRunOptions
): ChildProcess.Command => {
  // Without the words for the scheduling policy, which may come first.
  const words = argv.slice(argv.indexOf(program) + 1).map((word) =>
    Object.hasOwn(files, word) ? path.join(place, path.relative(directory, word)) : word
  )
  const [command = executable, ...rest] = [...within, executable, "-n", ...words]
  return ChildProcess.make(command, rest, {
    cwd: "/",
    stdin: "ignore",
    stdout: "ignore",
    env: { PATH: searchPath.join(":"), LC_ALL: "C" },
    extendEnv: false,
    killSignal: "SIGKILL"
  })
}

/** The first complaint without its frame. The time in the frame would make equal refusals differ. */
const refusalIn = (output: string): Option.Option<string> => {
  const complaint = output.split("\n").map(ownWords).find((text) => text !== "" && !aboutMissingNic.test(text))
  return Option.map(Option.fromUndefinedOr(complaint), (text) => text.slice(0, longestRefusal))
}

/** Empty for a line that is not from timemaster, such as usage text or a line of the command around it. */
const ownWords = (line: string): string => {
  const frame = parseLogFrame(line)
  if (frame !== undefined) return frame.program === "timemaster" ? frame.text : ""
  return line.startsWith("timemaster: ") ? line.trimEnd() : ""
}

/** timemaster.c, add_ptp_source, and the ioctl that failed for it (sk.c). The NIC may still appear. */
const aboutMissingNic = /^(?:ioctl SIOCETHTOOL failed|failed to get time stamping info for )/
