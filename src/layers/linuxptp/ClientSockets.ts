/**
 * Removes the sockets that linuxptp's clients create at fixed paths and that a SIGKILL leaves behind. For a process
 * that was reaped, these are the sockets with its pid. At the start of the daemon, and after a timemaster whose
 * children's pids are unknown, these are all sockets that nobody holds.
 */
import { Effect } from "effect"
import { lstatSync, readdirSync, unlinkSync } from "node:fs"
import path from "node:path"
import type { Libc } from "../native/Libc.ts"
import * as UnixDatagram from "../native/UnixDatagram.ts"

/** The directory of these sockets (linuxptp pmc_common.c). */
const clientSockets = "/var/run"

/** `phc2sys.<pid>`, or `phc2sys.<pid>.<n>` if one process has several clients. */
const clientSocket = /^(phc2sys|ts2phc|pmc)\.\d+(\.\d+)?$/

/**
 * Removes sockets with the name of a client that nobody holds, whoever created them and in whatever pid namespace.
 * Never fails. Without native calls it removes nothing, because it cannot know whether a socket is held.
 */
export const removeDeadClientSockets = (
  { directory = clientSockets }: { readonly directory?: string } = {}
): Effect.Effect<void, never, Libc> =>
  removeDead(directory).pipe(
    // Leftover sockets only occupy names, and the next start tries again.
    Effect.catch((error) =>
      Effect.logDebug("cannot look for sockets of clients that are gone").pipe(
        Effect.annotateLogs({ reason: error.message })
      )
    )
  )

/** Removes the sockets that the program created as process `pid`, which is reaped. Never fails. */
export const removeClientSockets = (program: string, pid: number): Effect.Effect<void> =>
  Effect.sync(() => {
    for (const name of namesIn(clientSockets)) {
      if (name === `${program}.${pid}` || name.startsWith(`${program}.${pid}.`)) unlink(path.join(clientSockets, name))
    }
  })

const removeDead = Effect.fnUntraced(function*(directory: string) {
  const candidates = namesIn(directory).filter((name) => clientSocket.test(name))
  if (candidates.length === 0) return
  const removed: Array<string> = []
  for (const name of candidates) {
    const file = path.join(directory, name)
    if (isSocket(file) && (yield* isDead(file)) && unlink(file)) removed.push(name)
  }
  if (removed.length === 0) return
  yield* Effect.logInfo("removed sockets of linuxptp clients that are gone").pipe(
    Effect.annotateLogs({ directory, removed })
  )
})

const namesIn = (directory: string): ReadonlyArray<string> => {
  try {
    return readdirSync(directory)
  } catch {
    // There is no such directory, so nothing was left in it.
    return []
  }
}

const isSocket = (file: string): boolean => {
  try {
    // Links are not followed: the file behind a link has another name.
    return lstatSync(file).isSocket()
  } catch {
    return false
  }
}

/** Connecting sends nothing. The kernel knows the holder by the file and not by a pid. */
const isDead = (file: string) =>
  Effect.scoped(Effect.map(UnixDatagram.open, ({ connect }) => connect(file) === "ECONNREFUSED"))

const unlink = (file: string): boolean => {
  try {
    unlinkSync(file)
    return true
  } catch {
    return false
  }
}
