/**
 * Forks one child in a process group of its own. `setpriv` makes the kernel end it when the daemon dies, and both
 * outputs are always read. All events of the child are listened to from the turn of the fork on.
 */
import { Deferred, Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import { type OutputLine, type ProcessExit, ProcessStartError } from "../../services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import { findProgram } from "../native/ProgramPath.ts"
import { makeLineReader } from "./LineReader.ts"
import { signalGroup } from "./Signals.ts"

export interface SpawnOptions {
  /** The environment variables by which the child and its children are recognised (ChildMarks). */
  readonly marks: Readonly<Record<string, string>>
  /** Where programs are looked for. */
  readonly searchPath: ReadonlyArray<string>
  /** A command that runs its arguments in another environment, as `ip netns exec NAME` does. */
  readonly within: ReadonlyArray<string>
  /** The signal that the kernel sends to the child when the daemon dies. */
  readonly deathSignal: "TERM" | "KILL"
}

/** A child that was forked, and the events to wait for. */
export interface ForkedChild {
  readonly pid: number
  /** Completed in the same turn in which the child is reaped. After that its pid may belong to another process. */
  readonly reaped: Deferred.Deferred<ProcessExit>
  /** Completed when both outputs are read to their ends. */
  readonly silent: Deferred.Deferred<void>
  /** Stops reading, even if other processes still hold the pipes. */
  readonly closeOutputs: () => void
}

export const startError = (
  { id, program }: ProcessSpec,
  reason: ProcessStartError["reason"],
  cause: unknown
): ProcessStartError =>
  new ProcessStartError({ id, program, reason, detail: cause instanceof Error ? cause.message : String(cause) })

/** Forks, and returns the child once it has exec'd `setpriv`. */
export const spawnChild = (spec: ProcessSpec, onLine: (line: OutputLine) => void, options: SpawnOptions) =>
  Effect.callback<ForkedChild, ProcessStartError>((resume) => {
    const command = commandOf(spec, options)
    if (command === undefined) {
      return resume(Effect.fail(startError(spec, "ProgramMissing", "not found in PATH")))
    }
    const failed = (cause: unknown) => resume(Effect.fail(startError(spec, "SpawnFailed", cause)))
    try {
      ensureDescriptors()
      const child = spawn("setpriv", command, {
        cwd: "/",
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
        env: { PATH: options.searchPath.join(":"), LC_ALL: "C", ...options.marks }
      })
      // This listener stays: without one, node would treat a second error as uncaught.
      child.on("error", failed)
      // No pid means that the fork failed; the error event reports it.
      if (child.pid === undefined) return
      drain(child, onLine)
      const heard = hear(child, child.pid)
      child.once("spawn", () => resume(Effect.succeed(heard)))
    } catch (cause) {
      // Node throws some errors instead of emitting them, such as E2BIG and ENOMEM.
      failed(cause)
    }
  })

/** The words after `setpriv`, which is itself looked for like any program. Undefined if the program is missing. */
const commandOf = (spec: ProcessSpec, { deathSignal, searchPath, within }: SpawnOptions) => {
  const [program = spec.program, ...words] = spec.argv
  const file = findProgram(program, searchPath)
  // With a scheduling policy argv begins with `chrt`. If the program were missing, only chrt's exit code would show it,
  // so it is looked for here.
  const behind = words.find((word) => word === spec.program)
  if (file === undefined || (behind !== undefined && findProgram(behind, searchPath) === undefined)) return undefined
  const shell = findProgram("sh", searchPath)
  return [
    "--pdeathsig",
    deathSignal,
    "--",
    // Without a shell this check is left out; the next start of the daemon then finds such a child.
    ...(shell === undefined ? [] : [shell, "-c", onlyWithParent, "linuxptp-daemon", String(process.pid)]),
    ...within,
    file,
    ...words
  ]
}

/**
 * The child runs this check after the kernel knows the death signal. If the daemon died between fork and prctl, it is
 * no longer the parent, and nobody would ever end this child. Otherwise the shell execs the given words with the same
 * pid.
 */
const onlyWithParent = `[ "$PPID" = "$1" ] && shift && exec "$@"`

/** Two socket pairs for the outputs, and a pipe by which the fork reports a failure. */
const descriptorsOfSpawn = 6

/**
 * Throws if there are too few file descriptors for a spawn. Node would leak those that it has opened, and each further
 * attempt would make it worse.
 */
const ensureDescriptors = () => {
  const opened: Array<number> = []
  try {
    for (let count = 0; count < descriptorsOfSpawn; count += 1) opened.push(openSync("/dev/null", "r"))
  } finally {
    for (const descriptor of opened) closeSync(descriptor)
  }
}

const hear = (child: ChildProcess, pid: number): ForkedChild => {
  const reaped = Deferred.makeUnsafe<ProcessExit>()
  const silent = Deferred.makeUnsafe<void>()
  child.once("exit", (code, signal) => {
    // The leader is dead. Nothing that it left in its group may meet the successor.
    signalGroup(pid, "SIGKILL")
    Deferred.doneUnsafe(reaped, Effect.succeed(signal === null ? { code: code ?? 0 } : { signal }))
  })
  child.once("close", () => Deferred.doneUnsafe(silent, Effect.void))
  const closeOutputs = () => {
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
  return { pid, reaped, silent, closeOutputs }
}

const drain = (child: ChildProcess, onLine: (line: OutputLine) => void) => {
  for (const stream of ["stdout", "stderr"] as const) {
    const reader = makeLineReader((text) => onLine({ stream, text }))
    child[stream]?.on("data", (chunk: Buffer) => {
      reader.read(chunk, performance.now())
      release(chunk)
    }).once("end", reader.end)
      // A broken pipe ends the output, not the child.
      .on("error", () => {})
  }
}

/**
 * Releases the memory of a chunk at once. Node reads each chunk of a pipe into its own 64 KiB and leaves that to the
 * garbage collector. A flood of output would let the daemon grow by 60 MiB before it is collected.
 */
const release = (chunk: Buffer) => {
  if (chunk.buffer instanceof ArrayBuffer) chunk.buffer.transfer(0)
}
