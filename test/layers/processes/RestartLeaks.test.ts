import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { makeEndlessDeaths } from "./EndlessDeaths.ts"

/** The test runner has timers and sockets of its own, which come and go; a leak would be one for each restart. */
const othersMay = 10

// Real children need real time; `npm run bench -- leaks` counts over 10,000 restarts and weighs the memory too.
describe("a process that dies again and again", () => {
  it.live("holds after 200 restarts what it held after 20 (L-58 leaks over restarts)", () =>
    Effect.gen(function*() {
      const { count, deaths } = yield* makeEndlessDeaths
      yield* deaths(20)
      const early = count()
      yield* deaths(180)
      const late = count()
      assert.strictEqual(late.fibers, early.fibers)
      assert.strictEqual(late.listeners, early.listeners)
      assert.isAtMost(late.fileDescriptors, early.fileDescriptors + othersMay)
      assert.isAtMost(late.resources, early.resources + othersMay)
    }).pipe(Effect.scoped, Effect.provide(Layer.merge(NodeFileSystem.layer, Logger.layer([])))))
})
