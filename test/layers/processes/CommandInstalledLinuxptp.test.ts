import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Layer, Option, PlatformError, Stream } from "effect"
import { ChildProcessSpawner } from "effect/process"
import { TestClock } from "effect/testing"
import * as CommandInstalledLinuxptp from "../../../src/layers/processes/CommandInstalledLinuxptp.ts"
import { InstalledLinuxptp } from "../../../src/services/linuxptp/InstalledLinuxptp.ts"

const notFound = PlatformError.systemError({
  _tag: "NotFound",
  module: "ChildProcess",
  method: "spawn",
  pathOrDescriptor: "ptp4l"
})

/** The version that is read when `ptp4l -v` prints `lines`. */
const versionFrom = (lines: Stream.Stream<string, PlatformError.PlatformError>) =>
  Effect.flatMap(InstalledLinuxptp, ({ version }) => version).pipe(
    Effect.provide(
      CommandInstalledLinuxptp.layer.pipe(
        Layer.provide(Layer.mock(ChildProcessSpawner.ChildProcessSpawner, { streamLines: () => lines }))
      )
    )
  )

describe("CommandInstalledLinuxptp", () => {
  it.effect.each<readonly [string, Stream.Stream<string, PlatformError.PlatformError>, Option.Option<string>]>([
    ["what ptp4l prints", Stream.make("4.4"), Option.some("4.4.0")],
    ["a version with a patch level", Stream.make("3.1.1", "more"), Option.some("3.1.1")],
    ["none from a line that is no version", Stream.make("ptp4l: not found"), Option.none()],
    ["none from silence", Stream.empty, Option.none()],
    ["none when there is no ptp4l", Stream.fail(notFound), Option.none()]
  ])("reads %s", ([, lines, expected]) =>
    Effect.gen(function*() {
      const version = yield* versionFrom(lines)
      const text = Option.map(version, ({ major, minor, patch }) => `${major}.${minor}.${patch}`)
      assert.deepStrictEqual(text, expected)
    }))

  it.effect("gives up after 2 s without an answer, not before", () =>
    Effect.gen(function*() {
      const asking = yield* Effect.forkChild(versionFrom(Stream.never), { startImmediately: true })
      yield* TestClock.adjust(Duration.millis(1999))
      assert.isUndefined(asking.pollUnsafe())
      yield* TestClock.adjust(Duration.millis(1))
      assert.deepStrictEqual(yield* Fiber.join(asking), Option.none())
    }))
})
