import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Logger } from "effect"
import { jsonLines } from "../../../src/layers/observability/JsonLines.ts"

/** The lines that `program` logs. */
const linesOf = Effect.fnUntraced(function*(program: Effect.Effect<void>) {
  const lines: Array<string> = []
  const logger = Logger.map(jsonLines, (line) => void lines.push(line))
  yield* Effect.provide(program, Logger.layer([logger]))
  return lines
})

describe("jsonLines", () => {
  it.effect("is one flat object with time, level and message first", () =>
    Effect.gen(function*() {
      const message = "ptp4l[1.000]: link down"
      const program = Effect.logWarning(message).pipe(
        Effect.annotateLogs({ process: "ptp4l-p-1", profile: "p" }),
        Effect.withLogSpan("a")
      )
      assert.deepStrictEqual(yield* linesOf(program), [
        `{"time":"1970-01-01T00:00:00.000Z","level":"WARN","message":"${message}","process":"ptp4l-p-1","profile":"p"}`
      ])
    }))

  it.effect("never lets a field take the place of the message", () =>
    Effect.gen(function*() {
      const program = Effect.logInfo("configuration refused").pipe(Effect.annotateLogs({ config: "c", message: "why" }))
      const [line = ""] = yield* linesOf(program)
      assert.deepInclude(JSON.parse(line), { message: "configuration refused", detail: "why", config: "c" })
    }))

  it.effect("has the cause of a failure on the same line", () =>
    Effect.gen(function*() {
      const lines = yield* linesOf(Effect.logError("failed", Cause.fail("disk\nfull")))
      assert.strictEqual(lines.length, 1)
      assert.notInclude(lines[0], "\n")
      assert.match(lines[0] ?? "", /"cause":".*disk/)
    }))
})
