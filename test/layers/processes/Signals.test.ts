import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { readFileSync } from "node:fs"
import { vi } from "vitest"
import { groupGone, killProcess, signalGroup } from "../../../src/layers/processes/Signals.ts"

/** kill(2) as it was asked for; nobody is signalled. */
const recordedKills = Effect.acquireRelease(
  Effect.sync(() => vi.spyOn(process, "kill").mockReturnValue(true)),
  (spy) => Effect.sync(() => spy.mockRestore())
)

describe("Signals", () => {
  it.effect("signals a group by its leader and a process by its pid", () =>
    Effect.gen(function*() {
      const kills = yield* recordedKills
      signalGroup(4711, "SIGTERM")
      killProcess(4711)
      assert.deepStrictEqual(kills.mock.calls, [[-4711, "SIGTERM"], [4711, "SIGKILL"]])
    }))

  it.effect("never signals its own group, everybody or init", () =>
    Effect.gen(function*() {
      const kills = yield* recordedKills
      for (const pid of [0, 1, -1, Number.NaN, 1.5]) {
        signalGroup(pid, "SIGKILL")
        killProcess(pid)
      }
      assert.deepStrictEqual(kills.mock.calls, [])
    }))

  it.effect.skipIf(process.platform !== "linux")(
    "waits for a group a second and not longer, in virtual time",
    () =>
      Effect.gen(function*() {
        yield* groupGone(2 ** 22 + 1)
        // The group of this test lives on.
        const [, , group] = readFileSync("/proc/self/stat", "latin1").split(") ").at(-1)?.split(" ") ?? []
        const waiting = yield* Effect.forkChild(groupGone(Number(group)), { startImmediately: true })
        yield* TestClock.adjust("979 millis")
        assert.isUndefined(waiting.pollUnsafe())
        yield* TestClock.adjust("21 millis")
        yield* Fiber.join(waiting)
      })
  )
})
