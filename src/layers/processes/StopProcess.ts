/**
 * How a process is stopped, whoever wants it: SIGTERM to its group, 5 s to obey, SIGKILL, and then as long as the kernel
 * holds it. The signals themselves are sent by Signals.
 */
import { Duration, Effect, Option } from "effect"
import type { RunningProcess } from "../../services/processes/ProcessRunner.ts"
import type { StatusBoard } from "./StatusBoard.ts"

/** How long a child may take to obey SIGTERM. */
export const stopGrace = Duration.seconds(5)
/** How long the kernel may take to reap after SIGKILL before the child is called unreapable. */
export const reapPatience = Duration.seconds(1)
/** One stop takes at most this long, unless the kernel does not give the child back. */
export const stopPatience = Duration.sum(stopGrace, Duration.sum(reapPatience, reapPatience))

/** Returns when the process is reaped. */
export const stopProcess = Effect.fnUntraced(function*(board: StatusBoard, id: string, process: RunningProcess) {
  yield* board.update(id, { state: "Stopping", reason: undefined })
  yield* process.signal("SIGTERM")
  if (Option.isSome(yield* process.exit.pipe(Effect.timeoutOption(stopGrace)))) return
  yield* process.signal("SIGKILL")
  if (Option.isSome(yield* process.exit.pipe(Effect.timeoutOption(reapPatience)))) return
  // A child in D state: it keeps its id, and nobody starts a second one beside it.
  yield* board.complain(id, "NotReaped", `pid ${process.pid} cannot be reaped`)
  yield* Effect.logError("process cannot be reaped").pipe(Effect.annotateLogs({ pid: process.pid }))
  yield* process.exit
})
