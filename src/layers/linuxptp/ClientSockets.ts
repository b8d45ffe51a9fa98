/**
 * Removes the sockets that linuxptp's clients bind at fixed places and that a SIGKILL leaves behind: those of a process
 * that was reaped, and at the start of the daemon and after a timemaster, whose children are not known by their pids,
 * those that nobody holds.
 */
import { Effect } from "effect"
import { lstatSync, readdirSync, unlinkSync } from "node:fs"
import path from "node:path"
import type { Libc } from "../native/Libc.ts"
import * as UnixDatagram from "../native/UnixDatagram.ts"

/** Where they are bound (linuxptp pmc_common.c). */
const clientSockets = "/var/run"

/** `phc2sys.<pid>` and, where several clients are in one process, `phc2sys.<pid>.<n>`. */
const clientSocket = /^(phc2sys|ts2phc|pmc)\.\d+(\.\d+)?$/

/**
 * Removes what is a socket, is called like a client's, and is held by nobody, whoever made it and in whatever pid
 * namespace. Never fails; without native calls it removes nothing, since nobody can tell then.
 */
export const removeDeadClientSockets = (
  { directory = clientSockets }: { readonly directory?: string } = {}
): Effect.Effect<void, never, Libc> =>
  removeDead(directory).pipe(
    // Left-overs do no harm but for their names; there will be a next time.
    Effect.catch((error) =>
      Effect.logDebug("cannot look for sockets of clients that are gone").pipe(
        Effect.annotateLogs({ reason: error.message })
      )
    )
  )

/** Removes what a program bound as the process `pid`, which is reaped. Never fails. */
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
    // No such directory: nothing was left in it.
    return []
  }
}

const isSocket = (file: string): boolean => {
  try {
    // Not through links: what is at their end has another name.
    return lstatSync(file).isSocket()
  } catch {
    return false
  }
}

/** Connecting sends nothing, and the kernel knows a holder by the file, not by a pid. */
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
