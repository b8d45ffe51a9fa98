import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { Writable } from "node:stream"
import * as BoundedLog from "../../../src/layers/observability/BoundedLog.ts"
import { jsonLines } from "../../../src/layers/observability/JsonLines.ts"

/** A pipe that takes a line whenever `take` is called. */
const makePipe = () => {
  const taken: Array<string> = []
  let next: (() => void) | undefined
  const output = new Writable({
    write(chunk, _, done) {
      next = () => {
        taken.push(String(chunk))
        done()
      }
    }
  })
  return { output, taken, take: () => next?.() }
}

const line = "x".repeat(1000)

describe("the log to a pipe", () => {
  it.effect("keeps 1 MiB while nobody reads, loses the rest, and tells once how much", () =>
    Effect.gen(function*() {
      const { output, take, taken } = makePipe()
      const logger = Logger.map(jsonLines, (text) => void output.write(`${text}\n`))
      const context = yield* Layer.build(BoundedLog.layer(logger, output))
      const log = (message: string) => Effect.provideContext(Effect.logInfo(message), context)
      for (let count = 0; count < 5000; count += 1) yield* log(line)
      assert.isBelow(output.writableLength, 1_060_000)
      const held = Math.ceil(output.writableLength / (line.length + 76))
      while (output.writableLength > 0) {
        take()
        yield* Effect.yieldNow
        yield* Effect.promise(() => new Promise(setImmediate))
      }
      const told = taken.filter((text) => text.includes("lines of the log were lost"))
      const lines = taken.length - told.length
      assert.isAtMost(Math.abs(lines - held), 100)
      assert.match(told.join(), new RegExp(`^\\{[^}]*"level":"WARN"[^}]*"lines":${5000 - lines}\\}\\n$`))
      yield* log("after that")
      take()
      assert.include(taken.at(-1), "after that")
    }).pipe(Effect.scoped))
})
