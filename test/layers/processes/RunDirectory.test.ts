import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Libc from "../../../src/layers/native/Libc.ts"
import { markedProcesses, markVariables, runDirectoryMark } from "../../../src/layers/processes/ChildMarks.ts"
import * as RunDirectory from "../../../src/layers/processes/RunDirectory.ts"
import { standInHabits } from "./StandInHabits.ts"

const makeDirectory = FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped())
const open = (directory: string) =>
  Effect.flatMap(
    RunDirectory.resolve(directory),
    (resolved) =>
      Layer.build(
        Layer.provide(RunDirectory.layer({ directory: resolved, about: `run directory ${resolved}` }), [
          Libc.layer,
          standInHabits()
        ])
      )
  )

/** A process that carries the mark of a directory, as a child of an earlier daemon would. */
const leftOver = (mark: string, script = "exec sleep 1000") =>
  Effect.acquireRelease(
    Effect.callback<ChildProcess>((resume) => {
      const child = spawn("sh", ["-c", script], { env: { PATH: process.env["PATH"], ...markVariables(mark) } })
      child.once("spawn", () => resume(Effect.succeed(child)))
    }),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )

const exitOf = (child: ChildProcess) =>
  Effect.callback<string | null>((resume) => {
    if (child.signalCode !== null) return resume(Effect.succeed(child.signalCode))
    child.once("exit", (_, signal) => resume(Effect.succeed(signal)))
  })

describe("RunDirectory", () => {
  it.live("belongs to one daemon at a time, and leaves no lock file", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const directory = `${yield* makeDirectory}/run`
      yield* Effect.scoped(Effect.gen(function*() {
        yield* open(directory)
        const error = yield* Effect.flip(Effect.scoped(open(directory)))
        assert.include(error.message, "another linuxptp-daemon is running on it")
      }))
      yield* Effect.scoped(open(directory))
      assert.deepStrictEqual(yield* fs.readDirectory(directory), [])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("removes what processes of an earlier daemon left, and nothing else (L-11 left-overs)", () =>
    Effect.gen(function*() {
      const directory = yield* makeDirectory
      for (const name of ["ptp4l-profile1-06eef489", "precious"]) {
        mkdirSync(`${directory}/${name}`)
        writeFileSync(`${directory}/${name}/file`, "")
      }
      yield* open(directory)
      assert.isFalse(existsSync(`${directory}/ptp4l-profile1-06eef489`))
      assert.isTrue(existsSync(`${directory}/precious/file`))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("ends what carries its mark, under whatever name the directory is opened", () =>
    Effect.gen(function*() {
      const parent = yield* makeDirectory
      const directory = yield* RunDirectory.resolve(`${parent}/run`)
      mkdirSync(directory)
      symlinkSync(directory, `${parent}/other`)
      const child = yield* leftOver(directory)
      const innocent = yield* leftOver(`${directory}-of-another`)
      yield* open(`${parent}/other/`)
      assert.strictEqual(yield* exitOf(child), "SIGKILL")
      assert.isNull(innocent.signalCode)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("ends what forks while it looks, and what has no parent left", () =>
    Effect.gen(function*() {
      const directory = yield* RunDirectory.resolve(yield* makeDirectory)
      const forking = yield* leftOver(directory, "while :; do setsid sleep 1000 & sleep 0.001; done")
      const orphans = yield* leftOver(directory, "setsid sh -c 'trap \"\" TERM; sleep 1000; sleep 1000' &")
      yield* exitOf(orphans)
      yield* open(directory)
      assert.strictEqual(yield* exitOf(forking), "SIGKILL")
      assert.deepStrictEqual(markedProcesses(runDirectoryMark(directory)), [])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("says what is wrong with a directory that can't be made", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(open("/dev/null/run")))
      assert.include(error.message, "/dev/null/run")
    }))

  it.live("is held after it was removed: a second daemon makes nothing anew and ends nothing", () =>
    Effect.gen(function*() {
      const directory = `${yield* makeDirectory}/run`
      yield* open(directory)
      const child = yield* leftOver(directory)
      rmSync(directory, { recursive: true })
      const error = yield* Effect.flip(Effect.scoped(open(directory)))
      assert.include(error.message, `another linuxptp-daemon, pid ${process.pid}, run directory`)
      assert.isFalse(existsSync(directory))
      assert.isNull(child.signalCode)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("does not end those that started it, whatever their environment is", () =>
    Effect.gen(function*() {
      const directory = yield* RunDirectory.resolve(yield* makeDirectory)
      const daemon = fileURLToPath(import.meta.resolve("./StandInDaemon.ts"))
      const parent = yield* leftOver(directory, `'${process.execPath}' '${daemon}' '${directory}' </dev/null; exit 7`)
      const code = yield* Effect.callback<number | null>((resume) => {
        parent.once("exit", (how) => resume(Effect.succeed(how)))
      })
      assert.strictEqual(code, 7)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live.skipIf(process.getuid?.() !== 0)(
    "is not kept from the daemon by a user who is not root",
    () =>
      Effect.gen(function*() {
        const directory = yield* RunDirectory.resolve(yield* makeDirectory)
        chmodSync(directory, 0o755)
        const locker = yield* Effect.acquireRelease(
          Effect.sync(() =>
            spawn("setpriv", [
              "--reuid",
              "65534",
              "--clear-groups",
              "flock",
              directory,
              "sh",
              "-c",
              "echo up; exec sleep 1000"
            ])
          ),
          (child) => Effect.sync(() => child.kill("SIGKILL"))
        )
        yield* Effect.callback<void>((resume) => void locker.stdout.once("data", () => resume(Effect.void)))
        yield* open(directory)
      }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
  )
})
