/**
 * A server process that belongs to a test. It ends with the scope, and with this process, however that ends. Its output
 * goes to a file; if it does not start, the end of the file is shown.
 */
import { Deferred, Effect, Schema, type Scope } from "effect"
import { spawn } from "node:child_process"
import { closeSync, openSync, readFileSync } from "node:fs"

/** It ended when nobody had asked for it, mostly because it could not start. */
export class UnexpectedEnd extends Schema.TaggedError<UnexpectedEnd>()("UnexpectedEnd", {
  program: Schema.String,
  lastLines: Schema.String
}) {
  override get message(): string {
    return `${this.program} ended:\n${this.lastLines}`
  }
}

export interface OwnedProcess {
  readonly pid: number
  /** Fails with the end of the output: only those wait for it who do not expect it. */
  readonly death: Effect.Effect<never, UnexpectedEnd>
  /** Sends the signal and waits for the end. */
  readonly end: (signal: NodeJS.Signals) => Effect.Effect<void>
}

/** Asked in the child once the kernel knows of the death signal: this process may have died before that. */
const onlyWithParent = `[ "$PPID" = "$1" ] && shift && exec "$@"`

export interface OwnedProgram {
  readonly program: string
  readonly words: ReadonlyArray<string>
  /** Where it runs. */
  readonly directory: string
  /** Written anew with both its outputs. */
  readonly output: string
  /** All that it has of an environment, beside PATH. */
  readonly environment?: Readonly<Record<string, string>>
}

/** Starts a program whose parent is this process. */
export const startOwned = Effect.fn("startOwned")(function*(
  { directory, environment = {}, output, program, words }: OwnedProgram
): Effect.fn.Return<OwnedProcess, never, Scope.Scope> {
  const ended = yield* Deferred.make<void>()
  const child = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const file = openSync(output, "w")
      const command = ["--pdeathsig", "KILL", "--", "sh", "-c", onlyWithParent, program, String(process.pid), program]
      const started = spawn("setpriv", [...command, ...words], {
        cwd: directory,
        env: { PATH: process.env["PATH"], ...environment },
        stdio: ["ignore", file, file]
      })
      closeSync(file)
      // Without setpriv there is no exit event.
      started.once("error", () => Deferred.doneUnsafe(ended, Effect.void))
      started.once("exit", () => Deferred.doneUnsafe(ended, Effect.void))
      return started
    }),
    (started) => Effect.andThen(Effect.sync(() => started.kill("SIGKILL")), Deferred.await(ended))
  )
  return {
    pid: child.pid ?? 0,
    death: Effect.andThen(Deferred.await(ended), Effect.suspend(() => Effect.fail(obituary(program, output)))),
    end: (signal) => Effect.andThen(Effect.sync(() => child.kill(signal)), Deferred.await(ended))
  }
})

const obituary = (program: string, output: string) =>
  new UnexpectedEnd({ program, lastLines: readFileSync(output, "utf8").split("\n").slice(-20).join("\n") })
