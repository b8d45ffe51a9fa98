/** A watch on which nothing arrives any more is noticed from outside and by the client itself. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { type AddressInfo, createServer } from "node:net"
import { answerOf, syncedWorld } from "./FaultTest.ts"
import { addressOf } from "./Quiet.ts"
import type { World } from "./World.ts"

const someSeeds = [1, 2, 3, 4]
const watched = ["nodeptpcfgs", "nodeptpdevs", "nodes"]

/** Ports that were free a moment ago. */
const freePort = Effect.callback<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const { port }: AddressInfo = addressOf(server.address())
    server.close(() => resume(Effect.succeed(port)))
  })
})

const observedWorld = Effect.fnUntraced(function*(seed: number) {
  const ports = { health: yield* freePort, metrics: yield* freePort }
  const world = yield* syncedWorld(seed, { ports })
  const ages = async () => {
    const { text } = await answerOf(world, ports.metrics, "/metrics")
    return watched.map((resource) =>
      Number(
        new RegExp(`^linuxptp_daemon_watch_age_seconds\\{[^}]*resource="${resource}"[^}]*\\} (\\S+)$`, "m").exec(text)
          ?.[1]
      )
    )
  }
  return { world, ages, ready: () => answerOf(world, ports.health, "/readyz") }
})

/** Just after every watch had its bookmark: nobody is further from noticing. */
const afterBookmarks = (world: World) => Effect.promise(() => world.advance(60_010 - world.time.now()))
/** Virtual seconds until it is so; undefined after `most`. */
const secondsUntil = async (world: World, most: number, isSo: () => Promise<boolean>) => {
  for (let seconds = 0; seconds <= most; seconds++) {
    if (await isSo()) return seconds
    await world.advance(1_000)
  }
  return undefined
}

describe("a stalled watch", () => {
  it.live.each(someSeeds)(
    "shows in /readyz and as watch_age within 120 s, and heals with the network (seed %i)",
    (seed) =>
      Effect.gen(function*() {
        const { ages, ready, world } = yield* observedWorld(seed)
        const { advance, isInSync, proxy } = world
        yield* afterBookmarks(world)
        assert.strictEqual((yield* Effect.promise(ready)).status, 200)
        assert.isBelow(Math.max(...yield* Effect.promise(ages)), 100)
        for (const front of proxy.fronts) {
          front.outlet.passage = "vanish"
          front.toServer = "vanish"
        }
        proxy.welcome = "swallow"
        world.cluster.edit("cell")
        const told = yield* Effect.promise(() => secondsUntil(world, 120, async () => (await ready()).status === 503))
        assert.isDefined(told, "not ready within 120 s")
        const { text } = yield* Effect.promise(ready)
        const noticed = yield* Effect.promise(() =>
          secondsUntil(world, 120 - (told ?? 0), async () =>
            watched.every((resource) =>
              text.includes(resource)
            ) || Math.min(...await ages()) > 90)
        )
        assert.isDefined(noticed)
        assert.match(text, /the watch on (nodeptpcfgs|nodeptpdevs|nodes) has heard nothing for \d+ s/)
        assert.isAbove(Math.max(...yield* Effect.promise(ages)), 90)
        yield* Effect.promise(() => advance(world.dice.between(0, 300_000)))
        proxy.welcome = "serve"
        assert.isTrue(yield* Effect.promise(() => advance(60_000, isInSync)), world.whatIsWrong().join())
        const isReady = async () => (await ready()).status === 200
        assert.isDefined(yield* Effect.promise(() => secondsUntil(world, 1, isReady)))
        yield* Effect.promise(() => advance(5_000))
        assert.isBelow(Math.max(...yield* Effect.promise(ages)), 70)
        assert.deepStrictEqual(world.breaches, [])
      })
  )

  it.live.each(someSeeds)(
    "alone heals by itself after 90 s of silence, before anybody has to know (seed %i)",
    (seed) =>
      Effect.gen(function*() {
        const { ready, world } = yield* observedWorld(seed)
        const { advance, cluster, isInSync, proxy } = world
        yield* afterBookmarks(world)
        const stalled = proxy.exchanges().find(({ resource }) => resource === "nodeptpcfgs")
        assert.isDefined(stalled)
        if (stalled !== undefined) stalled.front.outlet.passage = "vanish"
        cluster.edit("cell")
        yield* Effect.promise(() => advance(85_000))
        assert.isFalse(isInSync())
        const back = yield* Effect.promise(() =>
          secondsUntil(world, 10, async () => {
            assert.strictEqual((await ready()).status, 200)
            return isInSync()
          })
        )
        assert.isDefined(back, world.whatIsWrong().join())
        assert.isFalse(stalled?.front.isOpen())
        assert.deepStrictEqual(world.breaches, [])
      })
  )
})
