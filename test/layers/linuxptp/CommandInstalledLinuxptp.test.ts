import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, FileSystem, Layer, Option, PlatformError, Stream } from "effect"
import { type ChildProcess, ChildProcessSpawner } from "effect/process"
import { TestClock } from "effect/testing"
import * as CommandInstalledLinuxptp from "../../../src/layers/linuxptp/CommandInstalledLinuxptp.ts"
import { InstalledLinuxptp } from "../../../src/services/linuxptp/InstalledLinuxptp.ts"

const notFound = PlatformError.systemError({
  _tag: "NotFound",
  module: "ChildProcess",
  method: "spawn",
  pathOrDescriptor: "ptp4l"
})

/** A directory where a `ptp4l` is installed. */
const installed = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  yield* fs.writeFileString(`${directory}/ptp4l`, "", { mode: 0o755 })
  return directory
}).pipe(Effect.provide(NodeFileSystem.layer))

type Lines = Stream.Stream<string, PlatformError.PlatformError>

/** The version that is read when the `ptp4l -v` of `searchPath` prints `lines`. */
const versionFrom = (
  searchPath: ReadonlyArray<string>,
  lines: Lines,
  onAsked: (command: ChildProcess.Command) => void = () => {}
) => {
  const spawner = Layer.mock(ChildProcessSpawner.ChildProcessSpawner, {
    streamLines: (command) => {
      onAsked(command)
      return lines
    }
  })
  return Effect.flatMap(InstalledLinuxptp, ({ version }) => version).pipe(
    Effect.provide(CommandInstalledLinuxptp.layerIn(searchPath).pipe(Layer.provide(spawner)))
  )
}

describe("CommandInstalledLinuxptp", () => {
  it.effect("asks the ptp4l that the children's search path finds, and nobody when it finds none", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const onAsked = (command: ChildProcess.Command) => {
        if (command._tag === "StandardCommand") asked.push(command.command)
      }
      const directory = yield* installed
      yield* versionFrom(["/nowhere", directory], Stream.make("4.4"), onAsked)
      assert.deepStrictEqual(asked, [`${directory}/ptp4l`])
      assert.deepStrictEqual(
        yield* versionFrom(["/nowhere"], Stream.make("4.4"), onAsked),
        Option.none()
      )
      assert.strictEqual(asked.length, 1)
    }))

  it.effect("asks again only after the file has changed: by a rename over it, or by a link that leads elsewhere", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const [directory, other] = [yield* installed, yield* installed]
      let asked = 0
      const spawner = Layer.mock(ChildProcessSpawner.ChildProcessSpawner, {
        streamLines: () => Stream.suspend(() => Stream.make(`4.${++asked}`))
      })
      const { version } = yield* InstalledLinuxptp.pipe(
        Effect.provide(CommandInstalledLinuxptp.layerIn([directory]).pipe(Layer.provide(spawner)))
      )
      const minor = Effect.map(version, Option.map((found) => found.minor))
      assert.deepStrictEqual([yield* minor, yield* minor], [Option.some(1), Option.some(1)])
      yield* fs.writeFileString(`${directory}/ptp4l.dpkg-new`, "", { mode: 0o755 })
      yield* fs.rename(`${directory}/ptp4l.dpkg-new`, `${directory}/ptp4l`)
      assert.deepStrictEqual([yield* minor, yield* minor], [Option.some(2), Option.some(2)])
      yield* fs.remove(`${directory}/ptp4l`)
      assert.deepStrictEqual(yield* minor, Option.none())
      yield* fs.symlink(`${other}/ptp4l`, `${directory}/ptp4l`)
      assert.deepStrictEqual([yield* minor, yield* minor], [Option.some(3), Option.some(3)])
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect.each<readonly [string, Lines, Option.Option<string>]>([
    ["what ptp4l prints", Stream.make("4.4"), Option.some("4.4.0")],
    ["a version with a patch level", Stream.make("3.1.1", "more"), Option.some("3.1.1")],
    ["none from a line that is no version", Stream.make("ptp4l: not found"), Option.none()],
    ["none from silence", Stream.empty, Option.none()],
    ["none when there is no ptp4l", Stream.fail(notFound), Option.none()]
  ])("reads %s", ([, lines, expected]) =>
    Effect.gen(function*() {
      const version = yield* versionFrom([yield* installed], lines)
      const text = Option.map(version, ({ major, minor, patch }) => `${major}.${minor}.${patch}`)
      assert.deepStrictEqual(text, expected)
    }))

  it.effect("gives up after 2 s without an answer, not before", () =>
    Effect.gen(function*() {
      const directory = yield* installed
      const asking = yield* Effect.forkChild(versionFrom([directory], Stream.never), { startImmediately: true })
      yield* TestClock.adjust(Duration.millis(1999))
      assert.isUndefined(asking.pollUnsafe())
      yield* TestClock.adjust(Duration.millis(1))
      assert.deepStrictEqual(yield* Fiber.join(asking), Option.none())
    }))
})
