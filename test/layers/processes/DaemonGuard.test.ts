import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, FileSystem, Schedule } from "effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync, readFileSync } from "node:fs"
import path from "node:path"
import { markedProcesses, runDirectoryMark } from "../../../src/layers/processes/ChildMarks.ts"
import * as RunDirectory from "../../../src/layers/processes/RunDirectory.ts"
import { killOwn } from "../../KillOwn.ts"

const program = path.join(import.meta.dirname, "StandInDaemon.ts")

const makeRunDirectory = FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped()).pipe(
  Effect.flatMap(RunDirectory.resolve)
)

/** A daemon as a process of its own, with its children up. */
const startDaemonOn = Effect.fnUntraced(function*(runDirectory: string, ...scripts: ReadonlyArray<string>) {
  const exited = yield* Deferred.make<number | string>()
  let errors = ""
  const daemon = yield* Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [
        "--disable-warning=ExperimentalWarning",
        program,
        runDirectory,
        ...scripts
      ])
      child.stderr.on("data", (bytes: Buffer) => errors += bytes.toString())
      child.once("exit", (code, signal) => Deferred.doneUnsafe(exited, Effect.succeed(signal ?? code ?? 0)))
      return child
    }),
    (child) => Effect.andThen(Effect.sync(() => child.kill("SIGKILL")), Deferred.await(exited))
  )
  yield* Effect.promise(() => once(daemon.stdout, "data"))
  return {
    daemon,
    exited: Deferred.await(exited),
    errors: () => errors,
    children: Effect.sync(() => markedProcesses(runDirectoryMark(runDirectory))),
    guards: Effect.sync(() => guardsOf(daemon.pid ?? 0))
  }
})

const startDaemon = (...scripts: ReadonlyArray<string>) =>
  Effect.flatMap(makeRunDirectory, (runDirectory) => startDaemonOn(runDirectory, ...scripts))

/** By their command line: guards carry no mark. */
const guardsOf = (daemon: number) =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(`\0linuxptp-daemon-guard\0${daemon}\0`)
    } catch {
      return false
    }
  })

/** A process that execs at the moment of a look has no mark for that long, so one look proves nothing. */
const becomes = (count: number, pids: Effect.Effect<ReadonlyArray<number>>) =>
  Effect.repeat(pids, { schedule: Schedule.spaced("10 millis"), until: (found) => found.length === count })

/** The guard as soon as there is one. Never 0: a signal for that is one for the test runner and all that it started. */
const theGuard = (guards: Effect.Effect<ReadonlyArray<number>>) =>
  Effect.flatMap(becomes(1, guards), ([pid]) => pid === undefined ? Effect.die("no guard") : Effect.succeed(pid))

/** As chronyd does: it ignores the death of its parent, and a change of user has taken its death signal away. */
const changesUser = `setpriv --reuid 65534 --clear-groups sh -c 'trap "" TERM HUP; sleep 1000; sleep 1000' & `

describe("DaemonGuard", () => {
  it.live("ends the grandchildren of a daemon that is killed, and itself", () =>
    Effect.gen(function*() {
      const { children, daemon, guards } = yield* startDaemon("sleep 1000 & echo up; wait")
      yield* becomes(2, children)
      yield* becomes(1, guards)
      daemon.kill("SIGKILL")
      yield* becomes(0, children)
      yield* becomes(0, guards)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("lets timemaster end its own first", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = yield* fs.makeTempDirectoryScoped()
      const witness = `${directory}/witness`
      const trap = `trap 'sleep 0.1; kill $! && echo obeyed >${witness}; exit 0' TERM`
      // The guard knows it by its name.
      const timemaster = `#!/bin/sh\nsleep 1000 &\n${trap}\necho up\nwait\n`
      yield* fs.writeFileString(`${directory}/timemaster`, timemaster, { mode: 0o755 })
      const { children, daemon } = yield* startDaemon(`timemaster:exec ${directory}/timemaster`)
      daemon.kill("SIGKILL")
      yield* becomes(0, children)
      assert.strictEqual(yield* fs.readFileString(witness), "obeyed\n")
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live.skipIf(process.getuid?.() !== 0)(
    "ends what a timemaster that does not obey leaves, also of another user",
    () =>
      Effect.gen(function*() {
        const { children, daemon } = yield* startDaemon(`timemaster:trap '' TERM; ${changesUser} echo up; wait`)
        daemon.kill("SIGKILL")
        yield* becomes(0, children)
      }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
  )

  it.live("leaves the children of the next daemon on the run directory alone", () =>
    Effect.gen(function*() {
      const runDirectory = yield* makeRunDirectory
      const first = yield* startDaemonOn(runDirectory, "sleep 1000 & echo up; wait")
      const guard = yield* theGuard(first.guards)
      killOwn(guard, "SIGSTOP")
      first.daemon.kill("SIGKILL")
      const second = yield* startDaemonOn(runDirectory, "sleep 1000 & echo up; wait")
      const theirs = yield* becomes(2, second.children)
      killOwn(guard, "SIGCONT")
      yield* becomes(0, first.guards)
      assert.deepStrictEqual(yield* becomes(2, second.children), theirs)
      assert.strictEqual((yield* second.guards).length, 1)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("ignores signals that are meant for the daemon", () =>
    Effect.gen(function*() {
      const { children, daemon, guards } = yield* startDaemon("sleep 1000 & echo up; wait")
      for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
        for (const pid of yield* guards) killOwn(pid, signal)
      }
      daemon.kill("SIGKILL")
      yield* becomes(0, children)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("has a successor when it is killed, and that is told", () =>
    Effect.gen(function*() {
      const { children, daemon, errors, guards } = yield* startDaemon("sleep 1000 & echo up; wait")
      const first = yield* theGuard(guards)
      killOwn(first, "SIGKILL")
      yield* Effect.repeat(guards, {
        schedule: Schedule.spaced("10 millis"),
        until: ([pid]) => pid !== undefined && pid !== first
      })
      assert.include(errors(), "the guard ended, starting another")
      daemon.kill("SIGKILL")
      yield* becomes(0, children)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("goes with a daemon that ends in order, and what left its group goes too", () =>
    Effect.gen(function*() {
      const { children, daemon, errors, exited, guards } = yield* startDaemon(
        "setsid sh -c 'echo up; sleep 1000' & wait"
      )
      assert.isAbove((yield* children).length, 1)
      daemon.stdin.end()
      assert.strictEqual(yield* exited, 0)
      assert.deepStrictEqual(yield* guards, [])
      assert.deepStrictEqual(yield* children, [])
      assert.include(errors(), "ending processes that their parent left")
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))
})
