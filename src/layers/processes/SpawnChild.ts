/**
 * Forks one child: `setpriv` so that the kernel ends it when the daemon dies, a process group of its own, both outputs
 * drained always. Everything that node tells of the child is heard from the turn of the fork on.
 */
import { Deferred, Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import { type OutputLine, type ProcessExit, ProcessStartError } from "../../services/processes/ProcessRunner.ts"
import type { ProcessSpec } from "../../services/processes/ProcessSpec.ts"
import { findProgram } from "../native/ProgramPath.ts"
import { markVariables } from "./ChildMarks.ts"
import { makeLineReader } from "./LineReader.ts"
import { signalGroup } from "./Signals.ts"

export interface SpawnOptions {
  /** Its name is the child's mark. */
  readonly runDirectory: string
  /** Where programs are looked for. */
  readonly searchPath: ReadonlyArray<string>
  /** A command that execs its arguments in another surrounding, as `ip netns exec NAME` does. */
  readonly within: ReadonlyArray<string>
  /** What the kernel sends to the child when the daemon dies. */
  readonly deathSignal: "TERM" | "KILL"
}

/** A child that was forked, and what there is to wait for. */
export interface ForkedChild {
  readonly pid: number
  /** Done in the very turn in which the child is reaped: from then on its pid may be somebody else's. */
  readonly reaped: Deferred.Deferred<ProcessExit>
  /** Done when both outputs are read to their ends. */
  readonly silent: Deferred.Deferred<void>
  /** Stops listening, also to whoever else holds the pipes. */
  readonly closeOutputs: () => void
}

export const startError = (
  { id, program }: ProcessSpec,
  reason: ProcessStartError["reason"],
  cause: unknown
): ProcessStartError =>
  new ProcessStartError({ id, program, reason, detail: cause instanceof Error ? cause.message : String(cause) })

/** Forks, and hands the child over once it has exec'd `setpriv`. */
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
        env: { PATH: options.searchPath.join(":"), LC_ALL: "C", ...markVariables(options.runDirectory) }
      })
      // Stays: node would take a second error without a listener for an uncaught one.
      child.on("error", failed)
      // Without a pid the fork failed, which the error event tells.
      if (child.pid === undefined) return
      drain(child, onLine)
      const heard = hear(child, child.pid)
      child.once("spawn", () => resume(Effect.succeed(heard)))
    } catch (cause) {
      // Node throws for some errors instead of emitting them, E2BIG and ENOMEM among them.
      failed(cause)
    }
  })

/** The words behind `setpriv`, which itself is looked for like any program. Undefined: the program is missing. */
const commandOf = (spec: ProcessSpec, { deathSignal, searchPath, within }: SpawnOptions) => {
  const [program = spec.program, ...words] = spec.argv
  const file = findProgram(program, searchPath)
  // With a scheduling policy argv begins with `chrt`, whose own complaint would only show as an exit code.
  const behind = words.find((word) => word === spec.program)
  if (file === undefined || (behind !== undefined && findProgram(behind, searchPath) === undefined)) return undefined
  const shell = findProgram("sh", searchPath)
  return [
    "--pdeathsig",
    deathSignal,
    "--",
    // Without a shell the next start finds what slipped through.
    ...(shell === undefined ? [] : [shell, "-c", onlyWithParent, "linuxptp-daemon", String(process.pid)]),
    ...within,
    file,
    ...words
  ]
}

/**
 * Asked in the child once the kernel knows of the death signal: a daemon that died between fork and prctl is not the
 * parent any more, and nobody would ever end this child. The words are handed on as they are; the pid stays the same.
 */
const onlyWithParent = `[ "$PPID" = "$1" ] && shift && exec "$@"`

/** Two socket pairs for the outputs, and a pipe by which the fork tells of its failure. */
const descriptorsOfSpawn = 6

/**
 * Throws when too few file descriptors are left for a spawn. Node forgets the ones that it had opened by then, and each
 * further attempt would make it worse.
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
    // The leader is dead; whatever it left in its group must not meet the successor.
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
 * Gives the memory of a chunk back at once. Node reads each chunk of a pipe into 64 KiB of its own and leaves them to
 * the collector, which lets a flood grow the daemon by 60 MiB before it looks.
 */
const release = (chunk: Buffer) => {
  if (chunk.buffer instanceof ArrayBuffer) chunk.buffer.transfer(0)
}
