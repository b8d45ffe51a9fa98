import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Effect, Fiber, Latch, Layer, Queue } from "effect"
import { DemoScreen, layer } from "../../../../src/programs/cli/demo/DemoScreen.ts"
import { emulatedTerminal } from "./EmulatedTerminal.ts"

const environment = (TERM: string) => ConfigProvider.layer(ConfigProvider.fromEnv({ env: { TERM } }))
const onTerminal = (terminal: Effect.Success<ReturnType<typeof emulatedTerminal>>, term = "xterm") =>
  layer.pipe(Layer.provide([terminal.layer, environment(term)]))

describe("DemoScreen on a terminal", () => {
  it.effect("draws a picture in place of the one before, also when it is shorter", () =>
    Effect.gen(function*() {
      const terminal = yield* emulatedTerminal({ isTerminal: true })
      yield* Effect.gen(function*() {
        const screen = yield* DemoScreen
        yield* screen.draw(() => ["long line", "two", "three"])
        assert.deepStrictEqual(terminal.screen(), ["long line", "two", "three"])
        yield* screen.draw(() => ["one"])
        assert.deepStrictEqual(terminal.screen(), ["one"])
      }).pipe(Effect.provide(onTerminal(terminal)))
    }))

  it.effect("says lines above the picture, in one write, and they stay", () =>
    Effect.gen(function*() {
      const terminal = yield* emulatedTerminal({ isTerminal: true })
      yield* Effect.gen(function*() {
        const screen = yield* DemoScreen
        yield* screen.draw(() => ["table", "row"])
        yield* Queue.clear(terminal.writes)
        yield* screen.say("first\nsecond")
        assert.strictEqual(yield* Queue.size(terminal.writes), 1)
        yield* screen.draw(() => ["other table"])
        yield* screen.say("third")
        assert.deepStrictEqual(terminal.screen(), ["first", "second", "third", "other table"])
      }).pipe(Effect.provide(onTerminal(terminal)))
    }))

  it.effect("leaves out what would scroll, and says how much", () =>
    Effect.gen(function*() {
      const terminal = yield* emulatedTerminal({ isTerminal: true })
      yield* Effect.gen(function*() {
        const screen = yield* DemoScreen
        yield* screen.draw(() => Array.from({ length: 9 }, (_, line) => `${line}`))
        assert.deepStrictEqual(terminal.screen().slice(-2), ["7", "8"])
        yield* screen.draw(() => Array.from({ length: 10 }, (_, line) => `${line}`))
        assert.deepStrictEqual(terminal.screen().slice(-2), ["7", "... 2 more lines"])
      }).pipe(Effect.provide(onTerminal(terminal)))
    }))

  it.effect("begins anew at the top with the new width when the terminal changes its size", () =>
    Effect.gen(function*() {
      const terminal = yield* emulatedTerminal({ isTerminal: true })
      yield* Effect.gen(function*() {
        const screen = yield* DemoScreen
        yield* screen.say("said")
        yield* screen.draw((width) => [`${width} columns`])
        yield* Queue.clear(terminal.writes)
        yield* terminal.resize(100, 30)
        yield* Queue.take(terminal.writes)
        assert.deepStrictEqual(terminal.screen(), ["said", "100 columns"])
      }).pipe(Effect.provide(onTerminal(terminal)))
    }))

  it.effect("hides the cursor, and shows it again when it is interrupted", () =>
    Effect.gen(function*() {
      const terminal = yield* emulatedTerminal({ isTerminal: true })
      const isUp = yield* Latch.make()
      const fiber = yield* Effect.andThen(isUp.open, Effect.never).pipe(
        Effect.provide(onTerminal(terminal)),
        Effect.forkChild
      )
      yield* isUp.await
      assert.isFalse(terminal.isCursorShown())
      yield* Fiber.interrupt(fiber)
      assert.isTrue(terminal.isCursorShown())
    }))
})

describe("DemoScreen elsewhere", () => {
  it.effect.each([["xterm", false], ["dumb", true]] as const)(
    "says lines and never a control sequence (TERM=%s, terminal: %s)",
    ([term, isTerminal]) =>
      Effect.gen(function*() {
        const terminal = yield* emulatedTerminal({ isTerminal })
        yield* Effect.gen(function*() {
          const screen = yield* DemoScreen
          assert.isFalse(screen.isLive)
          yield* screen.draw(() => ["table"])
          yield* screen.say("first")
          yield* screen.say("second")
        }).pipe(Effect.provide(onTerminal(terminal, term)))
        assert.deepStrictEqual(yield* Queue.takeAll(terminal.writes), ["first\n", "second\n"])
      })
  )
})
