/**
 * Runs processes as children of this program: files first, then `setpriv --pdeathsig` so that the kernel ends the
 * child when the daemon dies, a process group of its own, both outputs drained always, and the directory removed once
 * the child is reaped. It starts and signals; when to do so is the supervisor's business.
 */
import { Effect, Layer } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import path from "node:path"
import {
  type OutputLine,
  type ProcessExit,
  ProcessRunner,
  ProcessStartError,
  type RunningProcess
} from "../../services/processes/ProcessRunner.ts"
import type { ProcessSpec, Program } from "../../services/processes/ProcessSpec.ts"
import { makeLineReader } from "./LineReader.ts"
import { findProgram, systemSearchPath } from "./ProgramPath.ts"
import { markVariable } from "./RunDirectory.ts"

/** Output that arrives after the death of its writer is waited for this long, for the last words on stderr. */
const lastWordsMillis = 50

export interface ChildProcessRunnerOptions {
  /** The children's mark. */
  readonly runDirectory: string
  /** Where programs are looked for: by default PATH and the system's directories. */
  readonly searchPath?: ReadonlyArray<string>
  /** A command that execs its arguments in another surrounding, as `ip netns exec NAME` does. */
  readonly within?: ReadonlyArray<string>
}

/** timemaster gets TERM, so that it ends its own children; KILL would leave them behind. */
const deathSignal = (program: Program) => program === "timemaster" ? "TERM" : "KILL"

const startError = (spec: ProcessSpec, reason: ProcessStartError["reason"], cause: unknown) =>
  new ProcessStartError({
    id: spec.id,
    program: spec.program,
    reason,
    detail: cause instanceof Error ? cause.message : String(cause)
  })

/** With its parent when somebody removed that too. Not recursive: node's recursive mkdir never returns below /proc. */
const makeDirectory = (directory: string) => {
  const parent = path.dirname(directory)
  if (!existsSync(parent)) mkdirSync(parent, { mode: 0o755 })
  mkdirSync(directory, { mode: 0o755 })
}

const writeFiles = (spec: ProcessSpec) =>
  Effect.try({
    try: () => {
      rmSync(spec.directory, { recursive: true, force: true })
      makeDirectory(spec.directory)
      for (const [file, text] of Object.entries(spec.files)) writeFileSync(file, text, { mode: 0o644, flush: false })
    },
    catch: (cause) => startError(spec, "FilesNotWritten", cause)
  })

const spawnChild = (
  spec: ProcessSpec,
  { runDirectory, searchPath = systemSearchPath, within = [] }: ChildProcessRunnerOptions
) =>
  Effect.callback<ChildProcess, ProcessStartError>((resume) => {
    const [program = spec.program, ...words] = spec.argv
    const file = findProgram(program, searchPath)
    // With a scheduling policy argv begins with `chrt`, whose own complaint would only show as an exit code.
    const behind = words.find((word) => word === spec.program)
    if (file === undefined || (behind !== undefined && findProgram(behind, searchPath) === undefined)) {
      return resume(Effect.fail(startError(spec, "ProgramMissing", "not found in PATH")))
    }
    const failed = (cause: unknown) => resume(Effect.fail(startError(spec, "SpawnFailed", cause)))
    const command = [...within, file, ...words]
    try {
      const child = spawn("setpriv", ["--pdeathsig", deathSignal(spec.program), "--", ...command], {
        cwd: "/",
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
        env: { PATH: searchPath.join(":"), LC_ALL: "C", [markVariable]: runDirectory }
      })
      child.once("error", failed)
      child.once("spawn", () => resume(Effect.succeed(child)))
    } catch (cause) {
      // Node throws for some errors instead of emitting them, E2BIG and ENOMEM among them.
      failed(cause)
    }
  })

const drain = (child: ChildProcess, onLine: (line: OutputLine) => void) => {
  for (const stream of ["stdout", "stderr"] as const) {
    const reader = makeLineReader((text) => onLine({ stream, text }))
    child[stream]?.on("data", (bytes: Buffer) => reader.read(bytes, performance.now())).once("end", reader.end)
      // A broken pipe ends the output, not the child.
      .on("error", () => {})
  }
}

const signalGroup = (pid: number, signal: NodeJS.Signals) => {
  try {
    process.kill(-pid, signal)
  } catch {
    // The group is gone: what was wanted.
  }
}

/** Sockets that linuxptp's clients bind at a fixed place, `/var/run/phc2sys.PID` and the like (linuxptp pmc_common.c). */
const removeClientSockets = (program: Program, pid: number) => {
  for (const directory of ["/var/run"]) {
    for (const name of readdirSync(directory)) {
      if (name === `${program}.${pid}` || name.startsWith(`${program}.${pid}.`)) {
        rmSync(path.join(directory, name), { force: true })
      }
    }
  }
}

const cleanUp = (spec: ProcessSpec, pid: number) => {
  // The leader is dead; whatever it left in its group must not meet the successor.
  signalGroup(pid, "SIGKILL")
  try {
    rmSync(spec.directory, { recursive: true, force: true })
    removeClientSockets(spec.program, pid)
  } catch {
    // Left-overs are removed at the next start of this id; a full or read-only disk must not keep the clock down.
  }
}

const running = (spec: ProcessSpec, child: ChildProcess, pid: number): RunningProcess => {
  let signalsReach = true
  const ended = new Promise<ProcessExit>((resolve) => {
    child.once("exit", (code, signal) => {
      signalsReach = false
      cleanUp(spec, pid)
      const exit: ProcessExit = signal === null ? { code: code ?? 0 } : { signal }
      const timer = setTimeout(() => resolve(exit), lastWordsMillis)
      child.once("close", () => {
        clearTimeout(timer)
        resolve(exit)
      })
    })
  })
  return {
    pid,
    exit: Effect.promise(() => ended),
    // After the reap the pid may be somebody else's.
    signal: (signal) => Effect.sync(() => signalsReach ? signalGroup(pid, signal) : undefined)
  }
}

/** Children are marked with `runDirectory` in their environment, by which a later daemon finds what was left. */
export const layer = (options: ChildProcessRunnerOptions): Layer.Layer<ProcessRunner> =>
  Layer.succeed(ProcessRunner, {
    start: Effect.fnUntraced(function*(spec, onLine) {
      yield* writeFiles(spec)
      const child = yield* spawnChild(spec, options).pipe(
        Effect.tapError(() => Effect.sync(() => rmSync(spec.directory, { recursive: true, force: true })))
      )
      drain(child, onLine)
      return running(spec, child, child.pid ?? 0)
    }, Effect.uninterruptible)
  })
