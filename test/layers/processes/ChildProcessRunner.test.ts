import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Queue } from "effect"
import { existsSync, readFileSync } from "node:fs"
import * as ChildProcessRunner from "../../../src/layers/processes/ChildProcessRunner.ts"
import { leftOvers } from "../../../src/layers/processes/RunDirectory.ts"
import { type OutputLine, ProcessRunner } from "../../../src/services/processes/ProcessRunner.ts"
import { spec } from "./ScriptedRunner.ts"

/** Starts `sh -c script` in a directory of its own; ended with the test's scope whatever happens. */
const startShell = Effect.fnUntraced(function*(script: string, files: Readonly<Record<string, string>> = {}) {
  const fs = yield* FileSystem.FileSystem
  const runDirectory = yield* fs.makeTempDirectoryScoped()
  const directory = `${runDirectory}/ptp4l-a`
  const lines = yield* Queue.unbounded<OutputLine>()
  const runner = yield* Effect.provide(ProcessRunner, ChildProcessRunner.layer({ runDirectory }))
  const absolute = Object.fromEntries(Object.entries(files).map(([name, text]) => [`${directory}/${name}`, text]))
  const process = yield* Effect.acquireRelease(
    runner.start(
      spec("ptp4l-a", { argv: ["sh", "-c", script, "sh", directory], directory, files: absolute }),
      (line) => Queue.offerUnsafe(lines, line)
    ),
    (child) => Effect.andThen(child.signal("SIGKILL"), child.exit)
  )
  return { process, lines, directory, runDirectory }
})

const alive = (pid: number) => existsSync(`/proc/${pid}`)
const isZombieOrGone = (pid: number) =>
  !alive(pid) || (readFileSync(`/proc/${pid}/stat`, "latin1").split(") ").at(-1) ?? "Z").startsWith("Z")

// Real children need real time; every wait is on the child itself.
describe("ChildProcessRunner", () => {
  it.live("writes the files first, tells both outputs apart and gives the exit code", () =>
    Effect.gen(function*() {
      const { lines, process } = yield* startShell("cat $1/ptp4l.conf; echo trouble >&2; exit 3", {
        "ptp4l.conf": "[global]\n"
      })
      assert.deepStrictEqual(yield* process.exit, { code: 3 })
      assert.deepStrictEqual((yield* Queue.takeN(lines, 2)).map(({ stream, text }) => `${stream} ${text}`).toSorted(), [
        "stderr trouble",
        "stdout [global]"
      ])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("removes the directory with everything in it when the child is reaped", () =>
    Effect.gen(function*() {
      const { directory, process } = yield* startShell("touch $1/socket; exec sleep 60", { "a.conf": "" })
      assert.isTrue(existsSync(`${directory}/a.conf`))
      yield* process.signal("SIGTERM")
      assert.deepStrictEqual(yield* process.exit, { signal: "SIGTERM" })
      assert.isFalse(existsSync(directory))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("ends the grandchildren that a dead child leaves in its group", () =>
    Effect.gen(function*() {
      const { lines, process } = yield* startShell("sleep 60 >/dev/null 2>&1 & echo $!; exit 0")
      const grandchild = Number((yield* Queue.take(lines)).text)
      yield* process.exit
      yield* Effect.yieldNow.pipe(Effect.repeat({ until: () => isZombieOrGone(grandchild) }))
      assert.isTrue(isZombieOrGone(grandchild))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("marks its children, so that a later daemon finds them", () =>
    Effect.gen(function*() {
      const { lines, process, runDirectory } = yield* startShell("echo up; exec sleep 60")
      yield* Queue.take(lines)
      assert.deepStrictEqual(leftOvers(runDirectory), [process.pid])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("asks the kernel to kill the child when the daemon dies", () =>
    Effect.gen(function*() {
      const { lines, process } = yield* startShell("exec setpriv --dump")
      yield* process.exit
      const dump = yield* Queue.takeAll(lines)
      assert.match(dump.map((line) => line.text).join(), /death signal: (SIG)?KILL/i)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("says that a program is missing, and leaves no directory", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const runDirectory = yield* fs.makeTempDirectoryScoped()
      const runner = yield* Effect.provide(ProcessRunner, ChildProcessRunner.layer({ runDirectory }))
      const directory = `${runDirectory}/x`
      const error = yield* Effect.flip(runner.start(spec("x", { argv: ["no-such-ptp4l"], directory }), () => {}))
      assert.strictEqual(error.reason, "ProgramMissing")
      assert.isFalse(existsSync(directory))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("makes the run directory again when somebody removed it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const parent = yield* fs.makeTempDirectoryScoped()
      const runner = yield* Effect.provide(ProcessRunner, ChildProcessRunner.layer({ runDirectory: `${parent}/run` }))
      const directory = `${parent}/run/ptp4l-a`
      const process = yield* runner.start(
        spec("ptp4l-a", { argv: ["sh", "-c", "test -d $1", "sh", directory], directory }),
        () => {}
      )
      assert.deepStrictEqual(yield* process.exit, { code: 0 })
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("says that files can't be written", () =>
    Effect.gen(function*() {
      const runner = yield* Effect.provide(ProcessRunner, ChildProcessRunner.layer({ runDirectory: "/proc/nowhere" }))
      const error = yield* Effect.flip(
        runner.start(spec("x", { argv: ["sh"], directory: "/proc/nowhere/x" }), () => {})
      )
      assert.strictEqual(error.reason, "FilesNotWritten")
    }))

  it.live("reads a flood of 64 MiB to its end", () =>
    Effect.gen(function*() {
      const { process } = yield* startShell("yes ptp4l floods | head -c 67108864; exit 7")
      assert.deepStrictEqual(yield* process.exit, { code: 7 })
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))
})
