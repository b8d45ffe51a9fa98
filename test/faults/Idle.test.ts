/** What an idle node costs an API server in an hour, over TLS and in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { syncedWorld } from "./FaultTest.ts"

const hourMillis = 3_600_000
/** The daemon is as it will be for ever: no connection of the boot is left. */
const bootMillis = 600_000
/** Each draws other watch time-outs. */
const someSeeds = [1, 2, 3, 4, 5, 6, 7, 8]

describe("an idle hour", () => {
  it.live.each(someSeeds)(
    "costs 36 requests and 2 TLS handshakes at most, no LIST and no write (seed %i)",
    (seed) =>
      Effect.gen(function*() {
        const world = yield* syncedWorld(seed, { isTls: true })
        const { advance, isInSync, proxy, requests } = world
        yield* Effect.promise(() => advance(bootMillis))
        const before = requests.all().length
        const handshakesBefore = proxy.handshakes()
        assert.isAtLeast(handshakesBefore, 4, "three watches and plain requests")
        yield* Effect.promise(() => advance(hourMillis))
        const asked = requests.all().slice(before).map(({ exchange }) => exchange)
        assert.isAtMost(asked.length, 36)
        // Three watches that end after 5 to 10 min.
        assert.isAtLeast(asked.length, 18)
        assert.deepStrictEqual(asked.filter(({ isFull, verb }) => isFull || verb !== "watch"), [])
        assert.isAtMost(proxy.handshakes() - handshakesBefore, 2)
        assert.isTrue(isInSync())
        assert.deepStrictEqual(world.breaches, [])
      })
  )
})
