import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Logger, Stream } from "effect"
import { TestClock } from "effect/testing"
import { type LogQuery, makePodLog, type PodLog } from "../../../../src/programs/cli/demo/PodLog.ts"

const all: LogQuery = { follow: false, timestamps: false, tailLines: undefined, sinceMillis: undefined }

const write = (log: PodLog, ...messages: ReadonlyArray<string>) =>
  Effect.forEach(messages, (message) => Effect.logInfo(message), { discard: true }).pipe(
    Effect.provide(Logger.layer([log.logger]))
  )

const messagesOf = (lines: ReadonlyArray<string>) => lines.map((line) => /"message":"([^"]*)"/.exec(line)?.[1])

const read = (log: PodLog, query: Partial<LogQuery> = {}) =>
  Effect.map(Stream.runCollect(log.read({ ...all, ...query })), (lines) => messagesOf([...lines]))

describe("makePodLog", () => {
  it.effect("gives back what was logged, a JSON object a line", () =>
    Effect.gen(function*() {
      const log = yield* makePodLog
      assert.deepStrictEqual(yield* read(log), [])
      yield* write(log, "a", "b")
      assert.deepStrictEqual(yield* read(log), ["a", "b"])
      const lines = yield* Stream.runCollect(log.read(all))
      for (const line of lines) assert.match(line, /^\{.*\}\n$/)
    }))

  it.effect("gives the last lines, or those since a time", () =>
    Effect.gen(function*() {
      const log = yield* makePodLog
      yield* write(log, "a")
      yield* TestClock.adjust("10 seconds")
      yield* write(log, "b", "c")
      assert.deepStrictEqual(yield* read(log, { tailLines: 1 }), ["c"])
      assert.deepStrictEqual(yield* read(log, { tailLines: 0 }), [])
      assert.deepStrictEqual(yield* read(log, { tailLines: 9 }), ["a", "b", "c"])
      assert.deepStrictEqual(yield* read(log, { sinceMillis: 5000 }), ["b", "c"])
      const [line = ""] = yield* Stream.runCollect(log.read({ ...all, timestamps: true }))
      assert.match(line, /^1970-01-01T00:00:00\.000Z \{/)
    }))

  it.effect("keeps the last 500 lines", () =>
    Effect.gen(function*() {
      const log = yield* makePodLog
      yield* write(log, ...Array.from({ length: 502 }, (_, index) => String(index)))
      const kept = yield* read(log)
      assert.deepStrictEqual([kept.length, kept[0], kept.at(-1)], [500, "2", "501"])
    }))

  it.effect("follows, without losing or repeating a line", () =>
    Effect.gen(function*() {
      const log = yield* makePodLog
      yield* write(log, "a", "b")
      const fiber = yield* Effect.forkChild(
        Stream.runCollect(Stream.take(log.read({ ...all, follow: true, tailLines: 1 }), 3))
      )
      yield* Effect.yieldNow
      yield* write(log, "c", "d")
      assert.deepStrictEqual(messagesOf([...yield* Fiber.join(fiber)]), ["b", "c", "d"])
    }))
})
