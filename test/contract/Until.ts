/**
 * Waits for what a real server does at its own pace: asks again and again, and fails with the last answer if the
 * expected one never comes.
 */
import { Effect, Schedule } from "effect"
import type { JsonObject } from "../../src/layers/simulated/apiserver/JsonTree.ts"
import { call } from "./ApiClient.ts"

/** How long a test may hang, not how fast anything has to be. */
const longest = "2 minutes"

/** Asks until the value is as it should be, and returns it. */
export const until = <A, E, R>(what: string, value: Effect.Effect<A, E, R>, isSo: (value: A) => boolean) => {
  let last: unknown
  return value.pipe(
    Effect.tap((found) => Effect.sync(() => last = found)),
    Effect.repeat({ until: isSo, schedule: Schedule.spaced("50 millis") }),
    Effect.timeoutOrElse({
      duration: longest,
      orElse: () => Effect.die(new Error(`${what}: not within ${longest}; last: ${JSON.stringify(last)}`))
    })
  )
}

/** Reads a path until the body of its answer is as it should be. */
export const untilBody = (what: string, path: string, isSo: (body: JsonObject) => boolean) =>
  until(what, Effect.map(call("GET", path), ({ body }) => body), isSo)
