/** An object that is deleted while nobody watches is gone when the watch resumes. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { sendLine } from "./Exchange.ts"
import { syncedWorld } from "./FaultTest.ts"

/** Less than the silence at which a client gives up a watch (WatchSession). */
const pauseMillis = 10_000

describe("a deletion during an outage", () => {
  it.live.each(
    [
      ["by the LIST, when the server has forgotten its history", true],
      ["without a LIST, when the server still knows it", false]
    ] as const
  )("is seen %s", ([, isForgotten]) =>
    Effect.gen(function*() {
      const world = yield* syncedWorld(7, {})
      const { advance, cluster, daemon, isInSync, requests, state } = world
      const pidOf = (config: string) =>
        daemon.statuses().find(({ spec }) => spec.config === config && spec.program === "ptp4l")?.pid
      const before = pidOf("cell")
      assert.isDefined(before)
      assert.isDefined(pidOf("radio"))
      world.stopServer()
      yield* Effect.promise(() => advance(120_000))
      cluster.remove("radio")
      if (isForgotten) state.forgetHistory()
      const requestsBefore = requests.all().length
      yield* Effect.promise(world.startServer)
      assert.isTrue(yield* Effect.promise(() => advance(60_000, isInSync)), world.whatIsWrong().join())
      assert.isUndefined(pidOf("radio"))
      assert.strictEqual(pidOf("cell"), before)
      const asked = requests.all().slice(requestsBefore).filter(({ exchange }) => exchange.resource === "nodeptpcfgs")
      assert.isTrue(isForgotten ? asked.some(({ exchange }) => exchange.isFull) : asked.length > 0)
      if (!isForgotten) assert.deepStrictEqual(asked.filter(({ exchange }) => exchange.verb === "list"), [])
      assert.deepStrictEqual(world.breaches, [])
    }))

  it.live("is seen when the streaming list that tells of it is slow: it is waited for", () =>
    Effect.gen(function*() {
      const world = yield* syncedWorld(7, {})
      const { advance, cluster, isInSync, proxy, time } = world
      world.stopServer()
      yield* Effect.promise(() => advance(120_000))
      cluster.remove("radio")
      let pauses = 0
      proxy.rules.push(({ isFull, verb }) =>
        isFull && verb === "watch"
          ? (exchange) => {
            exchange.onLine = (line) => {
              if (!line.includes("initial-events-end")) return sendLine(exchange, line)
              pauses += 1
              time.after(pauseMillis, () => {
                exchange.onLine = undefined
                sendLine(exchange, line)
              })
            }
            proxy.backend.forward(exchange)
          }
          : undefined
      )
      yield* Effect.promise(world.startServer)
      assert.isTrue(yield* Effect.promise(() => advance(60_000, isInSync)), world.whatIsWrong().join())
      assert.isAbove(pauses, 0)
    }))
})
