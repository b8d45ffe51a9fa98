/** What tests of single faults share: a world that ends with the test, and requests to the daemon's own servers. */
import { Effect } from "effect"
import { get } from "node:http"
import { makeFence } from "./Quiet.ts"
import { makeWorld, type World, type WorldOptions } from "./World.ts"

export const fenceOf = Effect.acquireRelease(Effect.promise(makeFence), (fence) => Effect.sync(fence.close))

/** A world in sync, which is abandoned with the test. */
export const syncedWorld = Effect.fnUntraced(function*(seed: number, options: Omit<WorldOptions, "fence">) {
  const fence = yield* fenceOf
  const world = yield* Effect.acquireRelease(
    Effect.promise(() => makeWorld(seed, { ...options, fence })),
    (made) => Effect.promise(made.abandon)
  )
  yield* Effect.promise(() => world.advance(60_000, world.isInSync))
  return world
})

interface ServerAnswer {
  readonly status: number
  readonly text: string
}

/** What one of the daemon's servers answers, without any virtual time. */
export const answerOf = (world: World, port: number, path: string): Promise<ServerAnswer> =>
  world.resting(
    new Promise((resolve, reject) => {
      get({ host: "127.0.0.1", port, path, agent: false }, (response) => {
        let text = ""
        response.setEncoding("utf8")
        response.on("data", (part: string) => {
          text += part
        })
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }))
      }).on("error", reject)
    })
  )
