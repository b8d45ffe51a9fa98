/**
 * How a process is stopped: SIGTERM to its group, 5 s of time, SIGKILL, and then a wait for as long as the kernel holds
 * it. Only the end of the daemon may cut the 5 s short (FiberProcessSupervisor). Signals sends the signals.
 */
import { Duration, Effect, Option } from "effect"
import type { RunningProcess } from "../../services/processes/ProcessRunner.ts"
import type { StatusBoard } from "./StatusBoard.ts"

/** How long a process may take to end after SIGTERM. */
export const stopGrace = Duration.seconds(5)
/** How long the kernel may take to reap a process after SIGKILL before it is reported as unreapable. */
export const reapPatience = Duration.seconds(1)
/** A stop takes at most this long, unless the kernel does not give the process back. */
export const stopPatience = Duration.sum(stopGrace, Duration.sum(reapPatience, reapPatience))

/** Returns when the process is reaped. */
export const stopProcess = Effect.fnUntraced(function*(board: StatusBoard, id: string, process: RunningProcess) {
  yield* board.update(id, { state: "Stopping", reason: undefined })
  yield* process.signal("SIGTERM")
  if (Option.isSome(yield* process.exit.pipe(Effect.timeoutOption(stopGrace)))) return
  yield* killAndReap(board, id, process)
})

/** Returns how it ended, when it is reaped. */
export const killAndReap = Effect.fnUntraced(function*(board: StatusBoard, id: string, process: RunningProcess) {
  yield* process.signal("SIGKILL")
  const inTime = yield* process.exit.pipe(Effect.timeoutOption(reapPatience))
  if (Option.isSome(inTime)) return inTime.value
  // The child is in D state. It keeps its id, so nobody starts a second one beside it.
  yield* board.complain(id, "NotReaped", `pid ${process.pid} cannot be reaped`)
  yield* Effect.logError("process cannot be reaped").pipe(Effect.annotateLogs({ pid: process.pid }))
  return yield* process.exit
})
