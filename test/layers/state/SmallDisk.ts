/** A real disk of 64 KiB that fills up or becomes read-only: a tmpfs in a mount namespace that is the test's alone. */
import { Effect } from "effect"
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"

/** Why there can be none here; undefined when there can. */
export const noSmallDisk: string | undefined =
  spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0
    ? undefined
    : "needs unshare(1) and leave to mount a tmpfs in a namespace"

/** Ends with the scope, and the disk with it. */
export const makeSmallDisk = Effect.gen(function*() {
  const shell = yield* Effect.acquireRelease(
    Effect.sync(() => spawn("unshare", ["-rm", "sh", "-e"])),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  const run = (command: string) => Effect.promise(() => answered(shell, command))
  yield* run("mount -t tmpfs -o size=64k,mode=755 tmpfs /mnt")
  return {
    /** Another namespace's mounts are reached by its process. */
    path: `/proc/${shell.pid}/root/mnt`,
    fill: run("cat /dev/zero > /mnt/filler 2>/dev/null || true"),
    empty: run("rm /mnt/filler"),
    makeReadOnly: run("mount -o remount,bind,ro /mnt")
  }
})

const answered = async (shell: ChildProcessWithoutNullStreams, command: string): Promise<void> => {
  const ended = once(shell, "exit").then(() => Promise.reject(new Error(`the small disk's shell failed: ${command}`)))
  shell.stdin.write(`${command}\necho done\n`)
  await Promise.race([once(shell.stdout, "data"), ended])
}
