import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Logger, Queue } from "effect"
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import path from "node:path"
import { systemSearchPath } from "../../../src/layers/native/ProgramPath.ts"
import { markedProcesses, runDirectoryMark } from "../../../src/layers/processes/ChildMarks.ts"
import * as ChildProcessRunner from "../../../src/layers/processes/ChildProcessRunner.ts"
import { type OutputLine, ProcessRunner } from "../../../src/services/processes/ProcessRunner.ts"
import { spec } from "./ScriptedRunner.ts"
import { standInHabits } from "./StandInHabits.ts"

const runnerOn = (options: ChildProcessRunner.ChildProcessRunnerOptions, habits = standInHabits()) =>
  Effect.provide(ProcessRunner, Layer.provide(ChildProcessRunner.layer(options), habits))

const makeRunDirectory = FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped())

/** Starts `sh -c script sh directory words…` in a directory of its own; ended with the test's scope whatever happens. */
const startShell = Effect.fnUntraced(function*(
  script: string,
  files: Readonly<Record<string, string>> = {},
  words: ReadonlyArray<string> = []
) {
  const runDirectory = yield* makeRunDirectory
  const directory = `${runDirectory}/ptp4l-a`
  const lines = yield* Queue.unbounded<OutputLine>()
  const runner = yield* runnerOn({ runDirectory })
  const absolute = Object.fromEntries(Object.entries(files).map(([name, text]) => [`${directory}/${name}`, text]))
  const process = yield* Effect.acquireRelease(
    runner.start(
      spec("ptp4l-a", { argv: ["sh", "-c", script, "sh", directory, ...words], directory, files: absolute }),
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
  it.live("writes the files first, tells both outputs apart and gives the exit code (L-12 lost stderr)", () =>
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

  it.live("removes the directory with everything in it when the child is reaped (L-11 left-overs)", () =>
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
      assert.deepStrictEqual(markedProcesses(runDirectoryMark(runDirectory)), [process.pid])
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
      const runner = yield* runnerOn({ runDirectory })
      const directory = `${runDirectory}/x`
      const error = yield* Effect.flip(runner.start(spec("x", { argv: ["no-such-ptp4l"], directory }), () => {}))
      assert.strictEqual(error.reason, "ProgramMissing")
      assert.isFalse(existsSync(directory))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("makes the run directory again when somebody removed it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const parent = yield* fs.makeTempDirectoryScoped()
      const runner = yield* runnerOn({ runDirectory: `${parent}/run` })
      const directory = `${parent}/run/ptp4l-a`
      const process = yield* runner.start(
        spec("ptp4l-a", { argv: ["sh", "-c", "test -d $1", "sh", directory], directory }),
        () => {}
      )
      assert.deepStrictEqual(yield* process.exit, { code: 0 })
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("says that files can't be written", () =>
    Effect.gen(function*() {
      const runner = yield* runnerOn({ runDirectory: "/proc/nowhere" })
      const error = yield* Effect.flip(
        runner.start(spec("x", { argv: ["sh"], directory: "/proc/nowhere/x" }), () => {})
      )
      assert.strictEqual(error.reason, "FilesNotWritten")
    }))

  it.live("hands every argument over as it is: no shell reads it", () =>
    Effect.gen(function*() {
      const words = ["a b", "$HOME `id` $(id)", "*", "'\"", "", "-x", "\\", "é"]
      const { lines, process } = yield* startShell("shift; for word; do echo \"<$word>\"; done", {}, words)
      yield* process.exit
      const printed = yield* Queue.takeN(lines, words.length)
      assert.deepStrictEqual(printed.map(({ text }) => text), words.map((word) => `<${word}>`))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("execs to the end: the pid is the program's own", () =>
    Effect.gen(function*() {
      const { lines, process } = yield* startShell("echo $$; exec sleep 60")
      assert.strictEqual((yield* Queue.take(lines)).text, String(process.pid))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("runs nothing when the daemon is not the parent any more", () =>
    Effect.gen(function*() {
      const runDirectory = yield* makeRunDirectory
      // Stands between daemon and child, as whoever adopts an orphan does.
      writeFileSync(`${runDirectory}/setpriv`, "#!/bin/sh\nshift 3\n\"$@\"\nexit $?\n", { mode: 0o755 })
      const searchPath = [runDirectory, ...systemSearchPath()]
      const runner = yield* runnerOn({ runDirectory, searchPath })
      const directory = `${runDirectory}/ptp4l-a`
      const process = yield* runner.start(
        spec("ptp4l-a", { argv: ["touch", `${runDirectory}/ran`], directory }),
        () => {}
      )
      assert.deepStrictEqual(yield* process.exit, { code: 1 })
      assert.isFalse(existsSync(`${runDirectory}/ran`))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("tells the exit of a child that ends at once, every time", () =>
    Effect.gen(function*() {
      const runDirectory = yield* makeRunDirectory
      const runner = yield* runnerOn({ runDirectory })
      const exits = yield* Effect.forEach(
        Array.from({ length: 40 }, (_, index) => `ptp4l-${index}`),
        (id) =>
          runner.start(spec(id, { argv: ["true"], directory: `${runDirectory}/${id}` }), () => {}).pipe(
            Effect.flatMap((process) => process.exit)
          ),
        { concurrency: 8 }
      )
      assert.deepStrictEqual(exits, exits.map(() => ({ code: 0 })))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("says that the fork failed, and leaves no directory", () =>
    Effect.gen(function*() {
      const runDirectory = yield* makeRunDirectory
      const runner = yield* runnerOn({ runDirectory })
      const directory = `${runDirectory}/x`
      // Node throws E2BIG at once; a missing setpriv comes as an event.
      const tooLong = spec("x", { argv: ["sh", "x".repeat(4_000_000)], directory })
      assert.strictEqual((yield* Effect.flip(runner.start(tooLong, () => {}))).reason, "SpawnFailed")
      const searchPath = [`${runDirectory}/empty`]
      const bare = yield* runnerOn({ runDirectory, searchPath })
      const error = yield* Effect.flip(bare.start(spec("x", { argv: ["/bin/sh"], directory }), () => {}))
      assert.include(error.message, "setpriv")
      assert.isFalse(existsSync(directory))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("loses no file descriptor when there are too few", () =>
    Effect.gen(function*() {
      const runDirectory = yield* makeRunDirectory
      const program = path.join(import.meta.dirname, "StandInStarter.ts")
      const limited = spawnSync("sh", [
        "-c",
        "ulimit -n 50 && exec \"$@\"",
        "sh",
        process.execPath,
        program,
        runDirectory
      ])
      const rounds = limited.stdout.toString().trim().split("\n")
      assert.strictEqual(rounds.length, 3, limited.stderr.toString())
      assert.isBelow(Number.parseInt(rounds[0] ?? "", 10), 30)
      assert.deepStrictEqual(rounds, rounds.map(() => rounds[0]))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("leaves no directory when the disk refuses the second file", () =>
    Effect.gen(function*() {
      const runDirectory = yield* makeRunDirectory
      const runner = yield* runnerOn({ runDirectory })
      const directory = `${runDirectory}/x`
      const files = { [`${directory}/a.conf`]: "", [`${directory}/${"b".repeat(300)}`]: "" }
      const error = yield* Effect.flip(runner.start(spec("x", { argv: ["sh"], directory, files }), () => {}))
      assert.strictEqual(error.reason, "FilesNotWritten")
      assert.isFalse(existsSync(directory))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("removes what a predecessor that was never reaped left in the directory", () =>
    Effect.gen(function*() {
      const runDirectory = yield* makeRunDirectory
      const runner = yield* runnerOn({ runDirectory })
      const directory = `${runDirectory}/ptp4l-a`
      mkdirSync(directory)
      writeFileSync(`${directory}/old.conf`, "")
      const process = yield* runner.start(
        spec("ptp4l-a", { argv: ["sh", "-c", "! test -e $1/old.conf", "sh", directory], directory }),
        () => {}
      )
      assert.deepStrictEqual(yield* process.exit, { code: 0 })
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("takes a child that closes its outputs for alive until it ends", () =>
    Effect.gen(function*() {
      const { directory, process } = yield* startShell(
        "exec >&- 2>&-; while ! test -e $1/end; do sleep 0.01; done; exit 5"
      )
      const early = yield* Effect.raceFirst(process.exit, Effect.as(Effect.sleep("30 millis"), "alive"))
      assert.strictEqual(early, "alive")
      writeFileSync(`${directory}/end`, "")
      assert.deepStrictEqual(yield* process.exit, { code: 5 })
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("does not wait for a pipe that somebody outside of the group holds, and does not listen to it any more", () =>
    Effect.gen(function*() {
      const { lines, process } = yield* startShell(
        "setsid sh -c 'echo $$; trap \"\" PIPE; while echo late; do sleep 0.01; done' & sleep 0.1; exit 4"
      )
      const stranger = Number((yield* Queue.take(lines)).text)
      assert.deepStrictEqual(yield* process.exit, { code: 4 })
      // Its next word meets a closed pipe.
      yield* Effect.yieldNow.pipe(Effect.repeat({ until: () => isZombieOrGone(stranger) }))
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("tells the scheduling that a child has, and nothing after its end", () =>
    Effect.gen(function*() {
      const { lines, process } = yield* startShell("chrt --batch -p 0 $$ && echo batch; exec sleep 60")
      yield* Queue.take(lines)
      assert.deepStrictEqual(yield* process.scheduling, { policy: "other", priority: 0 })
      yield* process.signal("SIGKILL")
      yield* process.exit
      assert.isUndefined(yield* process.scheduling)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("reads both outputs to their ends at once, 64 MiB each (L-13 reading in a tight loop)", () =>
    Effect.gen(function*() {
      const { process } = yield* startShell(
        "(yes ptp4l floods | head -c 67108864 >&2) & yes ptp4l floods | head -c 67108864; wait; exit 7"
      )
      assert.deepStrictEqual(yield* process.exit, { code: 7 })
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("reads a line of 10 MB to its end, and the next one", () =>
    Effect.gen(function*() {
      const { lines, process } = yield* startShell("head -c 10000000 /dev/zero | tr '\\0' x; echo; echo next")
      yield* process.exit
      assert.deepStrictEqual((yield* Queue.takeN(lines, 2)).map(({ text }) => text), ["x".repeat(4_096), "next"])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("is told what to remove of a dead process, and a program that starts others is the last to be gone", () =>
    Effect.gen(function*() {
      const runDirectory = yield* makeRunDirectory
      const removed: Array<string> = []
      const lives = () => markedProcesses(runDirectoryMark(runDirectory)).length
      const runner = yield* runnerOn(
        { runDirectory },
        standInHabits({
          removeTraces: (program, pid) => Effect.sync(() => void removed.push(`of ${program} ${pid}`)),
          removeAllTraces: Effect.sync(() => void removed.push(`of all, while ${lives()} live`))
        })
      )
      const run = Effect.fnUntraced(function*(program: string) {
        const lines = yield* Queue.unbounded<string>()
        const directory = `${runDirectory}/${program}-a`
        const script = "setpriv --dump; sleep 1000 & echo up; wait"
        const child = yield* runner.start(
          spec(`${program}-a`, { program, argv: ["sh", "-c", script], directory }),
          ({ text }) => Queue.offerUnsafe(lines, text)
        )
        yield* Queue.take(lines).pipe(Effect.repeat({ until: (text) => text === "up" }))
        yield* child.signal("SIGKILL")
        yield* child.exit
        return child.pid
      })
      const plain = yield* run("ptp4l")
      assert.deepStrictEqual(removed.splice(0), [`of ptp4l ${plain}`])
      const parent = yield* run("timemaster")
      assert.deepStrictEqual(removed, [`of timemaster ${parent}`, "of all, while 0 live"])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("tells the exit, and what went wrong, when what a process left can't be removed because of a defect", () =>
    Effect.gen(function*() {
      const runDirectory = yield* makeRunDirectory
      const errors: Array<string> = []
      const logger = Logger.make(({ logLevel, message }) => void errors.push(`${logLevel} ${String(message)}`))
      const runner = yield* runnerOn(
        { runDirectory },
        standInHabits({ removeTraces: () => Effect.die("one"), removeAllTraces: Effect.die("all") })
      )
      const directory = `${runDirectory}/timemaster-a`
      const exit = yield* runner.start(
        spec("timemaster-a", { program: "timemaster", argv: ["sh", "-c", "exit 3"], directory }),
        () => {}
      ).pipe(Effect.flatMap((child) => child.exit), Effect.provide(Logger.layer([logger])))
      assert.deepStrictEqual(exit, { code: 3 })
      const told = "Error what an ended process left cannot be removed because of a defect"
      assert.deepStrictEqual(errors, [`${told},one`, `${told},all`])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("asks the kernel for SIGTERM, not SIGKILL, where a program ends others itself", () =>
    Effect.gen(function*() {
      const runDirectory = yield* makeRunDirectory
      const runner = yield* runnerOn({ runDirectory })
      const lines: Array<string> = []
      const directory = `${runDirectory}/timemaster-a`
      const child = yield* runner.start(
        spec("timemaster-a", { program: "timemaster", argv: ["setpriv", "--dump"], directory }),
        ({ text }) => lines.push(text)
      )
      yield* child.exit
      assert.match(lines.join(), /death signal: (SIG)?TERM/i)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))
})
