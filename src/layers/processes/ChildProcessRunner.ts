/**
 * Runs processes as children of this program: files first, then `setpriv --pdeathsig` so that the kernel ends the
 * child when the daemon dies, a process group of its own, both outputs drained always, and the directory removed once
 * the child is reaped. It starts and signals; when to do so is the supervisor's business, and what a child leaves
 * outside of its group is the guard's and the run directory's.
 */
import { Effect, Layer } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { closeSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import path from "node:path"
import {
  type OutputLine,
  type ProcessExit,
  ProcessRunner,
  ProcessStartError,
  type RunningProcess
} from "../../services/processes/ProcessRunner.ts"
import type { ProcessSpec, Program } from "../../services/processes/ProcessSpec.ts"
import * as Libc from "../native/Libc.ts"
import { findProgram, systemSearchPath } from "../native/ProgramPath.ts"
import { markVariables } from "./ChildMarks.ts"
import { removeDeadClientSockets } from "./ClientSockets.ts"
import { makeLineReader } from "./LineReader.ts"
import { makeDirectory } from "./MakeDirectory.ts"
import { groupGone, signalGroup } from "./ProcessGroup.ts"
import { schedulingOf } from "./ProcScheduling.ts"

/** Output that arrives after the death of its writer is waited for this long, for the last words on stderr. */
const lastWordsMillis = 50

export interface ChildProcessRunnerOptions {
  /** Its name is the children's mark. */
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

const writeFiles = (spec: ProcessSpec) =>
  Effect.try({
    try: () => {
      rmSync(spec.directory, { recursive: true, force: true })
      makeDirectory(spec.directory)
      for (const [file, text] of Object.entries(spec.files)) writeFileSync(file, text, { mode: 0o644, flush: false })
    },
    catch: (cause) => startError(spec, "FilesNotWritten", cause)
  })

/**
 * Asked in the child once the kernel knows of the death signal: a daemon that died between fork and prctl is not the
 * parent any more, and nobody would ever end this child. The words are handed on as they are; the pid stays the same.
 */
const onlyWithParent = `[ "$PPID" = "$1" ] && shift && exec "$@"`

/** The words behind `setpriv`, which itself is looked for like any program. */
const setprivWords = (program: Program, shell: string | undefined, command: ReadonlyArray<string>) => [
  "--pdeathsig",
  deathSignal(program),
  "--",
  // Without a shell the next start finds what slipped through.
  ...(shell === undefined ? [] : [shell, "-c", onlyWithParent, "linuxptp-daemon", String(process.pid)]),
  ...command
]

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

/** Spawns, and hands the child over in the same turn of the event loop: one that ends at once must not be missed. */
const spawnChild = (
  spec: ProcessSpec,
  onLine: (line: OutputLine) => void,
  removeLeftSockets: Effect.Effect<void>,
  { runDirectory, searchPath = systemSearchPath, within = [] }: ChildProcessRunnerOptions
) =>
  Effect.callback<RunningProcess, ProcessStartError>((resume) => {
    const [program = spec.program, ...words] = spec.argv
    const file = findProgram(program, searchPath)
    // With a scheduling policy argv begins with `chrt`, whose own complaint would only show as an exit code.
    const behind = words.find((word) => word === spec.program)
    if (file === undefined || (behind !== undefined && findProgram(behind, searchPath) === undefined)) {
      return resume(Effect.fail(startError(spec, "ProgramMissing", "not found in PATH")))
    }
    const failed = (cause: unknown) => resume(Effect.fail(startError(spec, "SpawnFailed", cause)))
    const setpriv = setprivWords(spec.program, findProgram("sh", searchPath), [...within, file, ...words])
    try {
      ensureDescriptors()
      const child = spawn("setpriv", setpriv, {
        cwd: "/",
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
        env: { PATH: searchPath.join(":"), LC_ALL: "C", ...markVariables(runDirectory) }
      })
      // Stays: node would take a second error without a listener for an uncaught one.
      child.on("error", failed)
      // Without a pid the fork failed, which the error event tells. A signal to group 0 would be one to ourselves.
      if (child.pid === undefined) return
      drain(child, onLine)
      const process_ = running(spec, child, child.pid, removeLeftSockets)
      child.once("spawn", () => resume(Effect.succeed(process_)))
    } catch (cause) {
      // Node throws for some errors instead of emitting them, E2BIG and ENOMEM among them.
      failed(cause)
    }
  })

/**
 * Gives the memory of a chunk back at once. Node reads each chunk of a pipe into 64 KiB of its own and leaves them to
 * the collector, which lets a flood grow the daemon by 60 MiB before it looks.
 */
const release = (chunk: Buffer) => {
  if (chunk.buffer instanceof ArrayBuffer) chunk.buffer.transfer(0)
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

/** Sockets that linuxptp's clients bind at a fixed place, `/var/run/phc2sys.PID` and the like (linuxptp pmc_common.c). */
const removeClientSockets = (program: Program, pid: number) => {
  for (const name of readdirSync(clientSockets)) {
    if (name === `${program}.${pid}` || name.startsWith(`${program}.${pid}.`)) {
      rmSync(path.join(clientSockets, name), { force: true })
    }
  }
}
const clientSockets = "/var/run"

/** Left-overs are removed at the next start of this id; a full or read-only disk must not keep the clock down. */
const attempt = (removal: () => void) => {
  try {
    removal()
  } catch {
    // See above.
  }
}

const removeDirectory = (spec: ProcessSpec) => attempt(() => rmSync(spec.directory, { recursive: true, force: true }))

const cleanUp = (spec: ProcessSpec, pid: number) => {
  // The leader is dead; whatever it left in its group must not meet the successor.
  signalGroup(pid, "SIGKILL")
  removeDirectory(spec)
  attempt(() => removeClientSockets(spec.program, pid))
}

/** What is left of a group whose leader is dead: its members, their files, and sockets of pids that nobody knows. */
const removeGroup = async (spec: ProcessSpec, leader: number, removeLeftSockets: Effect.Effect<void>) => {
  await groupGone(leader)
  removeDirectory(spec)
  await Effect.runPromise(removeLeftSockets)
}

const running = (
  spec: ProcessSpec,
  child: ChildProcess,
  pid: number,
  removeLeftSockets: Effect.Effect<void>
): RunningProcess => {
  let isReaped = false
  const ended = new Promise<ProcessExit>((resolve) => {
    child.once("exit", (code, signal) => {
      isReaped = true
      cleanUp(spec, pid)
      const exit: ProcessExit = signal === null ? { code: code ?? 0 } : { signal }
      const timer = setTimeout(() => {
        // Somebody outside of the group holds the pipe: it must not speak for the successor.
        child.stdout?.destroy()
        child.stderr?.destroy()
        resolve(exit)
      }, lastWordsMillis)
      child.once("close", () => {
        clearTimeout(timer)
        resolve(exit)
      })
    })
  })
  // timemaster's children outlive it by a moment when it was killed, and hold the NICs of its successor.
  const gone = spec.program === "timemaster"
    ? ended.then((exit) => removeGroup(spec, pid, removeLeftSockets).then(() => exit))
    : ended
  return {
    pid,
    // After the reap the pid may be somebody else's.
    scheduling: Effect.sync(() => isReaped ? undefined : schedulingOf(pid)),
    exit: Effect.promise(() => gone),
    signal: (signal) => Effect.sync(() => isReaped ? undefined : signalGroup(pid, signal))
  }
}

/** Children carry the marks of `runDirectory` and of this run of the program (ChildMarks). */
export const layer = (options: ChildProcessRunnerOptions): Layer.Layer<ProcessRunner> =>
  Layer.effect(
    ProcessRunner,
    Effect.map(Libc.Libc, (libc) => {
      const removeLeftSockets = Effect.provideService(removeDeadClientSockets(), Libc.Libc, libc)
      return ProcessRunner.of({
        start: (spec, onLine) =>
          writeFiles(spec).pipe(
            Effect.andThen(spawnChild(spec, onLine, removeLeftSockets, options)),
            // Also what was written before the disk was full.
            Effect.tapError(() => Effect.sync(() => removeDirectory(spec))),
            Effect.uninterruptible
          )
      })
    })
  ).pipe(Layer.provide(Libc.layer))
